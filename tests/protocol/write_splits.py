"""Writes the vectors of splitting: ``python -m tests.protocol.write_splits``. A test compares.

The names are those of the tests, all invented; the file is one of the data files that the matching file pins, so two
programs that split names in different ways have different digests, and refuse each other.
"""

from __future__ import annotations

from pathlib import Path

from matcher.protocol import names
from matcher.protocol.names import data
from tests.protocol import test_names_conventions as conventions
from tests.protocol import test_names_verdict as verdicts

TARGET = Path(data.__file__).parent / "data" / "splits.tsv"
HEAD = """# How names are split: vectors that hold the program to the digest. Columns: name, the numbers of its parts in
# order, parts separated by "|". Regions are GB/T 2260 codes, trades and forms places in their files, brands code
# points. Source: invented names, split by this program (tests/protocol/write_splits.py). Licence Apache-2.0.
# Date: 2026-11-24.
"""


def rows() -> list[str]:
    """A line for each name of the tests, each once, in their order."""
    pairs = [pair[:2] for pair in verdicts.HARMLESS + verdicts.REAL]
    pairs += conventions.ONE_FIRM + conventions.TWO_FIRMS
    return [f"{name}\t{parts(name)}" for name in dict.fromkeys(name for pair in pairs for name in pair)]


def parts(name: str) -> str:
    """The parts of ``name`` as they are written in the file."""
    return "|".join(" ".join(map(str, part)) for part in names.split(name))


if __name__ == "__main__":
    TARGET.write_text(HEAD + "\n".join(rows()) + "\n", encoding="utf-8")
