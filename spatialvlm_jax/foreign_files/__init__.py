"""Files that others made, read within bounds.

What a file says of its own sizes is checked before anything of that size is read or decoded, and
whatever its parser raises becomes one `FileError` that names the file.
"""
