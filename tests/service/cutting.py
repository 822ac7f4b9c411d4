"""Connections cut at some byte, through a proxy that counts, and an upload that goes on where it was acknowledged."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from matcher.protocol.errors import OverloadedError, UnreachableError
from tests.service import paper
from tests.service.party import chunks, in_order, manifest_body
from tests.service.world import World

_BLOCK = 4096


class CuttingProxy:
    """Forwards to ``address`` and resets the connection after ``budget`` bytes from the client."""

    def __init__(self, address: str, budget: int) -> None:
        host, _colon, port = address.rpartition(":")
        self._target = (host, int(port))
        self._left = budget
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            if self._left <= 0:
                client.close()
                continue
            server = socket.create_connection(self._target)
            self._start(self._forward, client, server, True)
            self._start(self._forward, server, client, False)

    def _forward(self, source: socket.socket, target: socket.socket, is_counted: bool) -> None:
        try:
            while data := source.recv(min(_BLOCK, self._left) if is_counted else _BLOCK):
                target.sendall(data)
                if is_counted:
                    self._left -= len(data)
                    if self._left <= 0:
                        break
        except OSError:
            pass  # the other direction closed both
        finally:
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # closed already
            if is_counted:
                source.close()
                target.close()

    def close(self) -> None:
        """Stop accepting and wait for the connections to end."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)


@contextmanager
def cutting(address: str, budget: int) -> Iterator[str]:
    proxy = CuttingProxy(address, budget)
    try:
        yield proxy.address
    finally:
        proxy.close()


class CutUpload:
    """One upload of ``rows`` rows as the answering side, which is cut as often as asked."""

    def __init__(self, world: World, rows: int) -> None:
        self.world = world
        self.packed = in_order([world.row(paper.ANSWERING, str(number), ("91", 10_000, 0)) for number in range(rows)])
        self.submission = os.urandom(16)
        self.acknowledged = 0
        self._bank = world.parties[paper.ANSWERING]
        self._channel = world.channel(paper.ANSWERING)
        self.where()

    def where(self) -> int:
        """The row from which to go on, as soon as the service has noticed the last cut."""
        opening = (self.submission, self.world.agreement.digest, paper.FLOW, paper.PERIOD, 1, len(self.packed))
        while True:
            try:
                return self._channel.open_upload(*opening).next_row
            except OverloadedError:
                time.sleep(0.01)

    def cut(self, budget: int) -> int:
        """Upload until the connection is cut after ``budget`` bytes; the row from which the service goes on."""
        first = self.where()
        with (
            cutting(self.world.server.address, budget) as address,
            self._bank.channel(address, self.world.public.tls_certificate) as channel,
        ):
            try:
                for next_row in channel.upload(self.submission, chunks(self.packed, 20, first)):
                    self.acknowledged = next_row
            except UnreachableError:
                pass
        return self.where()

    def finish(self) -> None:
        """Send the rest, and seal."""
        first = self.where()
        if first < len(self.packed):
            list(self._channel.upload(self.submission, chunks(self.packed, 20, first)))
        manifest = self._bank.sign(
            "manifest", manifest_body(self.submission, self.packed, 1, b""), hours=0,
            agreement=self.world.agreement.digest,
        )  # fmt: skip
        self._channel.seal(self.submission, manifest)
