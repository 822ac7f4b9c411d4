"""Which witnesses cosigned the checkpoint that is verified, and that a wrong cosignature of one of them is named."""

from __future__ import annotations

import pytest

from matcher.auditor.verify import Report, verify
from matcher.protocol import cosignature, note
from tests.auditor.world import LOG_KEY, Source, World, key, public

NAMES = ("audit-office/witness", "other/witness", "third/witness")
KEYS = [cosignature.verifier_key(name, public(name)) for name in NAMES]
TIME = 1_700_000_000


class Cosigned(Source):
    """The world's log, whose checkpoint the named witnesses cosigned."""

    def __init__(self, world: World, names: tuple[str, ...], signer: str = "") -> None:
        super().__init__(world)
        self._names = names
        self._signer = signer

    def checkpoint(self) -> str:
        signed = super().checkpoint()
        text = note.parse(signed).text
        lines = [
            cosignature.sign(text, name, public(name), TIME, key(self._signer or name).sign) for name in self._names
        ]
        return cosignature.attach(signed, lines)


def report(names: tuple[str, ...], signer: str = "", threshold: int = 2) -> Report:
    world = World()
    world.agreement = world.publish(witnesses=KEYS[: 3 if threshold else 0], threshold=threshold)
    world.begin()
    return verify(Cosigned(world, names, signer), LOG_KEY)


def test_as_many_as_the_agreement_asks_for_make_it_witnessed() -> None:
    found = report(NAMES[:2])
    assert found.failures == []
    assert (found.witnessed, found.cosigned) == (True, dict.fromkeys(NAMES[:2], TIME))


@pytest.mark.parametrize(("names", "threshold"), [(NAMES[:1], 2), ((), 2), (("stranger/witness",) * 2, 2), ((), 0)])
def test_fewer_or_strangers_do_not(names: tuple[str, ...], threshold: int) -> None:
    found = report(names, threshold=threshold)
    assert found.failures == []
    assert found.witnessed is False
    assert set(found.cosigned) <= set(NAMES)


def test_check_1_a_wrong_cosignature_of_a_witness_is_named() -> None:
    found = report(NAMES[:2], signer="somebody")
    assert dict(found.failed) == {1: 1}
    assert "audit-office/witness" in found.failures[0].reason
    assert not found.history_holds
    assert found.witnessed is False
