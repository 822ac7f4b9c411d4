"""How well company names are told apart, blind, beside plain edit distance; and how fast.

``python -m bench.names --pairs FILE.tsv [--json]``

The file has columns left, right, label (same, different) and kind. Each pair goes the way of a joined pair: normalised,
encoded by each side under the record's comparison key, compared by what the service would see. Positive is "different";
"review" (a person must look) counts as different. Nothing of a name is printed.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console

from bench import names_speed
from bench.machine import describe
from bench.thresholds import baselines
from matcher.protocol import names, normalise
from matcher.protocol.agreement.model import Field
from matcher.protocol.errors import InputError
from matcher.protocol.vector import VectorLayout
from matcher.text.terminal import table

FLAGGED = frozenset({names.DIFFERENT, names.REVIEW})
_DIFFERENT = "different"
_LABELS = frozenset({"same", _DIFFERENT})
_COLUMNS = ("left", "right", "label", "kind")
_DIGITS = 4


class LabelledPair(NamedTuple):
    """Two normalised names, whether they are two firms, the kind of pair, and both names as they were written."""

    left: str
    right: str
    is_different: bool
    kind: str
    written: tuple[str, str]


def read(path: Path) -> list[LabelledPair]:
    """The pairs of a tab-separated file with a header line. Raises ClickException, by line, without a cell's value."""
    pairs = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        if not set(_COLUMNS) <= set(lines.fieldnames or ()):
            raise click.ClickException(f"{path} needs the columns {', '.join(_COLUMNS)}")
        for row in lines:
            left, right, label, kind = (row[column] or "" for column in _COLUMNS)
            if label not in _LABELS:
                raise click.ClickException(f"{path}, line {lines.line_num}: label is neither same nor different")
            try:
                names_of_pair = normalise.company_name(left), normalise.company_name(right)
            except InputError as error:
                raise click.ClickException(f"{path}, line {lines.line_num}: {error}") from error
            pairs.append(LabelledPair(*names_of_pair, label == _DIFFERENT, kind, (left, right)))
    if not pairs:
        raise click.ClickException(f"{path} holds no pairs")
    return pairs


def verdicts(pairs: Sequence[LabelledPair]) -> list[str]:
    """What the service would say of each pair, from encodings under a key of the pair's own."""
    layout = VectorLayout((Field("holder", "company-name"),))
    keys = [hashlib.sha256(b"bench names" + number.to_bytes(8, "big")).digest() for number in range(len(pairs))]
    left = layout.encode_columns(keys, [[pair.left for pair in pairs]])
    right = layout.encode_columns(keys, [[pair.right for pair in pairs]])
    return [layout.outcomes(one, other)[0].kind for one, other in zip(left, right, strict=True)]


def scores(pairs: Sequence[LabelledPair], found: Sequence[str]) -> dict[str, object]:
    """Precision, recall, F1, share sent to a person, accuracy of the rest, and accuracy by kind."""
    counts: dict[tuple[bool, str], Counter[str]] = defaultdict(Counter)
    for pair, verdict in zip(pairs, found, strict=True):
        counts[pair.is_different, pair.kind][verdict] += 1
    right = {key: sum(n for verdict, n in of_kind.items() if (verdict in FLAGGED) == key[0])
             for key, of_kind in counts.items()}  # fmt: skip
    true_positive = sum(number for (is_different, _), number in right.items() if is_different)
    flagged = sum(verdict in FLAGGED for verdict in found)
    positive = sum(pair.is_different for pair in pairs)
    decided = [(pair, verdict) for pair, verdict in zip(pairs, found, strict=True) if verdict != names.REVIEW]
    return {
        "pairs": len(pairs),
        "precision": _share(true_positive, flagged),
        "recall": _share(true_positive, positive),
        "f1": _share(2 * true_positive, flagged + positive),
        "review_share": _share(found.count(names.REVIEW), len(found)),
        "accuracy_of_rest": _share(sum((v in FLAGGED) == p.is_different for p, v in decided), len(decided)),
        "kinds": [
            {
                "label": "different" if is_different else "same",
                "kind": kind,
                "pairs": of_kind.total(),
                "accuracy": _share(right[is_different, kind], of_kind.total()),
                "verdicts": dict(sorted(of_kind.items())),
            }
            for (is_different, kind), of_kind in sorted(counts.items())
        ],
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, _DIGITS) if whole else 0.0


def measure(path: Path) -> dict[str, object]:
    """All that is printed, for one file of pairs."""
    pairs = read(path)
    return {
        **scores(pairs, verdicts(pairs)),
        "baselines": baselines([pair.written for pair in pairs], [pair.is_different for pair in pairs]),
        "speed": names_speed.measure([(pair.left, pair.right) for pair in pairs]),
        "machine": describe(),
    }


def _show(measured: dict[str, object]) -> None:
    console = Console()
    console.print(json.dumps({name: value for name, value in measured.items() if name != "kinds"}, indent=2))
    kinds = measured["kinds"]
    if isinstance(kinds, list):
        lines = [(item["label"], item["kind"], item["pairs"], item["accuracy"],
                  " ".join(f"{verdict} {n}" for verdict, n in item["verdicts"].items())) for item in kinds]  # fmt: skip
        console.print(table("by kind", ("label", "kind", "pairs", "accuracy", "verdicts"), lines))


@click.command()
@click.option("--pairs", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--json", "as_json", is_flag=True)
def main(path: Path, *, as_json: bool) -> None:
    """Compare the pairs of a file blind and say how often that was right, and how fast."""
    measured = measure(path)
    if as_json:
        click.echo(json.dumps(measured))
    else:
        _show(measured)


if __name__ == "__main__":
    main()
