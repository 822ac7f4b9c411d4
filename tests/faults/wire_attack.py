"""Hostile input over the wire: an admitted party sends every RPC malformed, cut, oversized, replayed, out of order.

What it sends is made from the contract's descriptors, filled with values that exist, then mutated as bytes. The answer
must be a status that fits; INTERNAL and UNKNOWN are faults of the service, and no answer in time is a hang.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from matcher.protocol.messages import SignedMessage
from matcher.service.rpc.convert import message_to_wire
from matcher.wire import concordat_pb2 as pb
from tests.faults.decoders import mutate
from tests.service import paper
from tests.service.bare import raw_channel
from tests.service.evaluation import ask
from tests.service.world import World

FITTING = frozenset(
    {
        "OK", "INVALID_ARGUMENT", "PERMISSION_DENIED", "NOT_FOUND", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED",
        "CANCELLED",
    }
)  # fmt: skip
# These wait for something to come, as long as they are told to.
_WAITING = frozenset({"Receive", "GetCheckpoint"})
_SECONDS = 10.0
_AT_ONCE = 4


@dataclass
class WireAttack:
    """What was counted: messages sent, statuses, and answers that do not fit."""

    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    grown_kilobytes: int = 0


def memory() -> int:
    """Resident memory of this process, in kilobytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def plausible(name: str, chance: random.Random, values: dict[str, list[Any]], descriptor: Any) -> Any:
    """A message of the contract whose fields have values that exist somewhere, or nearly."""
    message = message_factory.GetMessageClass(descriptor)()
    for item in descriptor.fields:
        if item.type == FieldDescriptor.TYPE_MESSAGE:
            if item.message_type.name == "SignedMessage":
                made = message_to_wire(chance.choice(values["messages"]))
            else:
                made = plausible(name, chance, values, item.message_type)
            target = getattr(message, item.name)
            target.append(made) if item.is_repeated else target.CopyFrom(made)
        elif item.type == FieldDescriptor.TYPE_BYTES:
            setattr(message, item.name, chance.choice(values["bytes"]))
        elif item.type == FieldDescriptor.TYPE_STRING:
            text = chance.choice(values["texts"])
            getattr(message, item.name).append(text) if item.is_repeated else setattr(message, item.name, text)
        elif item.name == "wait_seconds":
            continue
        elif item.type in (FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64):
            numbers = (0, 1, 2, 3, 1024, 2**31, 2**32 - 1)
            large = (2**53, 2**63, 2**64 - 1) if item.type == FieldDescriptor.TYPE_UINT64 else ()
            setattr(message, item.name, chance.choice((*numbers, *large)))
    return message


def _values(world: World) -> dict[str, list[Any]]:
    request = ask(world)
    said: list[SignedMessage] = [request, world.parties[paper.ANSWERING].card()]
    return {
        "messages": said,
        "bytes": [b"", world.agreement.digest, bytes(16), os.urandom(32), request.digest(), bytes(1024 * 32)],
        "texts": ["", paper.FLOW, paper.PERIOD, paper.ASKING, "concordat-v1", "evaluation-request", "x" * 300, "\0"],
    }


def attack_wire(world: World, count: int, seed: int = 0) -> WireAttack:
    """Send ``count`` messages as the answering party; replays and disorder come by sending what was sent before."""
    tally, values = WireAttack(), _values(world)
    methods = [method for service in pb.DESCRIPTOR.services_by_name.values() for method in service.methods]
    with raw_channel(world, world.parties[paper.ANSWERING]) as channel:
        attack = _Attacker(channel, values, methods)
        attack.send(_chance(seed), 200, WireAttack())  # warm: caches and pools are filled once
        before = memory()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = [
                pool.submit(attack.send, _chance(seed * 100 + number), count // _AT_ONCE, WireAttack())
                for number in range(1, _AT_ONCE + 1)
            ]
            for part in parts:
                done = part.result()
                tally.sent += done.sent
                tally.statuses += done.statuses
                tally.crashes += done.crashes
        tally.grown_kilobytes = memory() - before
    return tally


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - mutations, not secrets


class _Attacker:
    def __init__(self, channel: grpc.Channel, values: dict[str, list[Any]], methods: list[MethodDescriptor]) -> None:
        self._channel = channel
        self._values = values
        self._methods = methods

    def send(self, chance: random.Random, count: int, tally: WireAttack) -> WireAttack:
        """Send ``count`` messages, some of them again."""
        sent: list[tuple[MethodDescriptor, bytes]] = []
        while tally.sent < count:
            method, data = chance.choice(self._methods), b""
            if sent and chance.random() < 0.1:
                method, data = chance.choice(sent)
            else:
                data = plausible(method.name, chance, self._values, method.input_type).SerializeToString()
                if chance.random() < 0.8:
                    data = mutate(data, chance, data)
            sent = [*sent[-50:], (method, data)]
            status = self._call(method, data)
            tally.sent += 1
            tally.statuses[status] += 1
            if status not in FITTING and not (status == "DEADLINE_EXCEEDED" and method.name in _WAITING):
                tally.crashes.append(f"{method.name}: {status} for {data[:120]!r}")
        return tally

    def _call(self, method: MethodDescriptor, data: bytes) -> str:
        path = f"/{method.containing_service.full_name}/{method.name}"
        seconds = 0.2 if method.name in _WAITING else _SECONDS
        try:
            if method.client_streaming:
                list(self._channel.stream_stream(path)(iter([data, data]), timeout=seconds))
            elif method.server_streaming:
                for number, _item in enumerate(self._channel.unary_stream(path)(data, timeout=seconds)):
                    if number > 20:
                        break
            else:
                self._channel.unary_unary(path)(data, timeout=seconds)
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"
