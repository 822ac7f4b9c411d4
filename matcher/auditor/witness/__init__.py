"""The witness: an auditor's process that holds every leaf of the log, and cosigns what it holds."""
