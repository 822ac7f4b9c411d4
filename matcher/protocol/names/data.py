"""The packaged knowledge of names (characters, sounds, regions, trades, forms, tails) and the digest that pins it.

splits.tsv holds names and their parts: a program that splits otherwise fails its tests, or has another digest.

Both sides must split a name alike, so the matching file names the digest of exactly these bytes (design section 4,
"Digests"). The files say themselves where they come from. This module reads; fold, regions, trades and split use.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

FILES = (
    "characters.tsv", "pinyin.tsv", "regions.tsv", "trades.tsv", "legal_forms.tsv", "tails.tsv", "aliases.tsv",
    "splits.tsv",
)  # fmt: skip
_DIGEST_LABEL = b"concordat-v1 name data"


def content(name: str) -> bytes:
    """The exact bytes of one of ``FILES``."""
    return (files("matcher.protocol.names") / "data" / name).read_bytes()


@cache
def data_digest() -> bytes:
    """SHA-256 over the label, then the SHA-256 of each of ``FILES`` in that order."""
    digest = hashlib.sha256(_DIGEST_LABEL)
    for name in FILES:
        digest.update(hashlib.sha256(content(name)).digest())
    return digest.digest()


@cache
def rows(name: str) -> list[list[str]]:
    """The rows of one file, its comment lines left out. Not to be changed: they are read once."""
    return [line.split("\t") for line in content(name).decode().splitlines() if not line.startswith("#")]


def numbered(name: str) -> dict[str, int]:
    """Every spelling in a file of entries, mapped to the entry's number: its place in the file, from 1."""
    numbers: dict[str, int] = {}
    for number, (entry, spellings, *_) in enumerate(rows(name), 1):
        for spelling in (entry, *spellings.split()):
            numbers[spelling] = number
    return numbers
