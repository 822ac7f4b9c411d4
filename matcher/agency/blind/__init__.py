"""Blinding over all cores: worker processes turn cells into staged records, and records into rows for the service.

pool.py starts and feeds the workers, worker.py is what runs in one, context.py what one holds; tasks are values with
a ``run``: prepare.py (cells to records), rows.py (records to rows), missing.py and oprf.py (the exchange). Workers
import no gRPC, Parquet or terminal code.
"""
