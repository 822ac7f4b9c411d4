"""Acts by day and kind, as an SVG drawn here: no script, no asset from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 220, 44, 28, 8
_LABELS = 6
_WIDEST = 90  # of one day, or a log of two days looks like a flag


class Kind(NamedTuple):
    """A series: its id, its label, its colour."""

    id: str
    label: str
    colour: str


def stacked(days: Sequence[str], kinds: Sequence[Kind], counts: Mapping[tuple[str, str], int], title: str) -> str:
    """Bars of ``counts`` by (day, kind id), stacked in the order of ``kinds``; ``title`` is read to who cannot see."""
    totals = [sum(counts.get((day, kind.id), 0) for kind in kinds) for day in days]
    # Even, so that the middle of the axis is a number of acts.
    most = 2 * max(1, -(-max(totals, default=0) // 2))
    inner_width, inner_height = _WIDTH - _LEFT, _HEIGHT - _BOTTOM - _TOP
    step = min(inner_width / max(len(days), 1), _WIDEST)
    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
    ]
    for share in (0.0, 0.5, 1.0):
        height = _TOP + inner_height * (1 - share)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{height:.1f}" y2="{height:.1f}" class="grid"/>')
        parts.append(
            f'<text x="{_LEFT - 6}" y="{height + 4:.1f}" class="tick" text-anchor="end">{most * share:g}</text>'
        )
    every = max(1, -(-len(days) // _LABELS)) if len(days) > _LABELS else 1
    for place, day in enumerate(days):
        left, base = _LEFT + place * step, float(_TOP + inner_height)
        for kind in kinds:
            count = counts.get((day, kind.id), 0)
            if not count:
                continue
            height = inner_height * count / most
            base -= height
            parts.append(
                f'<rect x="{left + step * 0.15:.1f}" y="{base:.1f}" width="{step * 0.7:.1f}" height="{height:.1f}" '
                f'fill="{kind.colour}"><title>{escape(f"{day} · {kind.label}: {count}")}</title></rect>'
            )
        if place % every == 0:
            parts.append(
                f'<text x="{left + step / 2:.1f}" y="{_HEIGHT - 8}" class="tick" text-anchor="middle">{day[5:]}</text>'
            )
    return "".join([*parts, "</svg>"])
