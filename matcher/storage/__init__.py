"""What the SQLite files of all sides have in common: whose they are, of which version, and how they are brought up to
date. Imports no side; agency, service and auditor keep their own tables (design section 7)."""

from matcher.storage.opening import open_database, open_read_only
from matcher.storage.versions import Schema, Step, require_ours, tables_of

__all__ = ["Schema", "Step", "open_database", "open_read_only", "require_ours", "tables_of"]
