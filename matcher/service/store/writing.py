"""Group commit: acts that wait for one another's commit share it, and each is done only once it is durable.

    act 1   SAVEPOINT  its statements  RELEASE   .....waits.....  done
    act 2              SAVEPOINT  its statements  RELEASE  waits  done
    act 3                         SAVEPOINT  its statements  RELEASE  what is due, then COMMIT: one sync for all three

One act at a time has its turn, in one transaction; whoever has nobody waiting behind it commits for all before it. An
act that raises undoes its own statements and nobody else's. What an act wrote and what it logged stand in the same
transaction, so they become durable together or not at all; a commit that fails fails every act of its group.

``due`` work is done once for the group, right before the commit: the log signs one checkpoint over all its entries.
"""

from __future__ import annotations

import copy
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlite_utils import Database

from matcher.protocol.errors import OverloadedError

_RETRY_SECONDS = 2.0
_MAX_ACTS = 256
# How long a group may stay open for others before its first act is committed, whoever else waits.
_MAX_OPEN_SECONDS = 0.02
_BUSY_CODES = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))

Due = Callable[["Transaction"], None]


class Transaction(Database):
    """The writer's connection. ``kept`` holds what an act may leave to the next one of the same transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, recursive_triggers=False, execute_plugins=False)
        self.kept: dict[str, Any] = {}
        self.due: dict[str, Due] = {}

    def before_commit(self, name: str, work: Due) -> None:
        """Have ``work`` done once, right before the commit; the same name again changes nothing."""
        self.due.setdefault(name, work)


class _Group:
    """Acts that will be durable by one commit."""

    def __init__(self) -> None:
        self.acts = 0
        self.opened = time.monotonic()
        self.done = threading.Event()
        self.error: BaseException | None = None

    def is_old(self) -> bool:
        return self.acts >= _MAX_ACTS or time.monotonic() - self.opened >= _MAX_OPEN_SECONDS


class GroupWriter:
    """Gives acts their turn on one connection. ``committed`` is called after every commit."""

    def __init__(self, transaction: Transaction, committed: Callable[[], None]) -> None:
        self._transaction = transaction
        self._committed = committed
        self._turn = threading.Lock()
        self._count = threading.Lock()
        self._waiting = 0
        self._group: _Group | None = None

    @contextmanager
    def act(self) -> Iterator[Transaction]:
        """One act: committed, with those that share the commit, when the block ends; undone when it raises.

        Raises OverloadedError when another process holds the database, and what the commit raised.
        """
        with self._count:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._count:
                self._waiting -= 1
        try:
            group = self._open()
            try:
                self._transaction.execute("SAVEPOINT act")
                yield self._transaction
                self._transaction.execute("RELEASE act")
                group.acts += 1
            except BaseException:
                self._undo(group)
                raise
            finally:
                self._close_unless_awaited(group)
        finally:
            self._turn.release()
        group.done.wait()
        if group.error is not None:
            raise _again(group.error)

    def close(self) -> None:
        """Close the connection, once the act that has its turn is over."""
        with self._turn:
            self._transaction.close()

    def _open(self) -> _Group:
        """The open group, or a new one. A group that has been open too long is committed first."""
        if self._group is not None and self._group.acts and self._group.is_old():
            self._commit(self._group)
        if self._group is None:
            try:
                self._transaction.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _BUSY_CODES:
                    raise  # not another process, but the disk
                raise OverloadedError("another process is writing", retry_seconds=_RETRY_SECONDS) from error
            self._forget()
            self._group = _Group()
        return self._group

    def _undo(self, group: _Group) -> None:
        """Undo the act's own statements. Some errors of the disk undo the whole transaction by themselves."""
        self._forget(keep_due=True)
        if not self._transaction.conn.in_transaction:
            self._end(group, sqlite3.OperationalError("the transaction was ended by an error of another act"))
            return
        self._transaction.execute("ROLLBACK TO act")
        self._transaction.execute("RELEASE act")

    def _close_unless_awaited(self, group: _Group) -> None:
        """Commit, unless somebody behind will. The turn is still held, so no one decides at the same time."""
        if self._group is not group:
            return
        with self._count:
            is_awaited = self._waiting > 0
        if not is_awaited or group.is_old():
            self._commit(group)

    def _commit(self, group: _Group) -> None:
        try:
            for work in list(self._transaction.due.values()):
                work(self._transaction)
            self._transaction.commit()  # commit point
        except BaseException as error:
            # Also after a commit that failed: the next writer must find no transaction open.
            self._transaction.rollback()
            self._end(group, error)
        else:
            self._end(group, None)
            self._committed()

    def _end(self, group: _Group, error: BaseException | None) -> None:
        self._group = None
        group.error = error
        group.done.set()

    def _forget(self, *, keep_due: bool = False) -> None:
        self._transaction.kept.clear()
        if not keep_due:
            self._transaction.due.clear()


def _again(error: BaseException) -> BaseException:
    """The group's error for one of its acts: each thread raises its own, since raising writes a traceback into it."""
    try:
        return copy.copy(error)
    except TypeError:
        return error
