"""The auditor's page: the verified copy of the log, served to a browser on this machine."""
