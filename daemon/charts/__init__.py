"""Hold the charts of the page and of the report: two vendored libraries and their adapter."""
