"""What `concordat doctor` looks at: each check gives one line, OK, WARN or FAIL, with what to do about it.

Checks do not stop one another; a check that cannot be made because an earlier one failed is left out. Nothing is
changed, and nothing of a row is read.
"""

from __future__ import annotations

import platform
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from keys import native
from keys.agency import AgencyKeys
from keys.auditor import AuditorKeys
from keys.errors import KeyFileError
from keys.expiry import expiry
from matcher.agency.agreements import known
from matcher.agency.calendar.store import calendar_of
from matcher.agency.calendar.workdays import Calendar
from matcher.agency.exchange import service_card
from matcher.agency.exchange.trust import LogTrust
from matcher.agency.home import PARTY_FILE, AgencyHome, dial, party_of
from matcher.protocol.errors import AgreementError, ConcordatError
from matcher.protocol.suite import SUITE
from matcher.protocol.zone import CHINA

if TYPE_CHECKING:
    from matcher.channel.client import Channel

Level = Literal["OK", "WARN", "FAIL"]
CLOCK_WARNING_SECONDS = 60
CLOCK_ERROR_SECONDS = 600
_SECONDS_PER_DAY = 86_400
_CALENDAR_SECONDS = 60 * _SECONDS_PER_DAY
RENEW = "Run `concordat card --renew-tls --out FILE` and have the service admit the new card."
NEW_SERVICE_FILE = "Ask the service's operator for its new service.json and run `concordat service add FILE`."


@dataclass(frozen=True, slots=True)
class Line:
    """One result."""

    check: str
    level: Level
    text: str
    remedy: str = ""


def certificate_line(check: str, certificate: str, now: int, remedy: str) -> Line:
    """Days left of a certificate: a warning from 60, 30 and 7 days on, a failure once it has expired."""
    left = expiry(certificate, now)
    if left.is_over:
        return Line(check, "FAIL", f"expired {-left.days} days ago", remedy)
    if left.limit:
        return Line(check, "WARN", f"{left.days} days left (less than {left.limit})", remedy)
    return Line(check, "OK", f"{left.days} days left")


def clock_line(ours: float, theirs: float) -> Line:
    """The difference between our clock and the service's, in seconds."""
    difference = abs(ours - theirs)
    remedy = "Set this machine's clock, or tell the service's operator."
    text = f"{difference:.0f} s from the service's"
    if difference > CLOCK_ERROR_SECONDS:
        return Line("clock", "FAIL", text, remedy)
    return Line("clock", "WARN", text, remedy) if difference > CLOCK_WARNING_SECONDS else Line("clock", "OK", text)


def calendar_line(calendar: Calendar, now: int) -> Line:
    """Whether due dates of the next two months can be counted."""
    last = max(calendar.years)
    if datetime.fromtimestamp(now + _CALENDAR_SECONDS, CHINA).year <= last:
        return Line("calendar", "OK", f"working days are known up to {last}")
    return Line(
        "calendar",
        "WARN",
        f"working days are known up to {last}",
        remedy="Add the next year from its notice: `concordat calendar add FILE`.",
    )


def examine(path: Path, passphrase: Callable[[], str], version: str) -> Iterator[Line]:
    """All lines for the home at ``path``."""
    yield Line("program", "OK", f"concordat {version}, suite {SUITE}, Python {platform.python_version()}")
    yield from _guarded("backend", _backend)
    try:
        party, auditor = party_of(path)
    except ConcordatError as error:
        yield Line("home", "FAIL", str(error), error.remedy)
        return
    yield Line("home", "OK", f"{party} ({'auditor' if auditor else 'data party'})")
    yield from _permissions(path)
    try:
        secret = passphrase()
        keys = AuditorKeys.open(path / "keys", secret) if auditor else AgencyKeys.open(path / "keys", secret)
    except KeyFileError as error:
        yield Line("keys", "FAIL", str(error), error.remedy)
        return
    yield Line("keys", "OK", "all key files open")
    now = int(time.time())
    if not auditor:
        yield from _guarded("calendar", lambda: iter((calendar_line(calendar_of(path), now),)))
    yield certificate_line("certificate", keys.tls_certificate_pem, now, RENEW)
    yield from _guarded("service", lambda: _service(path, keys, party, now))
    if isinstance(keys, AgencyKeys):
        home = AgencyHome(path, party, keys)
        yield from _guarded("agreement", lambda: _agreements(home))


