"""Two agencies with real homes and keys, an agreement made of values, and a service that keeps what it is sent.

The fake service checks what the real one does where a test needs it: order, resumption, the seal's root, the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keys import oprf
from keys.signing import SigningKey
from matcher.agency import setup
from matcher.agency.home import AgencyHome
from matcher.agency.submit.flow import submit
from matcher.agency.submit.job import make_job
from matcher.channel.types import Chunk, Logged, MailItem, UploadState
from matcher.protocol import checkpoint, entries, merkle, rows, suite
from matcher.protocol.agreement.model import Agreement, Column, Field, Flow, Link, Matching, Party, Quotas, Terms
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import NotFoundError, UnreachableError, VerificationError
from matcher.protocol.messages import SignedMessage

ASKING, ANSWERING, FLOW, PERIOD, LINK = "labour-bureau", "bank-regulator", "account-check", "2022-05", "account"
ORIGIN = "log.example/test"
NOW = int(time.time())
CODES = ("account-frozen", "account-closed")
PROJECTS = (
    "项目编号,总包单位,工资专用账户,保证金账户,应发工资(万元),存入期限\n"
    "P1,大兴建筑有限公司,6222 0001,62220002,1.5,2022-04-01\n"
    "P2,大兴建筑有限公司,62220003,,2,\n"
)
ACCOUNTS = (
    "账号,开户单位,信用代码,账户性质,实发工资,异常标记\n"
    "62220001,大兴建筑有限公司,,工资专户,15000.00,\n"
    "62220002,大兴建筑有限公司,BAD,保证金账户,,冻结\n"
    "62220009,别的公司,,保证金账户,,\n"
)

KINDS = {"工资专户": "wage", "保证金账户": "deposit"}

FIELDS = (
    Field("holder", "company-name"),
    Field("kind", "exact"),
    Field("wages", "ratio"),
    Field("deposit", "ratio"),
    Field("deposit_date", "days"),
    Field("flags", "flags", CODES),
)
ASKING_COLUMNS = (
    Column("project_id", ("项目编号", "project id"), "text", row_id=True, required=True),
    Column("general_contractor", ("总包单位", "contractor"), "company", feeds="holder", required=True),
    Column("wage_account", ("工资专用账户", "wage account"), "account", link=True, sets={"account_kind": "wage"}),
    Column("deposit_account", ("保证金账户",), "account", link=True, sets={"account_kind": "deposit"}),
    Column("account_kind", (), "choice", feeds="kind", choices={}),
    Column("wages_due", ("应发工资(元)", "应发工资(万元)"), "amount", feeds="wages", only_for={"account_kind": "wage"}),
    Column("deposit_due", ("存入期限",), "date", feeds="deposit_date", only_for={"account_kind": "deposit"}),
)
ANSWERING_COLUMNS = (
    Column("account", ("账号", "account"), "account", link=True, row_id=True, required=True),
    Column("holder", ("开户单位", "holder"), "company", feeds="holder", required=True),
    Column("credit_code", ("信用代码",), "credit-code"),
    Column(
        "account_kind", ("账户性质",), "choice", feeds="kind", choices={"工资专户": "wage", "保证金账户": "deposit"}
    ),
    Column("wages_paid", ("实发工资",), "amount", feeds="wages", only_for={"account_kind": "wage"}),
    Column("flags", ("异常标记",), "flags", feeds="flags", choices={"冻结": "account-frozen"}),
)


class FakeService:
    """A log, uploads by submission id, a mailbox. ``fail`` raises UnreachableError at the named points, once each."""

    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self.log: list[bytes] = []
        self.mail: list[MailItem] = []
        self.rows: dict[bytes, list[bytes]] = {}
        self.sealed: dict[bytes, Logged] = {}
        self.fail: set[str] = set()
        self.on_send: Callable[[SignedMessage, bytes], None] = lambda _message, _attachment: None

    @property
    def log_key(self) -> str:
        return checkpoint.verifier_key(ORIGIN, self.key.public)

    def __enter__(self) -> FakeService:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def _may_fail(self, point: str) -> None:
        if point in self.fail:
            self.fail.remove(point)
            raise UnreachableError(f"cut at {point}")

    def append(self, message: SignedMessage, facts: dict[str, Any] | None = None) -> Logged:
        entry = entries.for_message(NOW * 1000, message, facts)
        self.log.append(entry)
        return self.logged(len(self.log) - 1)

    def logged(self, index: int) -> Logged:
        proof = self._tree().inclusion_proof(index)
        return Logged(index, self.log[index], self.checkpoint(), tuple(proof))

    def _tree(self) -> merkle.Tree:
        return merkle.Tree([merkle.leaf_hash(entry) for entry in self.log])

    def checkpoint(self) -> str:
        tree = self._tree()
        return checkpoint.sign(Checkpoint(ORIGIN, tree.size, tree.root()), self.key.public, self.key.sign)

    def consistency(self, first: int, second: int) -> list[bytes]:
        assert second == len(self.log)
        return self._tree().consistency_proof(first)

    def open_upload(self, submission_id: bytes, *announced: Any) -> UploadState:
        self._may_fail("open")
        count = announced[-1]
        if submission_id in self.sealed:
            return UploadState(count, sealed=True)
        held = self.rows.setdefault(submission_id, [])
        return UploadState(len(held), sealed=False)

    def upload(self, submission_id: bytes, chunks: Iterable[Chunk]) -> Iterator[int]:
        held = self.rows[submission_id]
        for chunk in chunks:
            self._may_fail("upload")
            assert chunk.first == len(held)
            size, rest = divmod(len(chunk.rows), chunk.count)
            assert not rest
            held += [chunk.rows[start : start + size] for start in range(0, len(chunk.rows), size)]
            keys = [row[rows.SORT_KEY] for row in held]
            assert keys == sorted(set(keys))
            yield len(held)

    def seal(self, submission_id: bytes, manifest: SignedMessage) -> Logged:
        self._may_fail("seal")
        if submission_id not in self.sealed:
            held, body = self.rows[submission_id], manifest.content()
            if body["rows"] != len(held) or body["rows_root"] != merkle.root(held).hex():
                raise VerificationError("the manifest is not of these rows")
            self.sealed[submission_id] = self.append(manifest, {"rows": len(held)})
        self._may_fail("sealed")
        return self.logged(self.sealed[submission_id].index)

    def send(self, message: SignedMessage, attachment: bytes = b"") -> Logged:
        self._may_fail("send")
        for index, entry in enumerate(self.log):
            if entries.parse(entry).message == message:
                return self.logged(index)
        logged = self.append(message)
        self.mail.append(MailItem(message, attachment, logged.index, logged.entry))
        self.on_send(message, attachment)
        self._may_fail("sent")
        return self.logged(logged.index)

    def receive(
        self,
        kinds: Iterable[str] = (),
        after: int = 0,
        limit: int = 64,
        wait_seconds: int = 0,  # noqa: ARG002
    ) -> list[MailItem]:
        wanted = set(kinds)
        return [item for item in self.mail if item.index >= after and item.message.kind in wanted][:limit]

    def last_rows(self) -> list[rows.Row]:
        """The rows of the newest sealed submission."""
        if not self.sealed:
            raise NotFoundError("nothing is sealed")
        return [rows.unpack(row) for row in self.rows[list(self.sealed)[-1]]]


def make_homes(path: Path) -> None:
    """Two homes; the answering side can be an OPRF key's holder."""
    for party in (ASKING, ANSWERING):
        setup.create_home(path / party, party, "secret", {}, auditor=False, holder=party == ANSWERING, now=NOW)


