"""What a worker holds for one submission: the flow's layout, the keys, the source of record secrets, the old rows.

A Setup crosses to the workers once, over their own socket, so it holds keys as plain bytes and hides them from repr.
A Context is made of it there; nothing in it changes from task to task.
"""

from __future__ import annotations

import pickle
import sqlite3
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from keys import native
from matcher.agency.blind.handles import Handles
from matcher.agency.blind.native_bucket import NativeBuckets
from matcher.agency.blind.portable_bucket import PortableBuckets
from matcher.agency.blind.sources import Source
from matcher.agency.records.compiled import BlockForm, BlockReader, Naming
from matcher.agency.records.plan import Layout
from matcher.agency.records.records import RecordReader
from matcher.agency.submit.buckets import BucketFiles
from matcher.agency.vault.rows import previous_blocks
from matcher.agency.vault.schema import connect_read_only
from matcher.protocol import rows, suite
from matcher.protocol.agreement.model import Column, Field, Side
from matcher.protocol.errors import StateError

if TYPE_CHECKING:
    from matcher.agency.blind.amending import Amending


@dataclass(frozen=True, slots=True)
class Setup:
    """One submission, for the workers. ``scope`` and ``number`` are the vault's; older numbers are all sealed.

    ``exhausted`` are tags (tagged.link_tag) of link values that got as many versions as a period allows. ``amending``
    is a pickled Amending: most workers need none, and its modules take as long to load as ten thousand rows.
    """

    matching_digest: bytes
    flow: str
    period: str
    side: Side
    party: str
    normaliser: str
    fields: tuple[Field, ...]
    columns: tuple[Column, ...]
    vault: Path
    scope: int
    number: int
    exhausted: frozenset[bytes]
    amending: bytes
    source: Source = field(repr=False)
    handle_key: bytes = field(repr=False)


class Context:
    """What tasks read."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.source = setup.source
        names = (setup.matching_digest, setup.flow, setup.period)
        self.handles = Handles(setup.handle_key, suite.handle_prefix(*names))
        self._naming = Naming(setup.handle_key, suite.handle_prefix(*names), setup.side == "asking")
        self._block_readers: dict[int, BlockReader] = {}
        self._files: dict[Path, BucketFiles] = {}
        shared = (
            setup.fields, setup.columns, setup.side, setup.source, suite.record_info(*names),
            rows.row_aad_prefix(*names, setup.side, setup.party),
        )  # fmt: skip
        crate = native.module()
        self.buckets: PortableBuckets | NativeBuckets = (
            PortableBuckets(*shared) if crate is None else NativeBuckets(crate, *shared)
        )

    def get_ready(self) -> None:
        """Make now what blinding would wait for, beside the reading of rows."""
        if isinstance(self.buckets, NativeBuckets):
            self.buckets.get_ready()

    def again(self) -> Context:
        """The same for another thread, before this one is used: with its own readers and connections to databases."""
        other = copy(self)
        other._block_readers = {}
        other.source = copy(self.source)
        other.buckets = self.buckets.reading(other.source)
        return other

    @lru_cache(maxsize=64)  # noqa: B019 - a worker has one context, for its whole life
    def reader(self, present: tuple[int, ...], units: tuple[str, ...]) -> RecordReader:
        """The reader of one file's rows."""
        return RecordReader(Layout(self.setup.columns, self.setup.fields, self.setup.normaliser), present, units)

    def block_reader(self, file: int, form: BlockForm) -> BlockReader:
        """The crate's reader of text file number ``file``. Raises StateError where there is no crate."""
        reader = self._block_readers.get(file)
        if reader is None:
            if (crate := native.module()) is None:
                raise StateError("this text file is read row by row")
            layout = Layout(self.setup.columns, self.setup.fields, self.setup.normaliser)
            reader = BlockReader(crate, form, layout, self._naming, lambda name: self.amending.term(name))
            self._block_readers[file] = reader
        return reader

    def files(self, directory: Path) -> BucketFiles:
        """The bucket files of ``directory``, which all threads of a process have open once."""
        return self._files.setdefault(directory, BucketFiles(directory))

    def close(self) -> None:
        """Close the bucket files."""
        for files in self._files.values():
            files.close()

    @cached_property
    def amending(self) -> Amending:
        """What changes rows before they become records."""
        amending: Amending = pickle.loads(self.setup.amending)  # noqa: S301 - from our own parent
        return amending

    @cached_property
    def _vault(self) -> sqlite3.Connection:
        return connect_read_only(self.setup.vault)

    def previous(self, blocks: range) -> list[bytes]:
        """Those of the vault's ``blocks`` that hold what was sent before in this flow and period, older ones first."""
        return previous_blocks(self._vault, self.setup.scope, self.setup.number, blocks)
