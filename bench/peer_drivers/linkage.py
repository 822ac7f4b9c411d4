"""Record linkage by Bloom-filter encodings (clkhash, anonlink): ``linkage.py LEFT_CSV RIGHT_CSV``.

It compares every row with every other, so its work grows with their product and it is run on smaller sets. Both
encodings hang on one shared secret, as ours do in mode ``hmac``; the one who compares learns how alike any two are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anonlink
from clkhash import clk
from clkhash.comparators import NgramComparison
from clkhash.field_formats import BitsPerFeatureStrategy, FieldHashingProperties, StringSpec
from clkhash.schema import Schema

_THRESHOLD = 0.99
_BITS = 1024


def main() -> None:
    """Encode both files, compare all pairs, and print how many rows both sides share."""
    properties = FieldHashingProperties(NgramComparison(2), BitsPerFeatureStrategy(200))
    schema = Schema([StringSpec("account", properties)], _BITS)
    encoded = []
    for path in sys.argv[1:3]:
        with Path(path).open(encoding="utf-8") as file:
            encoded.append(
                clk.generate_clk_from_csv(file, "a shared secret", schema, progress_bar=False, validate=False)
            )
    candidates = anonlink.candidate_generation.find_candidate_pairs(
        encoded, anonlink.similarities.dice_coefficient_accelerated, _THRESHOLD
    )
    sys.stdout.write(f"{len(anonlink.solving.greedy_solve(candidates))}\n")


if __name__ == "__main__":
    main()
