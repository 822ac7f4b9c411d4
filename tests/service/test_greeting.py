"""Every connection of a program begins with ``Hello``: suite, revision, newest checkpoint, whatever comes next."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from matcher.channel.client import Channel, Greeting
from matcher.channel.dialling import dial
from matcher.protocol import checkpoint, contract
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import AgreementError, StateError, UnreachableError
from matcher.service import app
from tests.service import paper
from tests.service.world import World

ROOT = Path(__file__).resolve().parent.parent.parent
CALLS: dict[str, Callable[[Channel], Any]] = {
    "fetch": lambda channel: channel.get_agreement(),
    "list": lambda channel: channel.list_agreements(),
    "checkpoint": lambda channel: channel.checkpoint(),
    "entries": lambda channel: list(channel.entries(0)),
}


@pytest.fixture
def hello() -> Iterator[mock.Mock]:
    """Watches who says Hello, and with which checkpoint."""
    with mock.patch.object(Channel, "hello", autospec=True, side_effect=Channel.hello) as watched:
        yield watched


def greeted(world: World, name: str, shown: Callable[[], str] = lambda: "", *, reads_ended: bool = False) -> Channel:
    party = world.parties[name]
    return Channel(
        world.server.address, party.tls_key.reveal(), party.tls_certificate, world.public.tls_certificate,
        Greeting(shown, reads_ended),
    )  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_whatever_is_called_hello_comes_first_and_once(
    admitted: World, hello: mock.Mock, call: Callable[[Channel], Any]
) -> None:
    admitted.agree()
    note = admitted.channel(paper.AUDITOR).checkpoint()
    hello.assert_not_called()  # the tests' own connections have no greeting
    with greeted(admitted, paper.AUDITOR, lambda: note) as channel:
        call(channel)
        call(channel)
    assert [each.args[3] for each in hello.call_args_list] == [note]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_service_of_another_revision_gets_no_other_call(
    admitted: World, monkeypatch: pytest.MonkeyPatch, call: Callable[[Channel], Any]
) -> None:
    monkeypatch.setattr(contract, "OLDEST", contract.NEWEST + 1)
    with greeted(admitted, paper.AUDITOR) as channel:
        for _time in range(2):
            with pytest.raises(AgreementError) as refused:
                call(channel)
            assert refused.value.code == "contract-revision"


def test_a_service_that_was_away_is_greeted_again(admitted: World, hello: mock.Mock) -> None:
    with greeted(admitted, paper.ASKING) as channel:
        channel.checkpoint()
        address = admitted.server.address
        admitted.stop()
        with pytest.raises(UnreachableError):
            channel.checkpoint()
        with (
            app.opened(admitted.home, admitted.keys, admitted.clock) as storage,
            app.serving(storage, admitted.keys, address, admitted.metrics, admitted.clock),
        ):
            for _attempt in range(100):
                try:
                    channel.checkpoint()
                    break
                except UnreachableError:  # gRPC waits a moment before it dials again
                    time.sleep(0.1)
            greetings = hello.call_count
            channel.checkpoint()
        assert greetings >= 2
        assert hello.call_count == greetings


def test_an_ended_log_refuses_agencies_and_is_read_by_auditors(admitted: World) -> None:
    admitted.agree()
    key = admitted.keys.log
    ahead = checkpoint.sign(Checkpoint(admitted.public.origin, 10_000, bytes(32)), key.public, key.sign)
    size = len(list(admitted.channel(paper.AUDITOR).entries(0)))
    with greeted(admitted, paper.ASKING, lambda: ahead) as channel, pytest.raises(StateError) as ended:
        channel.get_agreement()
    assert ended.value.code == contract.LOG_ENDED
    with greeted(admitted, paper.ANSWERING) as channel, pytest.raises(StateError, match="older state"):
        channel.get_agreement()
    with greeted(admitted, paper.AUDITOR, lambda: ahead, reads_ended=True) as channel:
        assert len(list(channel.entries(0))) == size
        assert channel.checkpoint()


def test_there_is_one_place_that_opens_connections() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "matcher").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == Channel.__name__
    ]
    assert found == [str(Path(dial.__code__.co_filename).relative_to(ROOT))]


@pytest.mark.parametrize("newest", [2, contract.NEWEST])
def test_what_the_service_speaks_is_known_from_hello(
    admitted: World, monkeypatch: pytest.MonkeyPatch, newest: int
) -> None:
    monkeypatch.setattr(contract, "NEWEST", newest)
    with greeted(admitted, paper.ASKING) as channel:
        assert channel.speaks(2)
        assert channel.speaks(contract.FINDING_COLUMNS) is (newest >= contract.FINDING_COLUMNS)
