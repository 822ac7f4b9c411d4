"""Names are split as the pinned vectors say, so that equal digests mean equal parts."""

from __future__ import annotations

from matcher.protocol.names import data
from tests.protocol import write_splits

AGAIN = "run python -m tests.protocol.write_splits; the digest changes, and so takes a new matching file"


def test_names_are_split_as_the_vectors_say() -> None:
    pinned = data.rows("splits.tsv")
    changed = [name for name, parts in pinned if write_splits.parts(name) != parts]
    assert not changed, AGAIN


def test_every_name_of_the_tests_is_a_vector_and_the_vectors_are_pinned() -> None:
    assert [f"{name}\t{parts}" for name, parts in data.rows("splits.tsv")] == write_splits.rows(), AGAIN
    assert "splits.tsv" in data.FILES
