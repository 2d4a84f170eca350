"""Record every input of a live run on disk, in the order the engine took them.

See DATA_FORMATS, "Input log".
"""
