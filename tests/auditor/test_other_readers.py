"""What we export and prove, others verify with their own code; and they see each kind of damage that we see."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.auditor.export import export
from matcher.protocol import cosignature, merkle, note, proof
from matcher.protocol.proof import Proof
from tests import other_readers
from tests.auditor.world import LABOUR, LOG_KEY, Source, World, key, public

WITNESS = cosignature.verifier_key("witness.example/w", public("witness"))
ENTRIES = 600  # two full tiles, a partial one, and a level above


@pytest.fixture(scope="module")
def world() -> World:
    made = World.good()
    while len(made.entries) < ENTRIES:
        made.list_findings(LABOUR)
    return made


class Cosigned(Source):
    """The world's log with a witness's cosignature."""

    def checkpoint(self) -> str:
        signed = super().checkpoint()
        text = note.parse(signed).text
        line = cosignature.sign(text, "witness.example/w", public("witness"), 1_700_000_000, key("witness").sign)
        return cosignature.attach(signed, [line])


@pytest.fixture
def directory(world: World, tmp_path: Path) -> Path:
    assert export(Cosigned(world), tmp_path / "log") == ENTRIES
    return tmp_path / "log"


def test_others_read_and_verify_an_export(world: World, directory: Path) -> None:
    entries, witnesses = other_readers.read_export(directory, LOG_KEY, (WITNESS,))
    assert entries == world.entries
    assert witnesses == {"witness.example/w"}


def test_others_count_no_witness_that_did_not_cosign(directory: Path) -> None:
    stranger = cosignature.verifier_key("witness.example/w", public("stranger"))
    assert other_readers.read_export(directory, LOG_KEY, (stranger,))[1] == set()


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001"])
def test_others_see_damage(directory: Path, path: str) -> None:
    file = directory / path
    data = bytearray(file.read_bytes())
    data[40] ^= 1
    file.write_bytes(data)
    with pytest.raises(Exception):  # noqa: B017 - whatever their code raises
        other_readers.read_export(directory, LOG_KEY)


def test_others_verify_the_proof_of_one_entry(world: World) -> None:
    tree = merkle.Tree([merkle.leaf_hash(entry) for entry in world.entries])
    signed = Cosigned(world).checkpoint()
    for index in (0, 16, 255, 256, 599):
        text = proof.render(Proof(index, tuple(tree.inclusion_proof(index)), signed, world.entries[index]))
        found = other_readers.read_proof(text, LOG_KEY, (WITNESS,))
        assert found == (index, world.entries[index], {"witness.example/w"})
    wrong = proof.render(Proof(3, tuple(tree.inclusion_proof(4)), signed, world.entries[3]))
    with pytest.raises(Exception, match="root"):
        other_readers.read_proof(wrong, LOG_KEY)
