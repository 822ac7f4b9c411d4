from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SignedMessage(_message.Message):
    __slots__ = ("kind", "agreement", "flow", "period", "sender", "recipient", "sequence", "expiry", "body", "signature", "person", "person_signature")
    KIND_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    FLOW_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    PERSON_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    agreement: bytes
    flow: str
    period: str
    sender: str
    recipient: str
    sequence: int
    expiry: int
    body: bytes
    signature: bytes
    person: str
    person_signature: bytes
    def __init__(self, kind: _Optional[str] = ..., agreement: _Optional[bytes] = ..., flow: _Optional[str] = ..., period: _Optional[str] = ..., sender: _Optional[str] = ..., recipient: _Optional[str] = ..., sequence: _Optional[int] = ..., expiry: _Optional[int] = ..., body: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., person: _Optional[str] = ..., person_signature: _Optional[bytes] = ...) -> None: ...

class HelloRequest(_message.Message):
    __slots__ = ("suites", "client_version", "contract", "checkpoint")
    SUITES_FIELD_NUMBER: _ClassVar[int]
    CLIENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    suites: _containers.RepeatedScalarFieldContainer[str]
    client_version: str
    contract: int
    checkpoint: str
    def __init__(self, suites: _Optional[_Iterable[str]] = ..., client_version: _Optional[str] = ..., contract: _Optional[int] = ..., checkpoint: _Optional[str] = ...) -> None: ...

class HelloReply(_message.Message):
    __slots__ = ("suite", "server_version", "time", "log_origin", "log_key", "max_chunk_bytes", "party", "contract")
    SUITE_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    LOG_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    LOG_KEY_FIELD_NUMBER: _ClassVar[int]
    MAX_CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    suite: str
    server_version: str
    time: int
    log_origin: str
    log_key: str
    max_chunk_bytes: int
    party: str
    contract: int
    def __init__(self, suite: _Optional[str] = ..., server_version: _Optional[str] = ..., time: _Optional[int] = ..., log_origin: _Optional[str] = ..., log_key: _Optional[str] = ..., max_chunk_bytes: _Optional[int] = ..., party: _Optional[str] = ..., contract: _Optional[int] = ...) -> None: ...

class PublishAgreementRequest(_message.Message):
    __slots__ = ("matching_file", "agreement_file", "signatures")
    MATCHING_FILE_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FILE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    matching_file: bytes
    agreement_file: bytes
    signatures: _containers.RepeatedCompositeFieldContainer[SignedMessage]
    def __init__(self, matching_file: _Optional[bytes] = ..., agreement_file: _Optional[bytes] = ..., signatures: _Optional[_Iterable[_Union[SignedMessage, _Mapping]]] = ...) -> None: ...

class GetAgreementRequest(_message.Message):
    __slots__ = ("digest", "agreement_id")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    agreement_id: str
    def __init__(self, digest: _Optional[bytes] = ..., agreement_id: _Optional[str] = ...) -> None: ...

class AgreementReply(_message.Message):
    __slots__ = ("digest", "matching_file", "agreement_file", "signatures", "missing", "in_force")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    MATCHING_FILE_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FILE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    matching_file: bytes
    agreement_file: bytes
    signatures: _containers.RepeatedCompositeFieldContainer[SignedMessage]
    missing: _containers.RepeatedScalarFieldContainer[str]
    in_force: bool
    def __init__(self, digest: _Optional[bytes] = ..., matching_file: _Optional[bytes] = ..., agreement_file: _Optional[bytes] = ..., signatures: _Optional[_Iterable[_Union[SignedMessage, _Mapping]]] = ..., missing: _Optional[_Iterable[str]] = ..., in_force: _Optional[bool] = ...) -> None: ...

class ListAgreementsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAgreementsReply(_message.Message):
    __slots__ = ("agreements",)
    AGREEMENTS_FIELD_NUMBER: _ClassVar[int]
    agreements: _containers.RepeatedCompositeFieldContainer[AgreementReply]
    def __init__(self, agreements: _Optional[_Iterable[_Union[AgreementReply, _Mapping]]] = ...) -> None: ...

