"""Checking an agency's files at home: what a submission would take and reject, without keys, service or trace.

The readers and rules are those of a submission (files/, records/); only what finds repetitions differs, since nothing
is written to disk here but the rejects file.
"""
