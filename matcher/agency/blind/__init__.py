"""Blinding over all cores: tasks turn cells into staged records, and records into rows for the service.

pool.py starts and feeds the workers; worker.py is what runs in a process, threads.py in a thread, context.py what one
holds. Tasks are values with a ``run``: prepare.py (cells to records), rows.py (records to rows), oprf.py (exchange).
A bucket of records is native_bucket.py's or portable_bucket.py's. Processes import no gRPC, Parquet or terminal code.
"""
