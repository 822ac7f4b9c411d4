"""A secret must not get out by accident."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from keys.errors import KeyFileError, ReceivedError
from keys.hpke import EncryptionKey
from keys.secret import Secret, raw
from keys.signing import SigningKey

VALUE = b"a secret value 0123456789"


def test_a_secret_does_not_print() -> None:
    secret = Secret(VALUE)
    for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{secret!a}"):
        assert "0123456789" not in text
        assert VALUE.hex() not in text
        assert "secret" in text


def test_a_secret_in_a_traceback_does_not_print() -> None:
    secret = Secret(VALUE)
    try:
        raise ValueError(secret)
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "Secret(<secret>)" in shown
    assert "secret = Secret" in shown
    assert "secret value" not in shown


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps([Secret(VALUE)], protocol)


def test_a_secret_is_not_copied_hashed_or_read_as_bytes() -> None:
    secret = Secret(VALUE)
    for call in (copy.copy, copy.deepcopy, hash, bytes, list):
        with pytest.raises(TypeError):
            call(secret)
    with pytest.raises(AttributeError):
        secret.other = 1  # type: ignore[attr-defined]


def test_secrets_compare_by_value_and_with_secrets_only() -> None:
    assert Secret(VALUE) == Secret(bytearray(VALUE))
    assert Secret(VALUE) != Secret(VALUE[:-1])
    assert Secret(VALUE) != VALUE
    assert len(Secret(VALUE)) == len(VALUE)


def test_a_secret_is_revealed_by_name() -> None:
    assert Secret(VALUE).reveal() == raw(Secret(VALUE)) == raw(VALUE) == VALUE


def test_a_key_is_not_pickled_either() -> None:
    for key in (SigningKey.generate(), EncryptionKey.generate()):
        with pytest.raises(TypeError):
            pickle.dumps(key)


def test_every_error_has_a_code_of_its_own() -> None:
    for root in (KeyFileError, ReceivedError):
        tree = [root, *root.__subclasses__()]
        assert len({error.code for error in tree}) == len(tree)
        assert all(error.__doc__ for error in tree)