def _guarded(check: str, lines: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    try:
        yield from lines()
    except ConcordatError as error:
        yield Line(check, "FAIL", str(error), error.remedy)


def _backend() -> Iterator[Line]:
    from keys import ristretto  # loads libsodium, which every command that warns of an expiry would wait for

    element = ristretto.multiply_base(ristretto.random_scalar())
    if len(ristretto.multiply(ristretto.random_scalar(), element)) != len(element):
        yield Line("backend", "FAIL", "the ristretto255 library does not work", "Install the program again.")
        return
    try:
        is_native = native.module() is not None
    except KeyFileError as error:
        yield Line("backend", "FAIL", str(error), error.remedy)
        return
    if is_native:
        yield Line("backend", "OK", "native (Rust)")
    else:
        yield Line("backend", "OK", "portable (libsodium)")


def _permissions(path: Path) -> Iterator[Line]:
    loose = [
        item.relative_to(path)
        for item in sorted(path.rglob("*"))
        if item.is_file() and item.name != PARTY_FILE and _is_secret(item, path) and _others_may(item)
    ]
    for item in loose:
        yield Line("permissions", "FAIL", f"{item} can be read by others", f"chmod 600 {path / item}")
    if not loose:
        yield Line("permissions", "OK", "secret files are the owner's alone")


def _is_secret(item: Path, home: Path) -> bool:
    top = item.relative_to(home).parts[0]
    return top in ("keys", "people", "spool") or item.suffix in (".db", ".db-wal")


def _others_may(item: Path) -> bool:
    return bool(item.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _service(path: Path, keys: AgencyKeys | AuditorKeys, party: str, now: int) -> Iterator[Line]:
    card = service_card.load(path)
    certificate = certificate_line("service certificate", card.tls_certificate, now, NEW_SERVICE_FILE)
    yield certificate
    if certificate.level == "FAIL":
        return
    with dial(path, card, keys, party, now) as channel:
        greeted = channel.greet()
        hello = greeted.hello
        yield Line(
            "service", "OK", f"{card.address} answers in {greeted.seconds * 1000:.0f} ms, {hello.server_version}"
        )
        yield clock_line(greeted.moment, hello.time / 1000)
        if hello.party != party:
            yield Line("identity", "FAIL", f"the service takes us for {hello.party}", "Tell the service's operator.")
        if (hello.log_origin, hello.log_key) != (card.origin, card.log_key):
            yield Line("log", "FAIL", "the service names another log than service.json", NEW_SERVICE_FILE)
        elif isinstance(keys, AgencyKeys):
            yield from _guarded("log", lambda: _log(path, channel, card))


def _log(path: Path, channel: Channel, card: service_card.ServiceCard) -> Iterator[Line]:
    seen = LogTrust(path, channel, card.origin, card.log_key).accept(channel.checkpoint())
    yield Line("log", "OK", f"{seen.origin}: {seen.size} entries, consistent with what was seen before")


def _agreements(home: AgencyHome) -> Iterator[Line]:
    stored = known.every(home)
    if not stored:
        yield Line("agreement", "WARN", "none is known here", "Run `concordat agreement fetch`, or draft one.")
    for item in stored:
        agreement = item.agreement
        name = f"{agreement.id} version {agreement.version}"
        if item.missing:
            yield Line("agreement", "WARN", f"{name}: not signed by {', '.join(item.missing)}", "Wait for them.")
            continue
        try:
            known.in_force(home, digest=agreement.digest)
        except AgreementError as error:
            yield Line("agreement", "WARN", f"{name}: {error}", error.remedy)
            continue
        days = (agreement.valid_until - home.now()) // _SECONDS_PER_DAY
        yield Line("agreement", "OK", f"{name} is in force for {days} days; its data are this program's")
        for link in agreement.matching.links.values():
            if link.mode == "hmac" and not home.keys.has_group_key(link.kind):
                yield Line("group key", "WARN", f"link kind {link.kind}: not here yet", "Run `concordat agent`.")
            if link.holder == home.party and home.keys.oprf_seed is None:
                yield Line("evaluation key", "FAIL", f"{link.kind}: not here", "Restore the home from its backup.")
