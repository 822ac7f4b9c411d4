"""libsodium is loaded without leaving a file, in this process and in workers, and brings nothing heavy with it."""

from __future__ import annotations

import ctypes
import multiprocessing
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest

from keys import oprf, sodium


def run(code: str, temporary: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", code],
        env={"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_import_leaves_no_file_and_no_warning(tmp_path: Path) -> None:
    program = "import keys.ristretto, os, tempfile; print(tempfile.gettempdir(), os.listdir(tempfile.gettempdir()))"
    assert run(program, tmp_path).split() == [str(tmp_path), "[]"]


def test_a_worker_imports_little(tmp_path: Path) -> None:
    program = (
        "import sys, keys.oprf, keys.group;"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'grpc', 'pyarrow', 'duckdb', 'cryptography', 'rich', 'click', 'rbcl', 'matcher'}))"
    )
    assert run(program, tmp_path).strip() == "[]"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_evaluate_and_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    secret_key, _ = oprf.derive_key_pair(bytes(32), b"")
    inputs = [b"%d" % number for number in range(8)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        parts = [pool.submit(oprf.evaluate_batch, secret_key.reveal(), inputs[at : at + 4]) for at in (0, 4)]
        outputs = [output for part in parts for output in part.result()]
    assert outputs == oprf.evaluate_batch(secret_key, inputs)
    # What multiprocessing itself keeps there has names of its own.
    assert [entry for entry in tmp_path.rglob("*") if entry.suffix == ".so" or entry.name.startswith("tmp")] == []


def test_a_load_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def refuse(path: str) -> NoReturn:
        seen.append(Path(path).is_file())
        raise OSError("failed to map segment from shared object")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ctypes.cdll, "LoadLibrary", refuse)
    with pytest.raises(ImportError, match="noexec"):
        sodium.load()
    assert seen == [True]
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_load_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_path: str) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ctypes.cdll, "LoadLibrary", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sodium.load()
    assert list(tmp_path.iterdir()) == []


def test_an_absent_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(_name: str) -> Any:
        return None

    monkeypatch.setattr(sodium.importlib.util, "find_spec", find_nothing)
    with pytest.raises(ImportError, match="rbcl"):
        sodium.load()
