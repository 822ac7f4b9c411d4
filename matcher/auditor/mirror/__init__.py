"""The auditor's own copy of the log: every leaf that was verified, and the checkpoints it led to."""
