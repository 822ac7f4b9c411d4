"""Many parties at once on one service: each uploads, seals and polls its box at the same time. Who waits, and how long?

The clients do what the programs do: on RESOURCE_EXHAUSTED they wait as long as they are told. All else is an error.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from matcher.channel.client import Channel
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.errors import ConcordatError, OverloadedError
from tests.service import paper
from tests.service.party import Party, chunks, in_order, make_row, manifest_body
from tests.service.process import Serving
from tests.service.world import Template, World

_NAMES = ("bureau", "bank", "audit", "service-test")
VALUES = ("91", 10_000, 0)


@dataclass
class Load:
    """What a run measured. Latencies in seconds, of single calls and of chunks up to their acknowledgement."""

    parties: int
    rows: int = 0
    polls: int = 0
    told_to_wait: int = 0
    without_advice: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)

    def p99(self) -> float:
        """The 99th percentile of latencies."""
        return quantiles(self.latencies, n=100)[98]

    def spread(self) -> float:
        """How much longer the last party took than the middle one: 1 is perfectly fair."""
        ordered = sorted(self.finished)
        return ordered[-1] / ordered[len(ordered) // 2]


class _Pair:
    """One agreement of two parties of their own, and an auditor who does nothing."""

    def __init__(self, world: World, number: int) -> None:
        self.names = {name: f"{name}-{number}" for name in _NAMES}
        for own, people in (("bureau", ("maker", "checker")), ("bank", ("officer",)), ("audit", ("reader",))):
            party = world.parties[self.names[own]] = Party(self.names[own], world.now)
            for person in people:
                party.person(person)
        world.admit(*(self.names[own] for own in _NAMES[:3]))
        matching = self._renamed(paper.matching_file())
        roots = {own: world.parties[self.names[own]].root.public.hex() for own in _NAMES[:3]}
        file = self._renamed(
            paper.agreement_file(
                **roots, origin=world.public.origin, log_key=world.public.log_key,
                matching=parse_matching(matching).digest.hex(),
            )
        )  # fmt: skip
        self.agreement = parse_agreement(file, parse_matching(matching))
        body = {
            "agreement": self.agreement.id, "version": 1, "matching": self.agreement.matching.digest.hex(),
        }  # fmt: skip
        signatures = [
            world.parties[self.names[own]].sign(
                "agreement", body, hours=0, agreement=self.agreement.digest, flow="", period="", person=person
            )
            for own, person in (("bureau", "checker"), ("bank", "officer"))
        ]
        world.channel(self.names["bureau"]).publish(matching, file, signatures)
        world.channel(self.names["bureau"]).close()

    def _renamed(self, file: bytes) -> bytes:
        text = file.decode()
        for own, other in self.names.items():
            text = text.replace(f'"{own}"', f'"{other}"').replace(f".{own}]", f".{other}]")
        return text.encode()


class _Client:
    """One party at work."""

    def __init__(self, world: World, pair: _Pair, name: str, address: str, rows: int, load: Load) -> None:
        self._party = world.parties[name]
        self._pair = pair
        self._address = address
        self._certificate = world.public.tls_certificate
        agreement = pair.agreement
        self._packed = in_order([make_row(agreement, name, f"{name} {number}", VALUES) for number in range(rows)])
        self._load = load
        self._lock = threading.Lock()
        self.done = threading.Event()

    def _patiently(self, act: Callable[[], Any], *, is_measured: bool = True) -> Any:
        while True:
            started = time.monotonic()
            try:
                result = act()
            except OverloadedError as error:
                with self._lock:
                    self._load.told_to_wait += 1
                    self._load.without_advice += error.retry_seconds <= 0 or error.code != "overloaded"
                time.sleep(error.retry_seconds)
            else:
                if is_measured:
                    self._load.latencies.append(time.monotonic() - started)
                return result

    def upload(self, started: float) -> None:
        """Open, upload from where it was acknowledged, seal."""
        submission, agreement = os.urandom(16), self._pair.agreement
        with self._party.channel(self._address, self._certificate) as channel:
            try:
                opening = (submission, agreement.digest, paper.FLOW, paper.PERIOD, 1, len(self._packed))
                while self._patiently(lambda: channel.open_upload(*opening)).next_row < len(self._packed):
                    self._patiently(lambda: self._stream(channel, submission, opening), is_measured=False)
                manifest = self._party.sign(
                    "manifest", manifest_body(submission, self._packed, 1, b""), hours=0, agreement=agreement.digest
                )
                self._patiently(lambda: channel.seal(submission, manifest))
                self._load.finished.append(time.monotonic() - started)
                self._load.rows += len(self._packed)
            except ConcordatError as error:
                self._load.errors[f"{type(error).__name__} {error.code}: {error}"] += 1
            finally:
                self.done.set()

    def _stream(self, channel: Channel, submission: bytes, opening: tuple[Any, ...]) -> None:
        first = channel.open_upload(*opening).next_row
        before = time.monotonic()
        for _next_row in channel.upload(submission, chunks(self._packed, 50, first)):
            now = time.monotonic()
            self._load.latencies.append(now - before)
            before = now

    def poll(self) -> None:
        """Look into the box until the upload is done."""
        with self._party.channel(self._address, self._certificate) as channel:
            while not self.done.is_set():
                try:
                    self._patiently(lambda: channel.receive(wait_seconds=1), is_measured=False)
                    self._load.polls += 1
                except ConcordatError as error:
                    self._load.errors[f"{type(error).__name__} {error.code}: {error}"] += 1
                    return


def run_load(path: Path, template: Template, parties: int = 64, rows: int = 200) -> Load:
    """``parties`` (an even number) upload ``rows`` rows each and poll meanwhile, on a service of its own process."""
    world = World(path, template)
    pairs = [_Pair(world, number) for number in range(parties // 2)]
    world.stop()
    load = Load(parties)
    serving = Serving(world.home.path)
    try:
        clients = [
            _Client(world, pair, pair.names[own], serving.address, rows, load)
            for pair in pairs
            for own in ("bureau", "bank")
        ]
        started = time.monotonic()
        threads = [threading.Thread(target=client.upload, args=(started,)) for client in clients]
        threads += [threading.Thread(target=client.poll) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        serving.stop()
    world.start()
    try:
        sealed = world.log_types().count("submission-sealed")
        if sealed != len(load.finished):
            load.errors[f"{len(load.finished)} seals were acknowledged, {sealed} are in the log"] += 1
    finally:
        world.stop()
    return load
