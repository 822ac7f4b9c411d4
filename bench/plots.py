"""Plots for the docs, as SVG by matplotlib. The same figures give the same file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_OURS, _THEIRS = "#1f5fa8", "#9aa5b1"
_WIDTH = 6.4


def growth(path: Path, rows: Sequence[int], seconds: Sequence[float], slope: float | None) -> None:
    """Seconds over rows, both logarithmic, with the slope above."""
    figure, axes = _empty(4.0)
    axes.loglog(rows, seconds, marker="o", color=_OURS)
    for x, y in zip(rows, seconds, strict=True):
        axes.annotate(f"{y:,.1f} s", (x, y), textcoords="offset points", xytext=(6, -12))
    axes.set_xlabel("rows of the answering side")
    axes.set_ylabel("seconds, CSV to listed findings")
    if slope is not None:
        axes.set_title(f"slope {slope:.2f}")
    axes.grid(visible=True, alpha=0.3)
    _save(figure, path)


def beside(path: Path, names: Sequence[str], seconds: Sequence[float], ours: int) -> None:
    """A bar for each, the first ``ours`` of them in our colour; shorter is faster."""
    figure, axes = _empty(0.5 * len(names) + 1.2)
    places = range(len(names))
    bars = axes.barh(places, seconds, color=[_OURS if place < ours else _THEIRS for place in places])
    axes.bar_label(bars, [f"{value:,.1f} s" for value in seconds], padding=3)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(right=1.15 * max(seconds))
    axes.set_xlabel("seconds of wall time")
    _save(figure, path)


def _empty(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height), layout="tight")
    return figure, figure.subplots()


def _save(figure: Figure, path: Path) -> None:
    with mpl.rc_context({"svg.hashsalt": "concordat"}):
        figure.savefig(path, metadata={"Date": None})
