"""Findings beside own rows as JSON, for ``--json`` and for files: one by one, or all of them at once.

At once, what findings share is written once for each kind of finding, and the columns of a row are taken over as the
vault has them, which is JSON already.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

from keys.native import split
from matcher.agency.reveal.findings import OwnFinding, OwnFindings, own_handle, own_handles
from matcher.protocol.merkle import HASH_SIZE

_DECODER = json.JSONDecoder()


def as_json(item: OwnFinding, party: str) -> dict[str, Any]:
    """One finding beside the agency's own row: ``row_id`` and ``columns`` are of the agency's own file."""
    finding = item.listed.finding
    return {
        "id": item.listed.finding_id.hex(),
        "row_id": item.row.row_id,
        "link_column": item.row.link_column,
        "columns": dict(item.row.columns),
        "handle": own_handle(finding, party).hex(),
        "other_party": finding.answering if finding.asking == party else finding.asking,
        "matched": item.matched,
        "codes": list(finding.codes),
        "texts": list(item.texts),
        "state": item.listed.state,
        "since": item.listed.since,
    }


def json_items(own: OwnFindings) -> Iterator[str]:
    """The same of each finding, as text."""
    listed = own.listed
    asking = listed.columns.asking
    shared = [
        _shared(kind.answering if asking == own.party else asking, bool(kind.answering), kind.codes, texts)
        for kind, texts in zip(listed.columns.kinds, own.texts, strict=True)
    ]
    ids, handles = split(listed.ids.tobytes(), HASH_SIZE), own_handles(listed, own.party)
    for place in own.order:
        row = own.sent[place]
        yield (
            f'{{"id": "{ids[place].hex()}", "row_id": {encode_basestring(row.row_id.decode())}, '
            f'"link_column": {encode_basestring(row.link_column.decode())}, "columns": {_columns(row.content)}, '
            f'"handle": "{handles[place].hex()}", {shared[own.numbers[place]]}, '
            f'"state": {encode_basestring(listed.states[place])}, "since": {listed.since[place]}}}'
        )


def _shared(other_party: str, matched: bool, codes: tuple[str, ...], texts: tuple[str, ...]) -> str:
    fields = {"other_party": other_party, "matched": matched, "codes": codes, "texts": texts}
    return json.dumps(fields, ensure_ascii=False)[1:-1]


def _columns(content: bytes) -> str:
    """The second value of ``[values, columns]``, as it stands there."""
    text = content.decode()
    _values, end = _DECODER.raw_decode(text, 1)
    return text[text.index(",", end) + 1 : -1]
