"""What shows that a log was changed: the last checkpoint held, the one that was shown, and the entry if one is wrong.

All three are the service's own words; the checkpoints are signed by it. Files are numbered and never overwritten.
"""

from __future__ import annotations

from pathlib import Path

from keys import files
from matcher.auditor.mirror.follow import HistoryError

DIRECTORY = "evidence"


def keep(home: Path, held: str, shown: str, error: HistoryError) -> Path:
    """Keep ``held`` and ``shown`` (notes; empty where there is none) and the entry of ``error``; the directory."""
    directory = home / DIRECTORY
    directory.mkdir(mode=0o700, exist_ok=True)
    number = 1 + max((int(path.name[:4]) for path in directory.glob("[0-9][0-9][0-9][0-9]-*")), default=0)
    papers = {"seen.note": held.encode(), "shown.note": shown.encode(), f"entry-{error.index}": error.leaf}
    for name, data in papers.items():
        if data:
            files.write(directory / f"{number:04d}-{name}", data)
    return directory
