"""The order of rows and the repeats of a token, over a whole chunk (chunks.py).

A sort key is token then handle, 32 bytes; here four numbers, most significant first, so that comparing is arithmetic.
Before the keys of a chunk stands the last one of the chunk before, if there was one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.protocol.suite import TOKEN_SIZE

_WORD = 8
_TOKEN_WORDS = TOKEN_SIZE // _WORD


class Keys(NamedTuple):
    """``words``: of each row, four columns. ``offset``: 1 if the first row is the last one of the chunk before."""

    words: npt.NDArray[np.uint64]
    offset: int


def keys(sort_keys: npt.NDArray[np.uint8], previous: bytes) -> Keys:
    """The keys of a chunk, 32 bytes each, behind ``previous``, which is empty at the beginning of an upload."""
    data = previous + sort_keys.tobytes()
    words = np.frombuffer(data, ">u8").reshape(-1, sort_keys.shape[1] // _WORD).astype(np.uint64)
    return Keys(words, len(words) - len(sort_keys))


def first_unordered(found: Keys) -> int | None:
    """The first row of the chunk that is not greater than the row before it."""
    words = found.words
    # Tokens are random: almost always the first word decides, and only the rest is asked again.
    undecided = np.flatnonzero(words[1:, 0] <= words[:-1, 0])
    left, right = words[undecided], words[undecided + 1]
    ascends: npt.NDArray[np.bool_] = np.zeros(len(undecided), np.bool_)
    for place in reversed(range(words.shape[1])):
        ascends = (left[:, place] < right[:, place]) | ((left[:, place] == right[:, place]) & ascends)
    wrong = undecided[~ascends]
    return int(wrong[0]) + 1 - found.offset if len(wrong) else None


def repeats(found: Keys, is_put: npt.NDArray[np.bool_], before: int) -> npt.NDArray[np.int64]:
    """For each row of the chunk, how many rows of its token are put up to it; ``before``: of the row before."""
    tokens = found.words[:, :_TOKEN_WORDS]
    begins: npt.NDArray[np.bool_] = np.ones(len(tokens), np.bool_)
    begins[1:] = (tokens[1:] != tokens[:-1]).any(axis=1)
    puts: npt.NDArray[Any] = np.zeros(len(tokens), np.int64)
    puts[: found.offset] = before
    puts[found.offset :] = is_put
    total = np.cumsum(puts)
    # What was counted before the row's run of equal tokens began.
    earlier = np.where(begins, total - puts, 0)
    counted: npt.NDArray[np.int64] = (total - np.maximum.accumulate(earlier))[found.offset :]
    return counted
