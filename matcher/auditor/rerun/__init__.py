"""A match run made again by the auditor, from the rows as they were sealed (check 29).

An operator exports the rows of a run (``concordat-server segments export``); the auditor holds them to the manifests
that the parties signed, joins and compares them by a reference of its own, and compares counts and findings root. What
the reference shares with the service is what both sides must agree on: comparators and rules (protocol/).
"""
