"""Connections cut at some byte, through a proxy that counts: the acknowledged stays, the rest is sent again."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

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


@pytest.mark.parametrize("budget", [1_500, 6_000, 9_001, 20_000, 40_003])
def test_an_upload_survives_a_cut_at_any_byte(world: World, budget: int) -> None:
    packed = in_order([world.row(paper.ANSWERING, str(number), ("91", 10_000, 0)) for number in range(400)])
    submission = os.urandom(16)
    bank = world.parties[paper.ANSWERING]
    channel = world.channel(paper.ANSWERING)
    opening = (submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, len(packed))
    channel.open_upload(*opening)
    acknowledged = [0]
    with (
        cutting(world.server.address, budget) as address,
        bank.channel(address, world.public.tls_certificate) as cut,
        pytest.raises(UnreachableError),
    ):
        acknowledged.extend(cut.upload(submission, chunks(packed, 20)))
    next_row = None
    while next_row is None:
        try:
            next_row = channel.open_upload(*opening).next_row
        except OverloadedError:
            pass  # the service has not noticed the cut yet
    assert acknowledged[-1] <= next_row < len(packed)
    assert next_row % 20 == 0
    assert list(channel.upload(submission, chunks(packed, 20, next_row)))[-1] == len(packed)
    manifest = bank.sign(
        "manifest", manifest_body(submission, packed, 1, b""), hours=0, agreement=world.agreement.digest
    )
    channel.seal(submission, manifest)
