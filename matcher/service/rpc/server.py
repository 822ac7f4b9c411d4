"""The gRPC server: mutual TLS that follows admissions, limits, health, reflection, graceful stop.

TLS lets in the certificates of admitted cards and the guard decides on each call. The configuration is asked for at
every handshake, so an admission takes effect at once; it is rebuilt only when a card was added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent import futures
from typing import cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from keys.secret import Secret
from matcher.protocol.errors import InputError
from matcher.service import journal, limits
from matcher.service.rpc.guard import Guard
from matcher.service.store import cards
from matcher.service.store.database import ControlDatabase
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs

_SERVICES = ("Directory", "Submissions", "Matching", "Mailbox", "Log")


class Credentials:
    """The TLS configuration for the cards admitted so far."""

    def __init__(self, database: ControlDatabase, key_pem: Secret, certificate_pem: str) -> None:
        self._database = database
        self._key_pem = key_pem
        self._certificate = certificate_pem.encode()
        self._cards = -1

    def server(self) -> grpc.ServerCredentials:
        """Credentials that ask ``changed`` at every handshake; a client certificate is required."""
        initial = self.changed()
        if initial is None:
            raise InputError("no TLS configuration")
        fetch = cast("Callable[[], grpc.ServerCertificateConfiguration]", self.changed)  # None: unchanged
        return grpc.dynamic_ssl_server_credentials(initial, fetch, require_client_authentication=True)

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """The configuration, or None when it is the one given last."""
        with self._database.read() as transaction:
            count = cards.count(transaction)
            if count == self._cards:
                return None
            certificates = cards.certificates(transaction)
        self._cards = count
        # Before the first admission somebody must be trusted, or gRPC trusts nobody with a crash: itself, whom the
        # guard refuses.
        roots = "".join(certificates).encode() or self._certificate
        return grpc.ssl_server_certificate_configuration([(self._key_pem.reveal(), self._certificate)], roots)


class Server:
    """A server that is bound; ``address`` is host:port."""

    def __init__(
        self, listen: str, credentials: Credentials, guard: Guard,
        servicers: Sequence[tuple[Callable[[object, grpc.Server], None], object]],
    ) -> None:  # fmt: skip
        self._pool = futures.ThreadPoolExecutor(max_workers=limits.WORKERS, thread_name_prefix="call")
        self._server = grpc.server(
            self._pool,
            interceptors=[guard],
            options=[
                ("grpc.max_receive_message_length", limits.MAX_REQUEST_BYTES),
                ("grpc.keepalive_time_ms", limits.KEEPALIVE_SECONDS * 1000),
                ("grpc.keepalive_timeout_ms", limits.KEEPALIVE_TIMEOUT_SECONDS * 1000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", limits.MIN_PING_SECONDS * 1000),
                ("grpc.so_reuseport", 0),
                ("grpc.server_handshake_timeout_ms", limits.HANDSHAKE_SECONDS * 1000),
                ("grpc.max_connection_idle_ms", limits.IDLE_CONNECTION_SECONDS * 1000),
            ],
            maximum_concurrent_rpcs=limits.MAX_CALLS_HELD,
        )
        for add, servicer in servicers:
            add(servicer, self._server)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [pb.DESCRIPTOR.services_by_name[name].full_name for name in _SERVICES]
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        try:
            port = self._server.add_secure_port(listen, credentials.server())
        except RuntimeError as error:
            raise InputError(f"cannot listen on {listen}", remedy="Choose a free port with --listen.") from error
        self.address = f"{listen.rpartition(':')[0]}:{port}"
        for name in ("", *names):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()
        journal.event("serving", address=self.address)

    def stop(self, grace: float) -> None:
        """Take no new calls, let running ones finish for ``grace`` seconds, then end them."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace).wait()
        self._pool.shutdown(wait=True)
        journal.event("stopped")


def servicers(
    directory: object, submissions: object, matching: object, mailbox: object, log: object
) -> list[tuple[Callable[[object, grpc.Server], None], object]]:
    """The five services with the functions that register them."""
    return [
        (stubs.add_DirectoryServicer_to_server, directory),
        (stubs.add_SubmissionsServicer_to_server, submissions),
        (stubs.add_MatchingServicer_to_server, matching),
        (stubs.add_MailboxServicer_to_server, mailbox),
        (stubs.add_LogServicer_to_server, log),
    ]
