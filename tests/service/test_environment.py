"""What goes wrong around a service: a full disk, a read-only one, clocks, a second service. Named, and harmless."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.protocol.errors import ConcordatError, OverloadedError, StateError
from matcher.service import app, journal
from tests.service import paper
from tests.service.evaluation import ELEMENTS, ask
from tests.service.party import chunks, in_order
from tests.service.process import Serving
from tests.service.world import Template, World, new_world

VALUES = ("91", 10_000, 0)
DAY = 86_400


def _full(world: World) -> Callable[[], object]:
    writer = world.storage.database._writer
    [[pages]] = writer.execute("PRAGMA page_count").fetchall()
    writer.execute(f"PRAGMA max_page_count = {pages:d}")
    return lambda: writer.execute("PRAGMA max_page_count = 1073741823")


def _read_only(world: World) -> Callable[[], object]:
    writer = world.storage.database._writer
    writer.execute("PRAGMA query_only = ON")
    return lambda: writer.execute("PRAGMA query_only = OFF")


@pytest.mark.parametrize(("spoil", "code"), [(_full, "disk-full"), (_read_only, "disk-read-only")])
def test_a_database_that_cannot_grow_is_named(world: World, spoil: Callable[[World], Any], code: str) -> None:
    request, before = ask(world), len(world.log())
    mend = spoil(world)
    channel = world.channel(paper.ASKING)
    with pytest.raises(OverloadedError) as caught:
        channel.send(request, ELEMENTS)
    assert (caught.value.code, caught.value.retry_seconds) == (code, 30)
    assert channel.hello("concordat-v1", "test").party == paper.ASKING  # what only reads goes on
    assert len(world.log()) == before
    mend()
    assert channel.send(request, ELEMENTS).index == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 6 MiB. Needs root, as in a container; elsewhere the two tests above have to do."""
    path = tmp_path / "small"
    path.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount")
    if not mounted or subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(path)], check=False, capture_output=True
    ).returncode:  # fmt: skip
        pytest.skip("NO REAL FULL DISK WAS TRIED: a small file system can be mounted by root only")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_real_disk_that_is_full(small_disk: Path, template: Template) -> None:
    with new_world(small_disk / "service", template) as world:
        world.agree()
        packed = in_order([world.row(paper.ANSWERING, str(number), VALUES) for number in range(3000)])
        channel, submission = world.channel(paper.ANSWERING), os.urandom(16)
        filling = small_disk / "filling"
        free = shutil.disk_usage(small_disk).free
        filling.write_bytes(bytes(free - 200_000))
        opening = (submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, len(packed))
        acknowledged = [0]
        channel.open_upload(*opening)
        with pytest.raises(OverloadedError) as caught:
            acknowledged.extend(channel.upload(submission, chunks(packed, 100)))
        assert caught.value.code == "disk-full"
        filling.unlink()
        state = channel.open_upload(*opening)
        assert acknowledged[-1] <= state.next_row < len(packed)
        assert list(channel.upload(submission, chunks(packed, 100, state.next_row)))[-1] == len(packed)
        world.log()


CLOCKS = {
    "ten minutes behind": (-600, ""), "ten minutes ahead": (600, "lifetime"),
    "a day behind": (-DAY, ""), "a day ahead": (DAY, "lifetime"), "four days behind": (-4 * DAY, "late"),
}  # fmt: skip


@pytest.mark.parametrize(("difference", "code"), CLOCKS.values(), ids=CLOCKS)
def test_a_partys_clock_that_is_wrong_is_named(world: World, difference: int, code: str) -> None:
    party = world.parties[paper.ASKING]
    honest = party.now
    party.now = lambda: honest() + difference
    request = ask(world, hours=72)
    if not code:
        world.channel(paper.ASKING).send(request, ELEMENTS)
    else:
        with pytest.raises(ConcordatError) as caught:
            world.channel(paper.ASKING).send(request, ELEMENTS)
        assert caught.value.code == code
        assert caught.value.remedy
    world.log()


@pytest.mark.parametrize("difference", [600, DAY])
def test_a_services_clock_that_jumps_leaves_the_log_in_order(
    world: World, monkeypatch: pytest.MonkeyPatch, difference: int
) -> None:
    said: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(journal, "warning", lambda name, **fields: said.append((name, fields)))
    world.offset = difference
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    world.offset = 0
    world.stop()
    world.start()
    [warned] = [fields for name, fields in said if name == "clock-behind-log"]
    assert difference - 60 < warned["seconds"] <= difference
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", VALUES)])
    times = [entry.time for entry in world.log()]  # log() demands that they do not decrease
    assert times[-1] == times[-2]


def test_a_second_service_on_the_same_store_is_refused(world: World) -> None:
    with pytest.raises(RuntimeError, match="another process serves"):
        Serving(world.home.path)
    again = app.serving(world.storage, world.keys, "127.0.0.1:0", world.metrics, world.clock)
    with pytest.raises(StateError, match="another process serves"), again:
        pass
    world.channel(paper.ASKING).send(ask(world), ELEMENTS)
    assert world.log_types()[-1] == "evaluation-requested"


def test_an_upload_goes_on_another_day(world: World) -> None:
    packed = in_order([world.row(paper.ANSWERING, str(number), VALUES) for number in range(9)])
    submission, bank = os.urandom(16), world.channel(paper.ANSWERING)
    opening = (submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, len(packed))
    bank.open_upload(*opening)
    list(bank.upload(submission, chunks(packed[:6])))
    world.stop()
    world.offset = 2 * DAY
    world.start()
    bank = world.channel(paper.ANSWERING)
    assert bank.open_upload(*opening).next_row == 6
    assert list(bank.upload(submission, chunks(packed, 3, 6))) == [9]
