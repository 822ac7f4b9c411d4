"""Two directories change places in one step (Linux renameat2, RENAME_EXCHANGE): there is no moment without either.

Python's os has no call for it, so the C library's is called. Left to others: what the directories hold.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from keys.errors import PermissionsError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_UNSUPPORTED = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP))


def exchange(first: Path, second: Path) -> None:
    """Let ``first`` and ``second``, both there and on one file system, change names.

    Raises PermissionsError where the file system cannot do it, OSError otherwise; then nothing has changed.
    """
    library = ctypes.CDLL(None, use_errno=True)
    arguments = (_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), ctypes.c_uint(_RENAME_EXCHANGE))
    if library.renameat2(*arguments) == 0:
        return
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        raise PermissionsError(
            f"the file system of {second} cannot exchange two directories; nothing was changed",
            remedy="Move the home to a local file system such as ext4, xfs or btrfs.",
        )
    raise OSError(number, os.strerror(number), str(second))
