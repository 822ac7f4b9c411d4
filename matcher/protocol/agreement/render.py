"""Filling in a template of the agreement's files: text for text, so comments and layout stay as the lawyers left them.

A template holds placeholders ``@{name}``. Whatever stands in a comment stays, filled in or not.

    @{data.normaliser_vectors}, @{data.name_data}   digests of the program's own data
    @{link.KIND.mode}, @{link.KIND.key}             "oprf" or "hmac"; the line public_key = "…" or group_key_id = "…"
    @{matching}                                     digest of the finished matching file
    @{root.PARTY}                                   a party's signing root, from its card
    @{log.origin}, @{log.key}                       the service's log, from service.json

The result is parsed like any other file: a template proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from matcher.protocol.errors import AgreementError

_PLACEHOLDER = re.compile(r"@\{([^{}\n]*)\}")
# Nothing that could end a TOML string or line, so a value cannot bring clauses of its own.
_PLAIN = re.compile(r"[A-Za-z0-9+/=.:_-]+")


def key_line(mode: str, key: bytes) -> str:
    """What ``@{link.KIND.key}`` stands for: a public key (mode oprf) or a group-key id (mode hmac), 32 bytes."""
    return f'{"public_key" if mode == "oprf" else "group_key_id"} = "{key.hex()}"'


def fill(template: bytes, values: Mapping[str, str], lines: Mapping[str, str]) -> bytes:
    """``template`` with every placeholder outside comments replaced.

    ``values`` stand inside quotes and may hold letters, digits and ``+/=.:_-`` only; ``lines`` are lines made by
    ``key_line``. Raises AgreementError for a placeholder without value, and for a value with other characters.
    """
    for name, value in values.items():
        if not _PLAIN.fullmatch(value):
            raise AgreementError(f"template: the value for {name} holds characters that a TOML string cannot take")
    known = {**values, **lines}

    def replace(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise AgreementError(
                f"template: nothing is given for placeholder @{{{found[1]}}}",
                remedy=f"Known here: {', '.join(sorted(known))}.",
            )
        return known[found[1]]

    try:
        text = template.decode()
    except UnicodeDecodeError as error:
        raise AgreementError("template: it is not UTF-8") from error
    filled = []
    for line in text.split("\n"):
        clause, mark, comment = line.partition("#")
        filled.append(_PLACEHOLDER.sub(replace, clause) + mark + comment)
    return "\n".join(filled).encode()
