"""Check 29: a run made again from its sealed rows comes out alike, and a service or operator that bends it is named."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from matcher.auditor.rerun import rerunning
from matcher.auditor.rerun.rerunning import rerun
from matcher.auditor.source import ServiceSource
from matcher.auditor.verify import Report, verify
from matcher.protocol import rows
from matcher.protocol.errors import NotFoundError, StateError
from matcher.service import segments_command
from matcher.service.match.compare import Verdicts
from matcher.service.match.found import Found
from tests.service import paper
from tests.service.world import Template, World, new_template, new_world

FINE, SHORT = ("91", 10_000, 0), ("91", 5_000, 0)


@dataclass
class Run:
    world: World
    digest: bytes
    counts: dict[str, int]

    def source(self) -> ServiceSource:
        return ServiceSource(self.world.channel(paper.AUDITOR))

    def verified(self) -> Report:
        report = verify(self.source(), self.world.public.log_key)
        report.require_clean()
        return report

    def again(self, directory: Path) -> Report:
        report = self.verified()
        done = rerun(self.source(), report, directory, lambda _: None)
        assert (done.made, done.without_rows) == (1, 0)
        return report

    def exported(self, directory: Path) -> list[Path]:
        segments_command.write(self.world.storage, self.digest, directory)
        return sorted(directory.iterdir())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return new_template(tmp_path_factory.mktemp("rerun") / "template")


def run(world: World) -> Run:
    """Two submissions of each side: versions, deletes, several rows of one token, envelopes that do not open."""
    world.agree()
    chance = random.Random(7)  # noqa: S311 - a test's choices
    previous: dict[str, bytes] = {}
    for sequence in (1, 2):
        for party, most in ((paper.ANSWERING, 1), (paper.ASKING, 2)):
            packed = []
            for number in range(sequence - 1, 40):
                for row_id in range(chance.randint(0, most)):
                    is_put = sequence == 1 or chance.random() < 0.7
                    # A row of another name in the second submission makes a token crowded.
                    name = str(row_id if chance.random() < 0.8 else row_id + 10 * sequence)
                    packed.append(
                        world.row(
                            party, f"v{number}", chance.choice([FINE, SHORT]), row_id=name,
                            op=rows.PUT if is_put else rows.DELETE, broken=is_put and chance.random() < 0.1,
                        )
                    )  # fmt: skip
            manifest, _logged = world.submit(party, packed, sequence=sequence, previous=previous.get(party, b""))
            previous[party] = manifest.digest()
    info = world.match()
    [entry] = [entry for entry in world.log() if entry.type == "match-run"]
    return Run(world, info.run_digest, entry.facts["run"]["counts"])


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Iterator[Run]:
    with new_world(tmp_path_factory.mktemp("honest") / "service", template) as world:
        yield run(world)


def test_a_run_made_again_is_the_same(honest: Run, tmp_path: Path) -> None:
    assert len(honest.exported(tmp_path / "rows")) == 4
    assert honest.again(tmp_path / "rows").failures == []
    # The story has something of everything, so that being the same means something.
    assert {code for code, count in honest.counts.items() if count} >= {
        "matched", "unmatched", "paid-short", "not-found", "unreadable", "doubled",
    }  # fmt: skip


@pytest.mark.parametrize("place", [0, 0.3, 0.6, 0.999])
@pytest.mark.parametrize("number", range(4))
def test_rows_that_nobody_sealed_are_named(honest: Run, tmp_path: Path, number: int, place: float) -> None:
    path = honest.exported(tmp_path / "rows")[number]
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    [failure] = honest.again(tmp_path / "rows").failures
    assert failure.number == 29
    assert "are not those its party sealed" in failure.reason


def test_rows_that_were_left_out_are_named(honest: Run, tmp_path: Path) -> None:
    path = honest.exported(tmp_path / "rows")[0]
    path.write_bytes(path.read_bytes()[:-1])
    [failure] = honest.again(tmp_path / "rows").failures
    assert "has other rows here" in failure.reason


def test_a_run_without_its_rows_is_not_said_to_be_made_again(honest: Run, tmp_path: Path) -> None:
    honest.exported(tmp_path / "rows")[0].unlink()
    with pytest.raises(NotFoundError, match="no match run"):
        rerun(honest.source(), honest.verified(), tmp_path / "rows", lambda _: None)


def test_an_export_overwrites_nothing(honest: Run, tmp_path: Path) -> None:
    honest.exported(tmp_path / "rows")
    with pytest.raises(StateError, match="not empty"):
        honest.exported(tmp_path / "rows")
    with pytest.raises(NotFoundError):
        segments_command.write(honest.world.storage, bytes(32), tmp_path / "other")


def _silent(verdicts: Verdicts) -> Verdicts:
    return verdicts._replace(combinations=tuple(() for _ in verdicts.combinations))


def _accusing(verdicts: Verdicts) -> Verdicts:
    return verdicts._replace(combinations=tuple(codes or ("paid-short",) for codes in verdicts.combinations))


def _of_another_row(verdicts: Verdicts) -> Verdicts:
    of_others = [codes != ("paid-short",) for codes in verdicts.combinations]
    kept = np.array(of_others, np.uint8)[verdicts.numbers]
    return verdicts._replace(answering_handles=verdicts.answering_handles * kept[:, np.newaxis])


@pytest.mark.parametrize(
    ("bend", "said"), [(_silent, "counts"), (_accusing, "counts"), (_of_another_row, "another root")]
)
def test_a_service_that_bends_verdicts_is_named(
    tmp_path: Path, template: Template, monkeypatch: pytest.MonkeyPatch, bend: Callable[[Verdicts], Verdicts], said: str
) -> None:
    true = Found.add
    monkeypatch.setattr(Found, "add", lambda found, verdicts: true(found, bend(verdicts)))
    with new_world(tmp_path / "service", template) as world:
        bent = run(world)
        bent.exported(tmp_path / "rows")
        [failure] = bent.again(tmp_path / "rows").failures
    assert failure.number == 29
    assert said in failure.reason


def test_a_manifest_that_the_log_does_not_hold_is_named(
    honest: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest.exported(tmp_path / "rows")
    true = rerunning._manifest
    monkeypatch.setattr(rerunning, "_manifest", lambda entry: replace(true(entry), digest=bytes(32)))
    [failure] = honest.again(tmp_path / "rows").failures
    assert "is not in the log before it" in failure.reason


def test_a_run_whose_agreement_is_not_at_hand_is_no_run_without_rows(
    honest: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest.exported(tmp_path / "rows")
    report = honest.verified()

    def missing(_source: ServiceSource, _digest: bytes) -> tuple[bytes, bytes]:
        raise NotFoundError("no such agreement")

    monkeypatch.setattr(ServiceSource, "agreement_files", missing)
    done = rerun(honest.source(), report, tmp_path / "rows", lambda _: None)
    assert (done.made, done.without_rows) == (1, 0)
    assert [(item.number, item.reason) for item in report.failures] == [(29, "no such agreement")]