class GetCardRequest(_message.Message):
    __slots__ = ("party",)
    PARTY_FIELD_NUMBER: _ClassVar[int]
    party: str
    def __init__(self, party: _Optional[str] = ...) -> None: ...

class GetCardReply(_message.Message):
    __slots__ = ("card",)
    CARD_FIELD_NUMBER: _ClassVar[int]
    card: SignedMessage
    def __init__(self, card: _Optional[_Union[SignedMessage, _Mapping]] = ...) -> None: ...

class OpenUploadRequest(_message.Message):
    __slots__ = ("submission_id", "agreement", "flow", "period", "sequence", "rows")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    FLOW_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    submission_id: bytes
    agreement: bytes
    flow: str
    period: str
    sequence: int
    rows: int
    def __init__(self, submission_id: _Optional[bytes] = ..., agreement: _Optional[bytes] = ..., flow: _Optional[str] = ..., period: _Optional[str] = ..., sequence: _Optional[int] = ..., rows: _Optional[int] = ...) -> None: ...

class OpenUploadReply(_message.Message):
    __slots__ = ("next_row", "sealed")
    NEXT_ROW_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    next_row: int
    sealed: bool
    def __init__(self, next_row: _Optional[int] = ..., sealed: _Optional[bool] = ...) -> None: ...

