"""Where a passphrase comes from, in which order, and what is refused."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keys import passphrase
from keys.errors import DamagedKeyError, MissingKeyError, NoPassphraseError, PermissionsError

Source = Callable[..., str]


def of_wang(file: Path | None, **options: passphrase.Ask | None) -> str:
    return passphrase.of_person("wang", file, **options)


def new_of_wang(file: Path | None, **options: passphrase.Ask | None) -> str:
    return passphrase.new_of_person("wang", file, **options)


PARTY_SOURCES = [passphrase.of_party, passphrase.new_of_party]
PERSON_SOURCES = [of_wang, new_of_wang]
SOURCES = PARTY_SOURCES + PERSON_SOURCES


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(passphrase.PARTY_VARIABLE, raising=False)
    monkeypatch.delenv(passphrase.PERSON_VARIABLE, raising=False)


class Asked:
    """A person who answers prompts in turn."""

    def __init__(self, *answers: str) -> None:
        self.prompts: list[str] = []
        self._answers = iter(answers)

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return next(self._answers)


def private(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"word", "word"),
        (b"word\n", "word"),
        (b"word\r\n", "word"),
        (b" two words \n", " two words "),
        (b"w\n\n", "w\n"),
    ],
)
def test_a_file_without_its_line_break(tmp_path: Path, source: Source, data: bytes, expected: str) -> None:
    assert source(private(tmp_path / "file", data)) == expected


@pytest.mark.parametrize("source", SOURCES)
def test_a_file_that_will_not_do(tmp_path: Path, source: Source) -> None:
    for data in (b"", b"\n", b"\r\n"):
        with pytest.raises(NoPassphraseError, match="empty"):
            source(private(tmp_path / "file", data))
    with pytest.raises(DamagedKeyError, match="UTF-8"):
        source(private(tmp_path / "file", b"\xff"))
    with pytest.raises(MissingKeyError):
        source(tmp_path / "nothing")
    private(tmp_path / "file", b"word").chmod(0o644)
    with pytest.raises(PermissionsError, match="0644"):
        source(tmp_path / "file")


@pytest.mark.parametrize(
    ("variable", "own", "others"),
    [
        ("CONCORDAT_PASSPHRASE", PARTY_SOURCES, PERSON_SOURCES),
        ("CONCORDAT_PERSON_PASSPHRASE", PERSON_SOURCES, PARTY_SOURCES),
    ],
)
def test_each_has_an_environment_variable_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, own: list[Source], others: list[Source]
) -> None:
    monkeypatch.setenv(variable, "from the environment")
    for source in own:
        assert source(None) == "from the environment"
        assert source(private(tmp_path / "file", b"from the file")) == "from the file"
    for source in others:
        assert source(None, ask=Asked("asked", "asked")) == "asked"
    monkeypatch.setenv(variable, "")
    for source in own:
        with pytest.raises(NoPassphraseError, match=variable):
            source(None, ask=Asked("asked", "asked"))


@pytest.mark.parametrize(("source", "times"), list(zip(SOURCES, [1, 2, 1, 2], strict=True)))
def test_the_prompt_asks_twice_when_keys_are_made(source: Source, times: int) -> None:
    asked = Asked("word", "word")
    assert source(None, ask=asked) == "word"
    assert len(asked.prompts) == times
    assert all(prompt.endswith(": ") for prompt in asked.prompts)


def test_a_person_is_named_in_the_prompt() -> None:
    asked = Asked("word", "word")
    new_of_wang(None, ask=asked)
    assert all("wang" in prompt for prompt in asked.prompts)


@pytest.mark.parametrize("source", [passphrase.new_of_party, new_of_wang])
def test_two_different_answers_create_nothing(source: Source) -> None:
    with pytest.raises(NoPassphraseError, match="differ"):
        source(None, ask=Asked("word", "wrod"))


@pytest.mark.parametrize("source", SOURCES)
def test_an_empty_answer_is_refused(source: Source) -> None:
    with pytest.raises(NoPassphraseError, match="empty"):
        source(None, ask=Asked("", ""))


@pytest.mark.parametrize("source", SOURCES)
def test_without_a_terminal_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch, source: Source) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("word\n"))
    with pytest.raises(NoPassphraseError, match="no terminal") as caught:
        source(None)
    assert "--passphrase-file" in caught.value.remedy


@pytest.mark.parametrize(("source", "times"), list(zip(SOURCES, [1, 2, 1, 2], strict=True)))
def test_at_a_terminal_the_answer_is_not_echoed(monkeypatch: pytest.MonkeyPatch, source: Source, times: int) -> None:
    asked = Asked("word", "word")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(passphrase.getpass, "getpass", asked)
    assert source(None) == "word"
    assert len(asked.prompts) == times
