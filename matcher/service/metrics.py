"""Prometheus metrics in a registry of their own: counts, sizes and durations by RPC and kind, never by party or row."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

_SECONDS = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300)


class Metrics:
    """The service's metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("concordat_calls", "Calls by RPC and status.", ["rpc", "status"], registry=self.registry)
        self.seconds = Histogram(
            "concordat_call_seconds", "Duration of calls by RPC.", ["rpc"], buckets=_SECONDS, registry=self.registry
        )
        self.running = Gauge("concordat_calls_running", "Calls under way.", registry=self.registry)
        self.denials = Counter(
            "concordat_denials", "Refused acts by RPC and reason.", ["rpc", "reason"], registry=self.registry
        )
        self.rows = Counter("concordat_rows_acknowledged", "Rows on disk and acknowledged.", registry=self.registry)
        self.sealed = Counter("concordat_submissions_sealed", "Sealed submissions.", registry=self.registry)
        self.runs = Counter("concordat_match_runs", "Match runs made.", registry=self.registry)
        self.pairs = Counter("concordat_pairs_compared", "Joined pairs compared.", registry=self.registry)
        self.messages = Counter("concordat_messages", "Messages taken, by kind.", ["kind"], registry=self.registry)

    def serve(self, port: int) -> None:
        """Offer the metrics over HTTP on the loopback interface."""
        start_http_server(port, addr="127.0.0.1", registry=self.registry)
