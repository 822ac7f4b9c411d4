"""How fast names are encoded and encodings compared, on one core, by the portable path.

Processor time of this process, so that other work on the machine does not count; the best of a few rounds. Encoding is
of unique names with nothing kept from before: normalised, split, blinded under a record's own comparison key.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

from matcher.protocol import names, normalise
from matcher.protocol.agreement.model import Field
from matcher.protocol.vector import VectorLayout

_ROUNDS = 5
_PAIRS, _PAIRS_AT_WORST = 100_000, 10_000
_WARM = "四川瑞衡建筑工程有限公司"
_WORST = ("瑞衡科技", "四川瑞衡信息科技股份有限公司")


def _keys(count: int) -> list[bytes]:
    return [hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(count)]


def encoding(unique: Sequence[str]) -> float:
    """Unique names encoded a second."""
    layout, keys = VectorLayout((Field("holder", "company-name"),)), _keys(len(unique))
    layout.encode(keys[0], (_WARM,))
    best = float("inf")
    for _ in range(_ROUNDS):
        names.forget()
        normalise.company_name.cache_clear()
        started = time.process_time()
        layout.encode_columns(keys, [[normalise.company_name(name) for name in unique]])
        best = min(best, time.process_time() - started)
    return len(unique) / best


def comparing(pairs: Sequence[tuple[str, str]], enough: int) -> float:
    """Pairs compared a second: each pair's own two encodings, the pairs repeated to some ``enough``."""
    times = max(1, enough // len(pairs))
    keys = _keys(len(pairs))
    left = [names.encode(key, pair[0]) for key, pair in zip(keys, pairs, strict=True)] * times
    right = [names.encode(key, pair[1]) for key, pair in zip(keys, pairs, strict=True)] * times
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        names.compare_columns(left, right)
        best = min(best, time.process_time() - started)
    return len(left) / best


def measure(pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Both figures, with what they are of."""
    unique = list(dict.fromkeys(name for pair in pairs for name in pair))
    return {
        "clock": f"processor time of one process, best of {_ROUNDS}",
        "unique_names": len(unique),
        "names_encoded_per_second": round(encoding(unique)),
        "pairs_compared_per_second": round(comparing(pairs, _PAIRS)),
        # None of these is settled by whole columns: each is decided by itself.
        "pairs_compared_per_second_at_worst": round(comparing([_WORST], _PAIRS_AT_WORST)),
    }
