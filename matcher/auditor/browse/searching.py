"""Words for full-text search in two scripts: each Chinese character is a word of its own, so two of them are found.

SQLite's own tokenizers take a run of Chinese for one word, or need three characters.
"""

from __future__ import annotations

import re

_CHINESE = re.compile(r"([\u3400-\u9fff\uf900-\ufaff])")
_WORDS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W\u3400-\u9fff\uf900-\ufaff]+")


def indexed(text: str) -> str:
    """``text`` as it goes into the index."""
    return _CHINESE.sub(r" \1 ", text)


def query(text: str) -> str:
    """The FTS5 query that finds every word of ``text``: Chinese runs as they stand, others by how they begin.

    Empty where ``text`` has no word. What a person types is never read as FTS5's own syntax.
    """
    parts = []
    for word in _WORDS.findall(text):
        parts.append(f'"{indexed(word).strip()}"' if _CHINESE.match(word) else f'"{word}"*')
    return " ".join(parts)
