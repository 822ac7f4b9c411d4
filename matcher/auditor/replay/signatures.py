"""The signatures of checks 7 and 8: put aside entry by entry, and verified together.

No other check depends on whether one verifies, so nothing waits for it: a wrong signature is a failure of its own.
"""

from __future__ import annotations

from keys import verifying
from keys.errors import SignatureError
from matcher.auditor.checks import CheckFailed


class Signatures:
    """Signatures whose verification is still to come."""

    def __init__(self) -> None:
        self._pending = verifying.Pending()
        self._whose: list[tuple[int, int, str]] = []

    def put_aside(self, number: int, index: int, key: bytes, signature: bytes, data: bytes, who: str) -> None:
        """Take a signature of ``who`` in entry ``index``, for check ``number``.

        Raises CheckFailed at once where key or signature is of a wrong length.
        """
        try:
            self._pending.add(key, signature, data)
        except SignatureError as error:
            raise CheckFailed(number, _reason(who)) from error
        self._whose.append((number, index, who))

    def settle(self) -> list[tuple[int, CheckFailed]]:
        """Verify all that were put aside: (index, failure) of those that do not."""
        whose, self._whose = self._whose, []
        return [
            (index, CheckFailed(number, _reason(who)))
            for number, index, who in (whose[place] for place in self._pending.refused())
        ]


def _reason(who: str) -> str:
    return f"the signature of {who} does not verify"
