"""The service: stores, joins and compares blinded records; relays messages; keeps the log."""
