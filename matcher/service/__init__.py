"""The service: stores, joins and compares blinded records; relays messages; keeps the log."""

VERSION = "0.1.0"