class RowChunk(_message.Message):
    __slots__ = ("submission_id", "first_row", "rows", "op", "token", "handle", "envelope_key", "nonce", "sealed")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    ENVELOPE_KEY_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    submission_id: bytes
    first_row: int
    rows: int
    op: bytes
    token: bytes
    handle: bytes
    envelope_key: bytes
    nonce: bytes
    sealed: bytes
    def __init__(self, submission_id: _Optional[bytes] = ..., first_row: _Optional[int] = ..., rows: _Optional[int] = ..., op: _Optional[bytes] = ..., token: _Optional[bytes] = ..., handle: _Optional[bytes] = ..., envelope_key: _Optional[bytes] = ..., nonce: _Optional[bytes] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class UploadAck(_message.Message):
    __slots__ = ("next_row",)
    NEXT_ROW_FIELD_NUMBER: _ClassVar[int]
    next_row: int
    def __init__(self, next_row: _Optional[int] = ...) -> None: ...

class SealRequest(_message.Message):
    __slots__ = ("submission_id", "manifest")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    submission_id: bytes
    manifest: SignedMessage
    def __init__(self, submission_id: _Optional[bytes] = ..., manifest: _Optional[_Union[SignedMessage, _Mapping]] = ...) -> None: ...

class SealReply(_message.Message):
    __slots__ = ("logged",)
    LOGGED_FIELD_NUMBER: _ClassVar[int]
    logged: Logged
    def __init__(self, logged: _Optional[_Union[Logged, _Mapping]] = ...) -> None: ...

class Logged(_message.Message):
    __slots__ = ("index", "entry", "checkpoint", "inclusion")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_FIELD_NUMBER: _ClassVar[int]
    index: int
    entry: bytes
    checkpoint: Checkpoint
    inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, index: _Optional[int] = ..., entry: _Optional[bytes] = ..., checkpoint: _Optional[_Union[Checkpoint, _Mapping]] = ..., inclusion: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ListSubmissionsRequest(_message.Message):
    __slots__ = ("agreement", "flow", "period")
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    FLOW_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    agreement: bytes
    flow: str
    period: str
    def __init__(self, agreement: _Optional[bytes] = ..., flow: _Optional[str] = ..., period: _Optional[str] = ...) -> None: ...

class ListSubmissionsReply(_message.Message):
    __slots__ = ("submissions",)
    SUBMISSIONS_FIELD_NUMBER: _ClassVar[int]
    submissions: _containers.RepeatedCompositeFieldContainer[SubmissionInfo]
    def __init__(self, submissions: _Optional[_Iterable[_Union[SubmissionInfo, _Mapping]]] = ...) -> None: ...

class SubmissionInfo(_message.Message):
    __slots__ = ("party", "sequence", "rows", "manifest_digest", "sealed_at", "log_index")
    PARTY_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SEALED_AT_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    party: str
    sequence: int
    rows: int
    manifest_digest: bytes
    sealed_at: int
    log_index: int
    def __init__(self, party: _Optional[str] = ..., sequence: _Optional[int] = ..., rows: _Optional[int] = ..., manifest_digest: _Optional[bytes] = ..., sealed_at: _Optional[int] = ..., log_index: _Optional[int] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: SignedMessage
    def __init__(self, request: _Optional[_Union[SignedMessage, _Mapping]] = ...) -> None: ...

class RunProgress(_message.Message):
    __slots__ = ("stage", "done", "total", "run")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    stage: str
    done: int
    total: int
    run: RunInfo
    def __init__(self, stage: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., run: _Optional[_Union[RunInfo, _Mapping]] = ...) -> None: ...

class RunInfo(_message.Message):
    __slots__ = ("run_digest", "findings_root", "findings", "logged")
    RUN_DIGEST_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_ROOT_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    LOGGED_FIELD_NUMBER: _ClassVar[int]
    run_digest: bytes
    findings_root: bytes
    findings: int
    logged: Logged
    def __init__(self, run_digest: _Optional[bytes] = ..., findings_root: _Optional[bytes] = ..., findings: _Optional[int] = ..., logged: _Optional[_Union[Logged, _Mapping]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("agreement", "flow", "period")
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    FLOW_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    agreement: bytes
    flow: str
    period: str
    def __init__(self, agreement: _Optional[bytes] = ..., flow: _Optional[str] = ..., period: _Optional[str] = ...) -> None: ...

class ListRunsReply(_message.Message):
    __slots__ = ("runs",)
    RUNS_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[RunInfo]
    def __init__(self, runs: _Optional[_Iterable[_Union[RunInfo, _Mapping]]] = ...) -> None: ...

class ListFindingsRequest(_message.Message):
    __slots__ = ("run_digest",)
    RUN_DIGEST_FIELD_NUMBER: _ClassVar[int]
    run_digest: bytes
    def __init__(self, run_digest: _Optional[bytes] = ...) -> None: ...

class GetReceiptsRequest(_message.Message):
    __slots__ = ("run_digest",)
    RUN_DIGEST_FIELD_NUMBER: _ClassVar[int]
    run_digest: bytes
    def __init__(self, run_digest: _Optional[bytes] = ...) -> None: ...

class GetReceiptsReply(_message.Message):
    __slots__ = ("receipts", "logged")
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    LOGGED_FIELD_NUMBER: _ClassVar[int]
    receipts: _containers.RepeatedCompositeFieldContainer[Receipt]
    logged: Logged
    def __init__(self, receipts: _Optional[_Iterable[_Union[Receipt, _Mapping]]] = ..., logged: _Optional[_Union[Logged, _Mapping]] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("party", "note")
    PARTY_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    party: str
    note: str
    def __init__(self, party: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class FindingItem(_message.Message):
    __slots__ = ("leaf", "index", "size", "inclusion", "state", "request_index", "since")
    LEAF_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_INDEX_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    leaf: bytes
    index: int
    size: int
    inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    state: str
    request_index: int
    since: int
    def __init__(self, leaf: _Optional[bytes] = ..., index: _Optional[int] = ..., size: _Optional[int] = ..., inclusion: _Optional[_Iterable[bytes]] = ..., state: _Optional[str] = ..., request_index: _Optional[int] = ..., since: _Optional[int] = ...) -> None: ...

class FindingColumns(_message.Message):
    __slots__ = ("first", "end", "kinds", "positions", "numbers", "asking_handles", "answering_handles", "cases", "hidden", "since")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    ASKING_HANDLES_FIELD_NUMBER: _ClassVar[int]
    ANSWERING_HANDLES_FIELD_NUMBER: _ClassVar[int]
    CASES_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    first: int
    end: int
    kinds: _containers.RepeatedCompositeFieldContainer[FindingKind]
    positions: bytes
    numbers: bytes
    asking_handles: bytes
    answering_handles: bytes
    cases: _containers.RepeatedCompositeFieldContainer[FindingCase]
    hidden: bytes
    since: int
    def __init__(self, first: _Optional[int] = ..., end: _Optional[int] = ..., kinds: _Optional[_Iterable[_Union[FindingKind, _Mapping]]] = ..., positions: _Optional[bytes] = ..., numbers: _Optional[bytes] = ..., asking_handles: _Optional[bytes] = ..., answering_handles: _Optional[bytes] = ..., cases: _Optional[_Iterable[_Union[FindingCase, _Mapping]]] = ..., hidden: _Optional[bytes] = ..., since: _Optional[int] = ...) -> None: ...

class FindingKind(_message.Message):
    __slots__ = ("answering", "codes")
    ANSWERING_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    answering: str
    codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, answering: _Optional[str] = ..., codes: _Optional[_Iterable[str]] = ...) -> None: ...

class FindingCase(_message.Message):
    __slots__ = ("position", "state", "request_index", "since")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_INDEX_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    position: int
    state: str
    request_index: int
    since: int
    def __init__(self, position: _Optional[int] = ..., state: _Optional[str] = ..., request_index: _Optional[int] = ..., since: _Optional[int] = ...) -> None: ...

class SendRequest(_message.Message):
    __slots__ = ("message", "attachment")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_FIELD_NUMBER: _ClassVar[int]
    message: SignedMessage
    attachment: bytes
    def __init__(self, message: _Optional[_Union[SignedMessage, _Mapping]] = ..., attachment: _Optional[bytes] = ...) -> None: ...

class SendReply(_message.Message):
    __slots__ = ("logged",)
    LOGGED_FIELD_NUMBER: _ClassVar[int]
    logged: Logged
    def __init__(self, logged: _Optional[_Union[Logged, _Mapping]] = ...) -> None: ...

class ReceiveRequest(_message.Message):
    __slots__ = ("kinds", "after", "limit", "wait_seconds")
    KINDS_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedScalarFieldContainer[str]
    after: int
    limit: int
    wait_seconds: int
    def __init__(self, kinds: _Optional[_Iterable[str]] = ..., after: _Optional[int] = ..., limit: _Optional[int] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class ReceiveReply(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[MailItem]
    def __init__(self, items: _Optional[_Iterable[_Union[MailItem, _Mapping]]] = ...) -> None: ...

class MailItem(_message.Message):
    __slots__ = ("message", "attachment", "index", "entry")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    message: SignedMessage
    attachment: bytes
    index: int
    entry: bytes
    def __init__(self, message: _Optional[_Union[SignedMessage, _Mapping]] = ..., attachment: _Optional[bytes] = ..., index: _Optional[int] = ..., entry: _Optional[bytes] = ...) -> None: ...

class GetCheckpointRequest(_message.Message):
    __slots__ = ("at_least", "agreement", "wait_seconds")
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    at_least: int
    agreement: bytes
    wait_seconds: int
    def __init__(self, at_least: _Optional[int] = ..., agreement: _Optional[bytes] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class AddCosignatureRequest(_message.Message):
    __slots__ = ("size", "line")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    size: int
    line: str
    def __init__(self, size: _Optional[int] = ..., line: _Optional[str] = ...) -> None: ...

class AddCosignatureReply(_message.Message):
    __slots__ = ("held",)
    HELD_FIELD_NUMBER: _ClassVar[int]
    held: int
    def __init__(self, held: _Optional[int] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("note",)
    NOTE_FIELD_NUMBER: _ClassVar[int]
    note: str
    def __init__(self, note: _Optional[str] = ...) -> None: ...

class GetEntriesRequest(_message.Message):
    __slots__ = ("first", "limit")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    first: int
    limit: int
    def __init__(self, first: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class LogEntry(_message.Message):
    __slots__ = ("index", "entry")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    index: int
    entry: bytes
    def __init__(self, index: _Optional[int] = ..., entry: _Optional[bytes] = ...) -> None: ...

class InclusionProofRequest(_message.Message):
    __slots__ = ("index", "size")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    index: int
    size: int
    def __init__(self, index: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class ConsistencyProofRequest(_message.Message):
    __slots__ = ("first", "second")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    first: int
    second: int
    def __init__(self, first: _Optional[int] = ..., second: _Optional[int] = ...) -> None: ...

class Proof(_message.Message):
    __slots__ = ("hashes",)
    HASHES_FIELD_NUMBER: _ClassVar[int]
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, hashes: _Optional[_Iterable[bytes]] = ...) -> None: ...
