"""The keys of an agency, an auditor and the service: made in one step, opened whole, renewed one by one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from keys import agency, group, hpke, oprf, tls
from keys.agency import AgencyKeys
from keys.auditor import AuditorKeys
from keys.errors import DamagedKeyError, ExistsError, MissingKeyError, SealError, WrongPassphraseError
from keys.ring import KeyRing
from keys.service import ServiceKeys

PASSPHRASE = "a passphrase"
NOW = 1_700_000_000
DAY = 24 * 3600


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "keys"
    AgencyKeys.create(path, PASSPHRASE, "bank-regulator", holder=True, now=NOW)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "keys"))


def test_an_agency_opens_what_was_made(tmp_path: Path) -> None:
    made = AgencyKeys.create(tmp_path / "keys", PASSPHRASE, "bank-regulator", holder=True, now=NOW)
    opened = AgencyKeys.open(tmp_path / "keys", PASSPHRASE)
    assert opened.root.public == made.root.public
    assert opened.encryption.public == made.encryption.public
    assert opened.tls_key_pem == made.tls_key_pem
    assert opened.tls_certificate_pem == made.tls_certificate_pem
    assert opened.handle_key == made.handle_key
    assert opened.cache_key == made.cache_key
    assert opened.oprf_seed == made.oprf_seed
    assert opened.oprf_seed is not None
    assert len(opened.handle_key) == len(opened.cache_key) == len(opened.oprf_seed) == 32
    assert opened.handle_key != opened.cache_key
    Ed25519PublicKey.from_public_bytes(made.root.public).verify(opened.root.sign(b"data"), b"data")
    assert oprf.derive_key_pair(opened.oprf_seed, b"info")[1] == oprf.derive_key_pair(made.oprf_seed, b"info")[1]
    assert tls.not_after(opened.tls_certificate_pem) == NOW + 400 * DAY
    assert "bank-regulator" in str(agency.identity.tls._load(opened.tls_certificate_pem).subject)


def test_only_a_holder_has_an_oprf_seed(tmp_path: Path) -> None:
    keys = AgencyKeys.create(tmp_path / "keys", PASSPHRASE, "labour-bureau", holder=False, now=NOW)
    assert keys.oprf_seed is None
    assert AgencyKeys.open(tmp_path / "keys", PASSPHRASE).oprf_seed is None


def test_auditor_and_service_open_what_was_made(tmp_path: Path) -> None:
    auditor = AuditorKeys.create(tmp_path / "auditor", PASSPHRASE, "audit-office", now=NOW)
    service = ServiceKeys.create(tmp_path / "service", PASSPHRASE, now=NOW)
    assert AuditorKeys.open(tmp_path / "auditor", PASSPHRASE).root.public == auditor.root.public
    opened = ServiceKeys.open(tmp_path / "service", PASSPHRASE)
    assert opened.log.public == service.log.public
    assert opened.tls_key_pem == service.tls_key_pem
    assert opened.storage_key == service.storage_key
    assert len(opened.storage_key) == 32
    before = opened.tls_certificate_pem
    opened.renew_tls("concordat-service", NOW + DAY)
    assert tls.not_after(opened.tls_certificate_pem) == tls.not_after(before) + DAY
    assert not (tmp_path / "auditor" / "encryption.key").exists()
    with pytest.raises(MissingKeyError, match=r"log\.key"):
        ServiceKeys.open(tmp_path / "auditor", PASSPHRASE)


def test_an_auditor_s_witness_key_is_one_of_its_own(tmp_path: Path) -> None:
    made = AuditorKeys.create(tmp_path / "keys", PASSPHRASE, "audit-office", now=NOW)
    assert AuditorKeys.open(tmp_path / "keys", PASSPHRASE).witness.public == made.witness.public
    assert made.witness.public != made.root.public
    # The files do not serve in each other's place.
    (tmp_path / "keys" / "root.key").unlink()
    (tmp_path / "keys" / "witness.key").rename(tmp_path / "keys" / "root.key")
    with pytest.raises(DamagedKeyError, match="of kind 'signing'"):
        AuditorKeys.open(tmp_path / "keys", PASSPHRASE)


def test_an_older_auditor_s_home_gets_a_witness_key_once(tmp_path: Path) -> None:
    made = AuditorKeys.create(tmp_path / "keys", PASSPHRASE, "audit-office", now=NOW)
    (tmp_path / "keys" / "witness.key").unlink()
    opened = AuditorKeys.open(tmp_path / "keys", PASSPHRASE)
    assert opened.witness.public != made.witness.public
    assert AuditorKeys.open(tmp_path / "keys", PASSPHRASE).witness.public == opened.witness.public
    (tmp_path / "keys" / "root.key").unlink()
    (tmp_path / "keys" / "witness.key").unlink()
    with pytest.raises(MissingKeyError, match=r"root\.key"):
        AuditorKeys.open(tmp_path / "keys", PASSPHRASE)
    assert not (tmp_path / "keys" / "witness.key").exists()


def test_nothing_is_overwritten(path: Path) -> None:
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    for make in (
        lambda: AgencyKeys.create(path, "other", "x", holder=True, now=NOW),
        lambda: AuditorKeys.create(path, "other", "x", now=NOW),
        lambda: ServiceKeys.create(path, "other", now=NOW),
    ):
        with pytest.raises(ExistsError):
            make()
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_a_wrong_passphrase_opens_nothing(path: Path) -> None:
    with pytest.raises(WrongPassphraseError):
        AgencyKeys.open(path, "another")


@pytest.mark.parametrize("name", ["root", "encryption", "tls", "handle", "cache"])
def test_a_missing_or_damaged_key_is_named(path: Path, name: str) -> None:
    file = path / f"{name}.key"
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    with pytest.raises(DamagedKeyError, match=file.name):
        AgencyKeys.open(path, PASSPHRASE)
    file.unlink()
    with pytest.raises(MissingKeyError, match=file.name):
        AgencyKeys.open(path, PASSPHRASE)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("root", "signing"), ("encryption", "encryption"), ("handle", "symmetric"), ("cache", "symmetric"),
     ("oprf-seed", "oprf-seed"), ("tls", "tls-identity")],
)  # fmt: skip
def test_a_secret_of_a_wrong_size_is_refused(path: Path, name: str, kind: str) -> None:
    KeyRing.open(path, PASSPHRASE).write(name, kind, b"short", replace=True)
    with pytest.raises(DamagedKeyError):
        AgencyKeys.open(path, PASSPHRASE)


def test_renewing_the_certificate_changes_nothing_else(path: Path) -> None:
    keys = AgencyKeys.open(path, PASSPHRASE)
    before = tls.fingerprint(keys.tls_certificate_pem)
    others = {file.name: file.read_bytes() for file in path.iterdir() if file.name != "tls.key"}
    keys.renew_tls("bank-regulator", NOW + DAY)
    assert tls.fingerprint(keys.tls_certificate_pem) != before
    assert tls.not_after(keys.tls_certificate_pem) == NOW + 401 * DAY
    opened = AgencyKeys.open(path, PASSPHRASE)
    assert opened.tls_certificate_pem == keys.tls_certificate_pem
    assert opened.tls_key_pem == keys.tls_key_pem
    assert {file.name: file.read_bytes() for file in path.iterdir() if file.name != "tls.key"} == others


def test_what_was_sealed_to_a_former_card_still_opens(path: Path) -> None:
    keys = AgencyKeys.open(path, PASSPHRASE)
    cards = [keys.encryption.public]
    for _ in range(2):
        keys.renew_encryption()
        cards.append(keys.encryption.public)
    assert len(set(cards)) == 3
    opened = AgencyKeys.open(path, PASSPHRASE)
    assert opened.encryption.public == cards[-1]
    for public in cards:
        sealed = hpke.seal(public, b"payload", b"info")
        assert opened.open_sealed(sealed, b"info") == keys.open_sealed(sealed, b"info") == b"payload"
    with pytest.raises(SealError):
        opened.open_sealed(hpke.seal(cards[0], b"payload", b"info"), b"other info")
    with pytest.raises(SealError):
        opened.open_sealed(hpke.seal(hpke.EncryptionKey.generate().public, b"payload", b"info"), b"info")


def test_a_renewal_that_was_cut_short_is_taken_up_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = AgencyKeys.open(path, PASSPHRASE)
    public = keys.encryption.public

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", fail)
        with pytest.raises(OSError, match="no space"):
            keys.renew_encryption()
    assert keys.encryption.public == AgencyKeys.open(path, PASSPHRASE).encryption.public == public
    keys.renew_encryption()
    assert keys.open_sealed(hpke.seal(public, b"payload", b"info"), b"info") == b"payload"


def test_group_keys(path: Path) -> None:
    keys = AgencyKeys.open(path, PASSPHRASE)
    assert not keys.has_group_key("account")
    with pytest.raises(MissingKeyError, match="'account'"):
        keys.group_key("account")
    key = group.generate()
    keys.store_group_key("account", key)
    keys.store_group_key("account", key.reveal())
    with pytest.raises(ExistsError):
        keys.store_group_key("account", group.generate())
    with pytest.raises(DamagedKeyError, match="31"):
        keys.store_group_key("other", bytes(31))
    opened = AgencyKeys.open(path, PASSPHRASE)
    assert opened.group_key("account") == key
    assert not opened.has_group_key("other")
    assert opened.encryption.public == keys.encryption.public


def test_opened_keys_do_not_print_secrets(path: Path) -> None:
    keys = AgencyKeys.open(path, PASSPHRASE)
    for value in vars(keys).values():
        for secret in (keys.root.secret, keys.encryption.secret, keys.handle_key, keys.cache_key):
            assert secret.reveal().hex() not in repr(value)
        assert "PRIVATE KEY" not in repr(value)
