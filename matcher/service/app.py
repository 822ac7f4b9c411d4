"""Building the service from its home and keys: the one place where its parts are put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from keys.expiry import expiry
from keys.service import ServiceKeys
from matcher.protocol import checkpoint, receipts
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import StateError
from matcher.protocol.receipts import Receipt
from matcher.service import journal, limits, recovery
from matcher.service.acts.directory import Directory
from matcher.service.acts.greeting import Greeting
from matcher.service.acts.handshakes import Handshakes
from matcher.service.acts.listing import Listing
from matcher.service.acts.mail import Mail
from matcher.service.acts.matching import Matching
from matcher.service.acts.refusals import Refusals
from matcher.service.acts.sealing import Sealing
from matcher.service.acts.segmenting import Segmenting
from matcher.service.acts.uploads import Uploads
from matcher.service.acts.waiting import WaitingRoom
from matcher.service.acts.witnessing import Witnessing
from matcher.service.home import ServiceFile, ServiceHome
from matcher.service.metrics import Metrics
from matcher.service.rpc.directory import DirectoryService
from matcher.service.rpc.guard import Guard
from matcher.service.rpc.log import LogService
from matcher.service.rpc.mailbox import MailboxService
from matcher.service.rpc.matching import MatchingService
from matcher.service.rpc.places import Places
from matcher.service.rpc.server import Credentials, Server, servicers
from matcher.service.rpc.submissions import SubmissionsService
from matcher.service.store import log, messages
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock, LogWriter
from matcher.service.store.newest import ENDED, NewestCheckpoint
from matcher.service.store.period_keys import PeriodKeys

_CLOCK_TOLERANCE_MS = 60_000
UNKNOWN_ADDRESS = "127.0.0.1:0"


def system_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Storage:
    """An opened home: what the operator's commands work on, beside a serving process or without one."""

    home: ServiceHome
    public: ServiceFile
    database: ControlDatabase
    log: LogWriter
    period_keys: PeriodKeys
    newest: NewestCheckpoint

    def note_newest(self) -> None:
        """Keep the newest checkpoint beside the database, so that an older database is known when it comes back."""
        with self.database.read() as transaction:
            self.newest.keep_own(transaction)


def _log_writer(keys: ServiceKeys, origin: str, clock: Clock) -> LogWriter:
    def sign(point: Checkpoint) -> str:
        return checkpoint.sign(point, keys.log.public, keys.log.sign)

    return LogWriter(origin, sign, clock)


