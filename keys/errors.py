"""The two error trees of the keys package: what is wrong with a key file, and what is wrong with received bytes.

A key file error reaches the person at the terminal as it is: ``code`` is stable, ``remedy`` says what to do next.
A received error names what another party sent and is refused; the matcher turns it into its own verification
error. No message carries a secret, a passphrase or an element's bytes.
"""

from __future__ import annotations


class KeyFileError(Exception):
    """Root of what can be wrong with keys on disk, or with the passphrase for them. Nothing was changed."""

    code = "keys"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class WrongPassphraseError(KeyFileError):
    """The passphrase is not the one these keys were sealed under: try again, or find the right one."""

    code = "keys-passphrase"


class NoPassphraseError(KeyFileError):
    """No usable passphrase was given: use the prompt, a passphrase file or the environment variable named."""

    code = "keys-no-passphrase"


class PermissionsError(KeyFileError):
    """Others may read or change a secret file: narrow its permissions as the remedy says."""

    code = "keys-permissions"


class DamagedKeyError(KeyFileError):
    """A key file is truncated, altered or of an unknown format: restore it from the backup."""

    code = "keys-damaged"


class MissingKeyError(KeyFileError):
    """A key is not there: check the directory, restore the backup, or create the key."""

    code = "keys-missing"


class ExistsError(KeyFileError):
    """Something stands where a key would be written. It was left as it is: choose another place."""

    code = "keys-exist"


class BackendError(KeyFileError):
    """The native backend is asked for and not there, or there and broken: install it again, or do without it."""

    code = "keys-backend"


class ReceivedError(ValueError):
    """Root of what is refused in bytes that another party sent, or that were handed in wrongly."""

    code = "received"


class ElementError(ReceivedError):
    """A group element is not canonical or is the identity; ``index`` is its place in the batch, from 0, or None."""

    code = "element"

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class ScalarError(ReceivedError):
    """A scalar is not canonical, or zero where it must not be."""

    code = "scalar"


class CountError(ReceivedError):
    """A batch is empty, too large, of a broken length, or not as long as the batch it belongs to."""

    code = "count"


class ProofError(ReceivedError):
    """A proof does not show that the committed key made the evaluation: trust nothing of this answer."""

    code = "proof"


class SealError(ReceivedError):
    """Sealed bytes do not open under this key and context: altered, cut, or meant for another key."""

    code = "seal"


class SignatureError(ReceivedError):
    """A signature is not of the key it names: what it covers was altered, or never signed by that key."""

    code = "signature"
