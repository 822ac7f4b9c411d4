"""What stands in the vault after some submissions, row by row and all at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from matcher.agency.vault.blocks import SentRow, pack_blocks, unpack_blocks, unpack_newest, unpack_rows
from matcher.protocol.rows import DELETE, PUT

_handles = [bytes((number, 0)) + bytes(14) for number in (0, 1, 128, 255)]
_texts = st.binary(max_size=4)
_rows = st.builds(
    SentRow, st.sampled_from(_handles), st.sampled_from((PUT, PUT, DELETE)), _texts, _texts, _texts, _texts,
    st.just(b"t" * 16), st.just(b"l" * 32),
)  # fmt: skip
_submissions = st.lists(st.lists(_rows, max_size=6, unique_by=lambda row: row.handle), max_size=4)


@given(submissions=_submissions, wanted=st.sets(st.sampled_from(_handles[:3])))
def test_what_stands_is_what_the_last_version_says(submissions: list[list[SentRow]], wanted: set[bytes]) -> None:
    blocks = [block.rows for sent in submissions for block in unpack_blocks(pack_blocks(sent))]
    standing: dict[bytes, SentRow] = {}
    for row in unpack_rows(blocks):
        standing.pop(row.handle, None)
        if row.op == PUT:
            standing[row.handle] = row
    row_ids, sent = unpack_newest(blocks, wanted)
    assert row_ids == {handle: row.row_id for handle, row in standing.items()}
    assert sent == {handle: row for handle, row in standing.items() if handle in wanted}
