"""What the service sees of a name whose row joined: how often lengths and repeats single out one name of a list.

``python -m bench.names_leak [--names FILE] [--json]``

The file has one name a line; without one, 20,000 invented firms are looked at (firms.py), so that anybody can repeat
the figures. Each name is encoded as for a row of its own; what is then counted is what anyone who holds the encoding
can see without the key: which parts are there and how long they are, and which symbols are equal within it. Nothing of
a name is printed.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
from rich.console import Console

from bench.firms import SEED, firms
from matcher.protocol import names
from matcher.protocol.names import NameParts
from matcher.text.terminal import table

_DIGITS = 4
_SMALL_CROWD = 5
_REGION = ("province", "prefecture", "county")
Pattern = tuple[object, ...]


def lengths(parts: NameParts) -> Pattern:
    """How long each part is."""
    return tuple(map(len, parts))


def lengths_and_repeats(parts: NameParts) -> Pattern:
    """Also which symbols are equal: each is numbered by when it was first seen."""
    seen: dict[int, int] = {}
    symbols = (symbol for part in parts for symbol in part)
    return (*lengths(parts), *(seen.setdefault(symbol, len(seen)) for symbol in symbols))


def without_region(parts: NameParts) -> Pattern:
    """The same, had a name no levels of its region."""
    return lengths_and_repeats(parts._replace(**dict.fromkeys(_REGION, ())))


PATTERNS: tuple[tuple[str, Callable[[NameParts], Pattern]], ...] = (
    ("lengths", lengths),
    ("lengths_and_repeats", lengths_and_repeats),
    ("lengths_and_repeats_without_region", without_region),
)


def encoded(listed: Iterable[str]) -> list[NameParts]:
    """What the service could decode of each name, under a key of the name's own; names that say nothing left out."""
    keys = (hashlib.sha256(b"bench names leak" + number.to_bytes(8, "big")).digest() for number, _ in enumerate(listed))
    parts = [names.decode(names.encode(key, name)) for key, name in zip(keys, listed, strict=True)]
    return [each for each in parts if each != names.EMPTY]


def crowds(patterns: Sequence[Pattern]) -> dict[str, float]:
    """How many names share each name's pattern: bits the pattern tells, the median crowd, shares of names that are
    alone with theirs and of those in a crowd of fewer than five."""
    counts = Counter(patterns)
    sizes = [counts[pattern] for pattern in patterns]
    total = len(patterns)
    return {
        "bits": round(sum(math.log2(total / size) for size in sizes) / total, _DIGITS),
        "patterns": len(counts),
        "median_crowd": statistics.median(sizes),
        "alone": round(sizes.count(1) / total, _DIGITS),
        "fewer_than_five": round(sum(size < _SMALL_CROWD for size in sizes) / total, _DIGITS),
    }


def measure(listed: Sequence[str]) -> dict[str, object]:
    """The figures for a list of names."""
    parts = encoded(listed)
    found = {name: crowds([pattern(each) for each in parts]) for name, pattern in PATTERNS}
    return {"names": len(parts), **found}


@click.command()
@click.option("--names", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def main(path: Path | None, *, as_json: bool) -> None:
    """Count how often what the service sees of a name singles it out of a list."""
    lines = firms() if path is None else path.read_text("utf-8-sig").splitlines()
    listed = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not listed:
        raise click.ClickException(f"{path} holds no names")
    measured = {"list": f"invented, seed {SEED}" if path is None else "a file's", **measure(listed)}
    if as_json:
        click.echo(json.dumps(measured))
        return
    console = Console()
    console.print(f"{measured['names']} names, {measured['list']}", markup=False)
    rows = [(name.replace("_", " "), *found.values()) for name, found in measured.items() if isinstance(found, dict)]
    console.print(table("", ("seen", "bits", "patterns", "median crowd", "alone", "crowd under 5"), rows))


if __name__ == "__main__":
    main()
