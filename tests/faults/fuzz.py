"""Coverage-guided fuzzing of the decoders: ``python -m tests.faults.fuzz -runs=100000``. Status 0, or a crash.

The first byte of an input chooses the decoder. The corpus begins with each decoder's good examples.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["keys", "matcher.protocol", "matcher.agency.reveal"]):
    from tests.faults.decoders import REFUSED, decoders


def main() -> None:
    """Fuzz with libFuzzer's own options."""
    warnings.simplefilter("ignore")
    table = list(decoders().values())

    def one(data: bytes) -> None:
        if data:
            try:
                table[data[0] % len(table)].decode(data[1:])
            except REFUSED:
                pass

    with tempfile.TemporaryDirectory() as corpus:
        for number, decoder in enumerate(table):
            for place, example in enumerate(decoder.examples[:5]):
                (Path(corpus) / f"{number}-{place}").write_bytes(bytes((number,)) + example)
        atheris.Setup([*sys.argv, corpus], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
