"""The agency's own rows as it sent them (design section 7): HOME/vault.db, SQLite in WAL mode, 0600.

A submission's rows are written while it is prepared and count only once it is sealed: the change of its state is the
commit point, so a crash leaves either the whole submission or none of it. store.py keeps submissions, rows.py reads
rows back, by handle for a reveal and by range for the next delta.
"""
