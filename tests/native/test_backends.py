"""Record secrets by the native crate are, bit for bit, those of the portable path, in both modes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import native, oprf
from keys.errors import BackendError, ElementError
from matcher.agency.blind.sources import GroupSource
from matcher.protocol import suite

crate = native.module() or pytest.skip(
    "the native crate is not installed: `make setup` builds it where cargo is", allow_module_level=True
)


@given(inputs=st.lists(st.binary(max_size=300), min_size=1, max_size=8), seed=st.binary(min_size=32, max_size=32))
def test_record_secrets_are_the_same(inputs: list[bytes], seed: bytes) -> None:
    secret, public = oprf.derive_key_pair(seed, b"info")
    one_by_one = [oprf.evaluate(secret, message) for message in inputs]  # never by the crate
    assert oprf.evaluate_batch(secret, inputs) == one_by_one
    blinds, blinded = oprf.blind_batch(inputs)
    evaluated = oprf.blind_evaluate(secret, public, blinded)
    assert oprf.finalize_batch(inputs, blinds, evaluated) == one_by_one


@pytest.mark.parametrize("bad", [bytes(32), b"\xff" * 32, bytes((1,)) + bytes(31)])
def test_what_is_no_element_is_refused_by_its_index(bad: bytes) -> None:
    secret, public = oprf.derive_key_pair(bytes(32), b"info")
    _blinds, blinded = oprf.blind_batch([b"a", b"b"])
    with pytest.raises(ElementError, match="blinded element 2") as error:
        oprf.blind_evaluate(secret, public, blinded + bad)
    assert error.value.index == 2


def test_group_secrets_are_the_same() -> None:
    prefix, values = suite.link_prefix("a", "account"), [b"", b"6222", "账号".encode() * 40]
    expected = GroupSource(prefix, bytes(32)).secrets(values)
    made = crate.hmac_evaluate(bytes(32), *native.column(values), prefix=prefix)
    assert native.split(made, 64) == expected


def test_a_backend_is_chosen_and_never_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, name in (("portable", "portable"), ("native", "native"), ("", "native")):
        native.module.cache_clear()
        monkeypatch.setenv(native.VARIABLE, value)
        assert native.name() == name
    native.module.cache_clear()
    monkeypatch.setenv(native.VARIABLE, "fast")
    with pytest.raises(BackendError, match="neither"):
        native.name()
    native.module.cache_clear()
    monkeypatch.delenv(native.VARIABLE)
    monkeypatch.setattr(native.importlib, "import_module", _broken)
    with pytest.raises(BackendError, match="cannot be loaded"):
        native.name()
    monkeypatch.setattr(native.importlib, "import_module", lambda _name: SimpleNamespace(interface="0" * 16))
    with pytest.raises(BackendError, match="another version"):
        native.name()
    monkeypatch.undo()
    native.module.cache_clear()


def test_the_crate_is_the_one_this_program_was_written_for() -> None:
    stub = Path(__file__).parents[2] / "native" / "concordat_native.pyi"
    assert hashlib.sha256(stub.read_bytes()).hexdigest()[:16] == native.INTERFACE == crate.interface


def _broken(_name: str) -> None:
    raise ImportError("a symbol is missing")
