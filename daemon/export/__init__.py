"""Write what a journal says as a table for a spreadsheet or a notebook."""
