"""Every step that makes something durable, found by watching the primitives, so that no table of them can go stale.

A step is a SQLite commit, an fsync, a rename, a link, an unlink, a new directory, or a file opened for writing, below
the watched directory. ``Steps`` counts them; with ``at`` it makes one of them go wrong in one of three forms: it fails
and has done nothing, it fails though it was done, or the process is killed there (before it, or right after it).
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from unittest import mock

Form = Literal["failed", "persisted", "killed before", "killed after"]
IN_PROCESS: tuple[Form, ...] = ("failed", "persisted")
KILLS: tuple[Form, ...] = ("killed before", "killed after")
_COMMITS = frozenset(("COMMIT", "END"))
_CHANGES = frozenset(("INSERT", "UPDATE", "DELETE", "REPLACE"))  # without a transaction each commits by itself
_WRITING = frozenset("wax+")


class Faulty(OSError):
    """What the broken step raises: an input/output error, as from a disk that fails."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "a step that was made to fail")


@dataclass
class Steps:
    """Steps below ``watched``; ``at`` counts from 0, None breaks none. ``names`` says what each was.

    ``dying`` is called right before the process is killed.
    """

    watched: Path
    at: int | None = None
    form: Form = "failed"
    dying: Callable[[], None] = lambda: None
    names: list[str] = field(default_factory=list)
    broken: bool = False
    counting: threading.Lock = field(default_factory=threading.Lock)  # some steps are done by threads beside
    places: set[str] = field(default_factory=set)  # module:function of whoever was under way at a step

    @contextmanager
    def watching(self) -> Iterator[Steps]:
        """Watch this process while the block runs."""
        patches = [
            mock.patch.object(os, name, self._wrapped(name, getattr(os, name)))
            for name in ("fsync", "replace", "rename", "link", "unlink", "mkdir", "rmdir")
        ]
        patches += [
            mock.patch.object(io, "open", self._opening(io.open)),
            mock.patch.object(builtins, "open", self._opening(builtins.open)),
            mock.patch.object(os, "open", self._os_opening(os.open)),
            mock.patch.object(sqlite3, "connect", self._connecting(sqlite3.connect)),
        ]
        for patch in patches:
            patch.start()
        try:
            yield self
        finally:
            for patch in reversed(patches):
                patch.stop()

    def step(self, name: str, path: object, do: Callable[[], Any]) -> Any:
        """One step on ``path``: count it, and do it unless it is the one that goes wrong."""
        if not self._is_watched(path):
            return do()
        with self.counting:
            number = len(self.names)
            self.names.append(f"{name} {_short(path)}")
        self.places |= set(_under_way())
        if number != self.at:
            return do()
        self.broken = True
        if self.form == "killed before":
            self._die()
        try:
            result = None if self.form == "failed" else do()
        finally:
            if self.form == "killed after":
                self._die()
        if name.startswith(("open", "create")) and result is not None:
            os.close(result) if isinstance(result, int) else result.close()
        raise Faulty

    def _die(self) -> None:
        self.dying()
        os.kill(os.getpid(), signal.SIGKILL)

    def _is_watched(self, path: object) -> bool:
        text = _path(path)
        return text.startswith(str(self.watched)) and not text.endswith(".log")

    def _wrapped(self, name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(first: Any, *rest: Any, **options: Any) -> Any:
            target: Any = first
            if isinstance(directory := options.get("dir_fd"), int):
                target = Path(_path(directory)) / os.fsdecode(first)
            return self.step(name, target, lambda: do(first, *rest, **options))

        return wrapped

    def _opening(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if not _WRITING & set(mode):
                return do(file, mode, *rest, **options)
            return self.step("open", file, lambda: do(file, mode, *rest, **options))

        return wrapped

    def _os_opening(self, do: Callable[..., int]) -> Callable[..., int]:
        def wrapped(path: Any, flags: int, *rest: Any, **options: Any) -> int:
            if not flags & os.O_CREAT:
                return do(path, flags, *rest, **options)
            opened: int = self.step("create", path, lambda: do(path, flags, *rest, **options))
            return opened

        return wrapped

    def _connecting(self, do: Callable[..., Any]) -> Callable[..., Any]:
        steps = self

        def connect(database: Any, *rest: Any, **options: Any) -> Any:
            class Watched(sqlite3.Connection):
                def commit(self) -> None:
                    if not self.in_transaction:
                        super().commit()
                    else:
                        steps.step("commit", database, super().commit)

                def execute(self, sql: str, *values: Any) -> Any:
                    return self._watched(sql, lambda: super(Watched, self).execute(sql, *values))

                def executemany(self, sql: str, values: Any) -> Any:
                    return self._watched(sql, lambda: super(Watched, self).executemany(sql, values))

                def _watched(self, sql: str, act: Callable[[], Any]) -> Any:
                    verb = sql.split(None, 1)[0].upper()
                    commits = verb in _COMMITS or (not self.in_transaction and verb in _CHANGES)
                    is_alone = commits and (self.isolation_level is None or verb in _COMMITS)
                    return steps.step("commit", database, act) if is_alone else act()

                def __exit__(self, kind: Any, error: Any, trace: Any) -> Literal[False]:
                    if kind is None:
                        self.commit()
                    else:
                        self.rollback()
                    return False

            return do(database, *rest, **{**options, "factory": Watched})

        return connect


def _under_way() -> Iterator[str]:
    frame = sys._getframe(2)
    while frame.f_back is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(("keys.", "matcher.")):
            yield f"{module}:{frame.f_code.co_name}"
        frame = frame.f_back


def _path(path: object) -> str:
    try:
        if isinstance(path, int):
            return str(Path(f"/proc/self/fd/{path}").readlink())
        return str(Path(os.fsdecode(path)).absolute()) if isinstance(path, str | bytes | os.PathLike) else ""
    except OSError:
        return ""


def _short(path: object) -> str:
    name = Path(_path(path)).name
    # Ids and random parts differ from run to run; the kind of file does not.
    return "".join("#" if character.isdigit() else character for character in name)[:40]
