"""What plain edit distance on whole names, as written, can do: rapidfuzz ratio and Jaro-Winkler at the best threshold.

The threshold is chosen on the very pairs it is judged by, so these figures flatter the baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

_DIGITS = 4
_PERCENT = 100


def _ratio(left: str, right: str) -> float:
    return fuzz.ratio(left, right) / _PERCENT


_MEASURES: tuple[tuple[str, Callable[[str, str], float]], ...] = (
    ("rapidfuzz_ratio", _ratio),
    ("jaro_winkler", JaroWinkler.similarity),
)


def baselines(pairs: Sequence[tuple[str, str]], is_different: Sequence[bool]) -> dict[str, dict[str, float]]:
    """For each measure: F1, precision and recall of "different when below the threshold", at the best threshold."""
    return {
        name: best_threshold([similarity(left, right) for left, right in pairs], is_different)
        for name, similarity in _MEASURES
    }


def best_threshold(similarities: Sequence[float], is_different: Sequence[bool]) -> dict[str, float]:
    """The threshold with the highest F1, positive being different: below it."""
    ranked = sorted(zip(similarities, is_different, strict=True))
    positive = sum(is_different)
    best = {"f1": 0.0, "precision": 0.0, "recall": 0.0, "threshold": 0.0}
    found = 0
    for flagged, (similarity, different) in enumerate(ranked, 1):
        found += different
        following = ranked[flagged][0] if flagged < len(ranked) else float("inf")
        f1 = 2 * found / (flagged + positive)
        if following > similarity and f1 > best["f1"]:
            threshold = min(following, 1.0 + 10**-_DIGITS)
            best = {"f1": f1, "precision": found / flagged, "recall": found / positive, "threshold": threshold}
    return {name: round(value, _DIGITS) for name, value in best.items()}
