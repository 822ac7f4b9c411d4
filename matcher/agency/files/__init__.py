"""Reading an agency's own files: rows of text cells by the agreement's columns, in batches, in bounded memory.

One reader for each type of file, listed in registry.py; each maps headers in headers.py and yields the batches of
batches.py. Left to others: what a cell means (records.py).
"""
