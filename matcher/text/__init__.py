"""What people read, in English and Chinese. English source text is the key; ``zh.toml`` holds the translations.

The language is fixed once per process, before commands are built, because help texts are translated at import:
``--lang``, then CONCORDAT_LANG, then the locale. A text without translation is shown in English; a test finds those.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources

LANGUAGES = ("en", "zh")
_speaking: ContextVar[str] = ContextVar("speaking", default="")


def language() -> str:
    """``en`` or ``zh``: what ``speaking`` says here, else the process's."""
    return _speaking.get() or _of_process()


@contextmanager
def speaking(chosen: str) -> Iterator[None]:
    """Texts are in the language ``chosen`` inside: for a page, whose reader chooses at each request."""
    token = _speaking.set(_known(chosen))
    try:
        yield
    finally:
        _speaking.reset(token)


@cache
def _of_process() -> str:
    """From the command line, the environment or the locale."""
    arguments = sys.argv[1:]
    for position, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return _known(argument.removeprefix("--lang="))
        if argument == "--lang" and position + 1 < len(arguments):
            return _known(arguments[position + 1])
    for variable in ("CONCORDAT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return _known(value)
    return "en"


def _known(value: str) -> str:
    return "zh" if value.lower().startswith("zh") else "en"


@cache
def catalogue() -> dict[str, str]:
    """English text to Chinese text."""
    data = tomllib.loads(resources.files(__name__).joinpath("zh.toml").read_text(encoding="utf-8"))
    texts = data["texts"]
    return {str(entry["en"]): str(entry["zh"]) for entry in texts}


def _(text: str, **values: object) -> str:
    """``text`` in the process's language, then ``str.format`` with ``values`` if any are given."""
    shown = catalogue().get(text, text) if language() == "zh" else text
    return shown.format(**values) if values else shown


@cache
def _error_patterns() -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile("(.*?)".join(re.escape(part) for part in english.split("{}")), re.DOTALL), chinese)
        for english, chinese in sorted(catalogue().items(), key=lambda item: -len(item[0]))
        if "{}" in english
    ]


def error_text(message: str) -> str:
    """An error's message or remedy in the process's language.

    The pure layers raise in English, with ids and counts already in the sentence; its translation is found by the
    sentence's pattern, in which ``{}`` stands for each of them; the longest pattern that fits is the closest.
    """
    if language() != "zh" or message in catalogue():
        return _(message)
    for pattern, chinese in _error_patterns():
        if found := pattern.fullmatch(message):
            return chinese.format(*found.groups())
    return message