class World:
    """Both homes, opened, with one agreement between them and one service."""

    def __init__(self, path: Path, mode: str, multiple: int = 2) -> None:
        self.path = path
        self.service = FakeService()
        self.homes = {party: AgencyHome.open(path / party, "secret") for party in (ASKING, ANSWERING)}
        seed = self.homes[ANSWERING].keys.oprf_seed
        assert seed is not None
        info = suite.oprf_key_info("daxing-wages", LINK, 1)
        _secret_key, public_key = oprf.derive_key_pair(seed, info)
        group_key = bytes(range(32))
        link = Link(LINK, "oprf", "account-number", 1, ANSWERING, public_key)
        if mode == "hmac":
            link = Link(LINK, "hmac", "account-number", 1, ANSWERING, group_key_id=suite.group_key_id(group_key))
            for home in self.homes.values():
                home.keys.store_group_key(LINK, group_key)
        self.agreement = self.make_agreement(link, multiple)
        for home in self.homes.values():
            home.agreement = lambda *_arguments, **_options: self.agreement  # type: ignore[method-assign]
            home.channel = lambda: self.service  # type: ignore[method-assign,assignment,return-value]

    def make_agreement(self, link: Link, multiple: int, rows_quota: int = 100_000) -> Agreement:
        flow = Flow(FLOW, LINK, ASKING, (ANSWERING,), multiple, FIELDS, ())
        matching = Matching(b"m" * 32, "daxing-wages", {LINK: link}, {FLOW: flow}, bytes(32), bytes(32))
        quotas = Quotas(rows_quota, 10, 10, 100_000, 100_000, 100)
        return Agreement(
            digest=b"a" * 32,
            matching=matching,
            version=1,
            previous=bytes(32),
            title="",
            valid_from=0,
            valid_until=2**40,
            period_pattern="month",
            window_days=30,
            retention_days=30,
            message_hours=24,
            parties={
                party: Party(party, party, "data", home.keys.root.public, {}) for party, home in self.homes.items()
            },
            terms={FLOW: Terms(FLOW, ASKING_COLUMNS, ANSWERING_COLUMNS, {}, (), False, ("holder",), frozenset())},
            quotas={ASKING: quotas, ANSWERING: quotas},
            log_origin=ORIGIN,
            log_key=self.service.log_key,
            witnesses=(),
            witness_threshold=0,
        )

    def file(self, name: str, text: str) -> Path:
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        return path


@contextmanager
def silent(_label: str, _total: int | None) -> Iterator[Callable[[int], None]]:
    """No progress."""
    yield lambda _done: None


def run(world: World, party: str, *texts: str, period: str = PERIOD) -> dict[str, Any]:
    """Submit files of these texts."""
    files = [world.file(f"{party}-{number}.csv", text) for number, text in enumerate(texts)]
    job = make_job(world.homes[party], FLOW, period, files)
    return submit(job, world.path / "rejects.csv", silent)