def create(home: ServiceHome, passphrase: str, origin: str, clock: Clock) -> ServiceFile:
    """Make a new service, whole or not at all: keys, database, an empty signed log. Raises StateError when the home is
    in use."""

    def fill(aside: ServiceHome) -> ServiceFile:
        keys = ServiceKeys.create(aside.keys, passphrase, now=clock() // 1000)
        log_key = checkpoint.verifier_key(origin, keys.log.public)
        database = ControlDatabase(aside.control)
        try:
            with database.write() as transaction:
                _log_writer(keys, origin, clock).start(transaction)
        finally:
            database.close()
        return ServiceFile(UNKNOWN_ADDRESS, origin, log_key, keys.tls_certificate_pem)

    return home.make(fill)


@contextmanager
def opened(home: ServiceHome, keys: ServiceKeys, clock: Clock) -> Iterator[Storage]:
    """The home's storage. Raises StateError when the keys are not those of the home's log."""
    public = home.read_public()
    if checkpoint.verifier_key(public.origin, keys.log.public) != public.log_key:
        raise StateError("service.json names another log key than the key files hold")
    database = ControlDatabase(home.control)
    try:
        storage = Storage(
            home, public, database, _log_writer(keys, public.origin, clock),
            PeriodKeys(home.period_keys, keys.storage_key),
            NewestCheckpoint(home.newest_checkpoint, public.log_key),
        )  # fmt: skip
        _require_newest(storage)
        yield storage
    finally:
        database.close()


def require_certificate(keys: ServiceKeys, clock: Clock) -> None:
    """Raise StateError when the service's own certificate has expired: no client would take it."""
    if expiry(keys.tls_certificate_pem, clock() // 1000).is_over:
        raise StateError(
            "the TLS certificate of the service has expired",
            code="certificate-expired",
            remedy="Run `concordat-server renew-tls` and hand service.json to every party again.",
        )


def keep_house(storage: Storage, keys: ServiceKeys, clock: Clock) -> None:
    """What a serving process does now and then: erase what lapsed, keep the newest checkpoint, warn of the end of the
    certificate. A full disk stops none of what is served."""
    left = expiry(keys.tls_certificate_pem, clock() // 1000)
    if left.limit:
        journal.warning("certificate-ends", days=left.days)
    try:
        with storage.database.write() as transaction:
            messages.erase_lapsed(transaction, clock())
        if not storage.log.is_ended:
            storage.note_newest()
    except Exception:
        journal.failure("housekeeping-failed")


def _warn_of_clock(storage: Storage, clock: Clock) -> None:
    """Say when this machine's clock is behind the log's last entry: entries carry that time until it has caught up."""
    with storage.database.read() as transaction:
        behind = log.last_time(transaction) - clock()
    if behind > _CLOCK_TOLERANCE_MS:
        journal.warning("clock-behind-log", seconds=behind // 1000)


def _require_newest(storage: Storage) -> None:
    """End the log of an older state. It is served all the same: its parties and auditors must be able to read it."""
    try:
        with storage.database.read() as transaction:
            storage.newest.require_continued(transaction)
    except StateError as reason:
        if reason.code != ENDED:
            raise
        storage.log.end(reason)
        journal.warning(reason.code, reason=str(reason))


@contextmanager
def serving(
    storage: Storage, keys: ServiceKeys, listen: str, metrics: Metrics, clock: Clock,
    transport: Callable[[], Iterable[str]] = tuple,
) -> Iterator[Server]:  # fmt: skip
    """Recover, bind, serve; on leaving, stop gracefully. Writes the bound address into ``service.json``.

    ``transport`` gives new lines of the transport's log, which tells what TLS refuses.
    """
    refusals = Refusals(storage.database, storage.log, metrics)
    with storage.home.serving(), Handshakes(transport, refusals).watched():
        _warn_of_clock(storage, clock)
        if storage.log.is_ended:
            storage.home.make_directories()  # what the older database does not name may be all that is left of it
        else:
            recovery.recover(storage.database, storage.home, storage.period_keys, clock)
            storage.note_newest()
        room = WaitingRoom()
        segmenting = Segmenting(storage.database, storage.home, storage.period_keys)
        mail = Mail(storage.database, storage.log, room, metrics, clock)
        witnessing = Witnessing(storage.database, room, clock)
        server = _server(storage, keys, listen, metrics, refusals, mail, witnessing, segmenting, clock)
        storage.home.write_public(
            replace(storage.public, address=server.address, tls_certificate=keys.tls_certificate_pem)
        )
        server.start()
        try:
            yield server
        finally:
            mail.stop()
            witnessing.stop()
            server.stop(limits.STOP_GRACE_SECONDS)
            segmenting.close()
            if not storage.log.is_ended:
                storage.note_newest()


def _server(
    storage: Storage, keys: ServiceKeys, listen: str, metrics: Metrics, refusals: Refusals, mail: Mail,
    witnessing: Witnessing, segmenting: Segmenting, clock: Clock,
) -> Server:  # fmt: skip
    database, log, home = storage.database, storage.log, storage.home
    places = Places(database)
    uploads = Uploads(database, home.spool, segmenting, clock)
    sealing = Sealing(database, log, home, segmenting, uploads, clock)

    def sign_receipt(receipt: Receipt) -> str:
        return receipts.sign(receipt, storage.public.origin, keys.log.public, keys.log.sign)

    matching = Matching(database, log, home, storage.period_keys, metrics, clock, sign_receipt)
    directory = Directory(database, log, storage.public.log_key, clock)
    guard = Guard(database, refusals, metrics, clock)
    return Server(
        listen,
        Credentials(database, keys.tls_key_pem, keys.tls_certificate_pem),
        guard,
        servicers(
            DirectoryService(
                directory, storage.public.origin, storage.public.log_key, clock, Greeting(database, log, storage.newest)
            ),
            SubmissionsService(uploads, sealing, places, metrics),
            MatchingService(matching, Listing(database, log, clock), places),
            MailboxService(mail, places),
            LogService(database, witnessing),
        ),
    )
