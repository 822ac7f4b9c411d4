"""What the operator of the service does by commands while something breaks: init, backup, restore, new keys."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from keys.errors import KeyFileError
from keys.ring import KeyRing
from keys.service import COMMON_NAME, ServiceKeys
from matcher.protocol import checkpoint
from matcher.service import app
from matcher.service.backup import backup, restore
from matcher.service.home import ServiceHome
from tests.faults.local_acts import SECRET, Scene

_ORIGIN = "log.example/operator"


def require_service(path: Path, secret: str = SECRET) -> ServiceHome:
    """Raise unless the home opens, its log key is that of its keys, and nothing is left aside."""
    home = ServiceHome(path)
    keys = ServiceKeys.open(home.keys, secret)
    with app.opened(home, keys, app.system_clock) as storage, storage.database.read() as transaction:
        (note,) = transaction.execute("SELECT note FROM checkpoints").fetchone()
        checkpoint.verify(note, home.read_public().log_key)
    assert home.read_public().tls_certificate == keys.tls_certificate_pem
    return home


class MakeService(Scene):
    """``concordat-server init``: a whole service or none, and no step back by hand."""

    def do(self) -> None:
        """Make it, unless it is there."""
        home = ServiceHome(self.path / "service")
        if not home.public_file.exists():
            app.create(home, SECRET, _ORIGIN, app.system_clock)

    def check(self) -> None:
        """It opens."""
        require_service(self.path / "service")


class _OneService(Scene):
    def prepare(self) -> None:
        """A copy of a service's home."""
        template = self.shelf.path / "operator"
        if not template.exists():
            app.create(ServiceHome(template), SECRET, _ORIGIN, app.system_clock)
        shutil.copytree(template, self.path / "service")
        self.home = ServiceHome(self.path / "service")


class BackUp(_OneService):
    """``concordat-server backup``: a whole backup or none."""

    def do(self) -> None:
        """Back up, unless that is done."""
        if not (self.path / "backup").exists():
            backup(self.home, self.path / "backup", app.system_clock)

    def check(self) -> None:
        """It can be restored."""
        restore(self.path / "backup", ServiceHome(self.path / "restored"))
        require_service(self.path / "restored")


class Restore(_OneService):
    """``concordat-server restore``: a whole service or none, and no step back by hand."""

    def prepare(self) -> None:
        """A backup."""
        super().prepare()
        backup(self.home, self.path / "backup", app.system_clock)

    def do(self) -> None:
        """Restore, unless that is done."""
        target = ServiceHome(self.path / "restored")
        if not target.public_file.exists():
            restore(self.path / "backup", target)

    def check(self) -> None:
        """It opens."""
        require_service(self.path / "restored")


class RenewCertificate(_OneService):
    """``concordat-server renew-tls``: keys and service.json end up with one certificate."""

    def do(self) -> None:
        """Renew."""
        keys = ServiceKeys.open(self.home.keys, SECRET)
        with self.home.serving():
            keys.renew_tls(COMMON_NAME, app.system_clock() // 1000)
            self.home.write_public(replace(self.home.read_public(), tls_certificate=keys.tls_certificate_pem))

    def check(self) -> None:
        """It opens, with the certificate of its keys."""
        require_service(self.path / "service")


class ChangeServicePassphrase(_OneService):
    """``concordat-server keys passphrase``."""

    def do(self) -> None:
        """Change it, unless it was changed."""
        with self.home.serving(), suppress(KeyFileError):
            KeyRing.open(self.home.keys, "new")
            return
        KeyRing.open(self.home.keys, SECRET).change_passphrase("new")

    def check(self) -> None:
        """It opens under the new one."""
        require_service(self.path / "service", "new")


OPERATOR_SCENES = {
    "operator: init": MakeService,
    "operator: backup": BackUp,
    "operator: restore": Restore,
    "operator: renew certificate": RenewCertificate,
    "operator: change passphrase": ChangeServicePassphrase,
}
