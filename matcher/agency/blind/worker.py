"""What runs in a worker process: take a task from the socket, run it, send back the result, until told to stop.

Errors go back as running.py lets them.
"""

from __future__ import annotations

import pickle
import signal
import sys
from multiprocessing.connection import Connection

from matcher.agency.blind.context import Context
from matcher.agency.blind.running import perform
from matcher.protocol.errors import ConcordatError


def main(descriptor: int) -> None:
    """Serve the socket ``descriptor``: first a Setup, then tasks; an empty message ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends us
    with Connection(descriptor) as connection:
        try:
            context = Context(pickle.loads(connection.recv_bytes()))  # noqa: S301 - from our own parent
            while data := connection.recv_bytes():
                connection.send_bytes(pickle.dumps(_run(data, context), pickle.HIGHEST_PROTOCOL))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # the parent has ended


def _run(data: bytes, context: Context) -> tuple[bool, object]:
    try:
        return True, perform(pickle.loads(data), context)  # noqa: S301 - from our own parent
    except ConcordatError as error:
        return False, error


if __name__ == "__main__":
    main(int(sys.argv[1]))
