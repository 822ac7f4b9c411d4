"""What the service learns of a firm's name from a joined pair: lengths of parts and repeats within them, and no more.

``python -m bench.name_leak [--names FILE] [--json]``

Over a list of firms (20,000 invented ones, or one name a line): how many bits that pattern carries, and how often it
singles out one firm of the list for somebody who holds the list and knows that the firm is on it. The pattern is read
off encodings, as the service would: lengths from the head, and which symbols are equal within the encoding.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path

import click

from bench.firms import SEED, firms
from matcher.protocol import names, normalise
from matcher.protocol.names.parts import NameParts

_DIGITS = 4
_REGION_PARTS = 3
_CROWD = 10


def pattern(name: str, key: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What an encoding of ``name`` shows: the length of each part, and its symbols renumbered as they first appear."""
    parts = names.decode(names.encode(key, name))
    numbers: dict[int, int] = {}
    places = tuple([numbers.setdefault(symbol, len(numbers)) for part in parts for symbol in part])
    return tuple(map(len, parts)), places


def figures(patterns: Sequence[Hashable]) -> dict[str, float]:
    """Bits (entropy over the list), share of firms alone with their pattern or with fewer than ten others, and the
    number that the firm in the middle shares its pattern with."""
    counts = Counter(patterns)
    crowds = [counts[item] for item in patterns]
    total = len(patterns)
    return {
        "patterns": len(counts),
        "bits": round(sum(math.log2(total / crowd) for crowd in crowds) / total, _DIGITS),
        "alone": round(sum(crowd == 1 for crowd in crowds) / total, _DIGITS),
        "fewer_than_ten": round(sum(crowd < _CROWD for crowd in crowds) / total, _DIGITS),
        "median_crowd": statistics.median(crowds),
    }


def measure(firms_listed: Sequence[str]) -> dict[str, object]:
    """Figures of the whole pattern, of lengths alone, and of what it would be without levels of region or repeats."""
    shown = [
        pattern(normalise.company_name(name), hashlib.sha256(number.to_bytes(8, "big")).digest())
        for number, name in enumerate(firms_listed)
    ]
    return {
        "firms": len(shown),
        "bits_to_single_out": round(math.log2(len(shown)), _DIGITS),
        "lengths_and_repeats": figures(shown),
        "lengths": figures([lengths for lengths, _ in shown]),
        "repeats": figures([_repeats(*item) for item in shown]),
        "without_region_levels": figures([(lengths[_REGION_PARTS:], _repeats(lengths, r)) for lengths, r in shown]),
        "by_part": {
            part: figures([lengths[place] for lengths, _ in shown])["bits"]
            for place, part in enumerate(NameParts._fields)
        },
    }


def _repeats(lengths: tuple[int, ...], places: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The repeats alone: by part, the places whose symbol stood before, as the distance back."""
    found, start, seen = [], 0, dict[int, int]()
    for length in lengths:
        back = []
        for place in range(start, start + length):
            if places[place] in seen:
                back.append(place - seen[places[place]])
            seen[places[place]] = place
        found.append(tuple(back))
        start += length
    return tuple(found)


@click.command()
@click.option("--names", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def main(path: Path | None, *, as_json: bool) -> None:
    """Say how much lengths and repeats tell, of invented firms or of a file's."""
    listed = firms() if path is None else list(dict.fromkeys(path.read_text(encoding="utf-8").split("\n")))
    measured = {
        "list": f"invented, seed {SEED}" if path is None else path.name,
        **measure([name for name in listed if name.strip()]),
    }
    click.echo(json.dumps(measured, indent=None if as_json else 2, ensure_ascii=False))


if __name__ == "__main__":
    main()
