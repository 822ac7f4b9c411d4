"""The agreement's two TOML files into values (design section 4, "Digests").

The digest is of the exact bytes given, so callers pass what they read from disk or wire, never text they rebuilt.
Every refusal is an AgreementError that names the path in the file; docs/agreement.md lists the fields.
"""

from __future__ import annotations

from matcher.protocol.agreement import agreement_file, matching_file
from matcher.protocol.agreement.model import Agreement, Matching


def parse_matching(data: bytes) -> Matching:
    """The matching file in ``data``. Raises AgreementError."""
    return matching_file.parse(data)


def parse_agreement(data: bytes, matching: Matching) -> Agreement:
    """The agreement file in ``data``, which must belong to ``matching``. Raises AgreementError."""
    return agreement_file.parse(data, matching)


def parse_both(matching_data: bytes, agreement_data: bytes) -> Agreement:
    """Both files at once. Raises AgreementError."""
    return parse_agreement(agreement_data, parse_matching(matching_data))
