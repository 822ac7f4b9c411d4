"""An exported log, read by code that is not ours: tlog-scales reads the tile directory, sigstore proves entries.

Nothing of ``matcher`` is imported here. Both packages are test dependencies only.
"""

from __future__ import annotations

import base64
import warnings
from pathlib import Path
from types import SimpleNamespace

with warnings.catch_warnings():
    # What these packages' own dependencies deprecate is not ours to fail on.
    warnings.simplefilter("ignore")
    from sigstore._internal import merkle as sigstore_merkle
    from sigstore._internal.rekor.checkpoint import SignedCheckpoint
    from tlog_scales.backend import LocalBackend
    from tlog_scales.reader import TilesReader
    from tlog_scales.signing import Vkey, VkeySet
    from tlog_scales.tiles import leaf_hash
    from tlog_scales.tlog import Checkpoint


def read_export(directory: Path, log_key: str, witnesses: tuple[str, ...] = ()) -> tuple[list[bytes], set[str]]:
    """The entries of an exported log, and the names of the witnesses that cosigned it. Raises if anything is wrong."""
    reader = TilesReader(LocalBackend(directory))
    point = reader.get_checkpoint()
    point.verify(Vkey.from_string(log_key))
    if reader.calculate_root_hash() != point.root_hash:
        raise ValueError("the hash tiles do not lead to the checkpoint's root")
    entries = [reader.get_entry(index) for index in range(point.size)]
    for index, entry in enumerate(entries):
        reader.get_inclusion_proof(index, point.size).check(leaf_hash(entry), point.root_hash)
        _prove_with_sigstore(directory, entry, index, reader.get_inclusion_proof(index, point.size).node_hashes)
    return entries, cosigners(point, witnesses)


def _prove_with_sigstore(directory: Path, entry: bytes, index: int, hashes: list[bytes]) -> None:
    point = SignedCheckpoint.from_text((directory / "checkpoint").read_text(encoding="utf-8")).checkpoint
    root = bytes.fromhex(point.log_hash)
    proof = SimpleNamespace(log_index=index, tree_size=point.log_size, hashes=hashes, root_hash=root)
    inner = SimpleNamespace(inclusion_proof=proof, canonicalized_body=entry)
    sigstore_merkle.verify_merkle_inclusion(SimpleNamespace(_inner=inner))


def cosigners(point: Checkpoint, witnesses: tuple[str, ...]) -> set[str]:
    """The names of those witnesses (verifier keys) whose cosignature verifies."""
    return {key.name for key, _signature in VkeySet(*map(Vkey.from_string, witnesses)).verify(point.signatures, point)}


def read_proof(text: str, log_key: str, witnesses: tuple[str, ...] = ()) -> tuple[int, bytes, set[str]]:
    """(index, entry, cosigning witnesses) of a tlog-proof that carries its entry. Raises if anything is wrong."""
    head, signed = text.split("\n\n", 1)
    first, extra, index, *hashes = head.split("\n")
    if first != "c2sp.org/tlog-proof@v1":
        raise ValueError("no proof")
    entry = base64.b64decode(extra.removeprefix("extra "))
    position = int(index.removeprefix("index "))
    noted = SignedCheckpoint.from_text(signed).checkpoint
    root = bytes.fromhex(noted.log_hash)
    path = [base64.b64decode(line) for line in hashes]
    proof = SimpleNamespace(log_index=position, tree_size=noted.log_size, hashes=path, root_hash=root)
    sigstore_merkle.verify_merkle_inclusion(
        SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=entry))
    )
    point = Checkpoint.from_text(signed)
    point.verify(Vkey.from_string(log_key))
    return position, entry, cosigners(point, witnesses)
