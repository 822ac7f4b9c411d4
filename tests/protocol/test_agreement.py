"""The Daxing example parses; every named mutation of it is refused, by path."""

from __future__ import annotations

import pickle

import pytest

from matcher.protocol import cosignature, note, suite
from matcher.protocol.agreement import render
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.agreement.parse import parse_agreement, parse_both, parse_matching
from matcher.protocol.errors import AgreementError, DeniedError
from tests import daxing

SECOND_KEY = cosignature.verifier_key("witness.test/second", bytes(range(32, 64)))
THIRD_KEY = cosignature.verifier_key("witness.test/third", bytes(range(64, 96)))
# The log's own key, dressed as a witness's.
LOG_AS_WITNESS = cosignature.verifier_key(daxing.ORIGIN, bytes(range(32)))
WITNESSES = f'threshold = 1\nkeys = ["{daxing.WITNESS_KEY}"]'
OTHER_LOG = note.verifier_key("other.test/log", bytes(range(32, 64)))


def test_the_example_says_what_the_case_needs() -> None:
    agreement = daxing.agreement()
    assert agreement.id == "daxing-wages"
    assert agreement.data_parties() == ("labour-bureau", "bank-regulator")
    assert agreement.valid_from == 1640966400  # 2022-01-01 00:00 in Beijing is 2021-12-31 16:00 UTC
    assert agreement.valid_until == 1956499200  # 2032-01-01 00:00 in Beijing
    flow = agreement.flow(daxing.FLOW)
    assert flow.side_of("labour-bureau") == "asking"
    assert [field.comparator for field in flow.fields] == [
        "company-name", "exact", "exact", "ratio", "ratio", "days", "flags",
    ]  # fmt: skip
    bounds = {rule.code: rule.conditions[0].bound for rule in flow.rules if rule.conditions}
    assert (bounds["wages-short"], bounds["deposit-short"], bounds["deposit-late"]) == (-11, -6, 30)
    terms = agreement.flow_terms(daxing.FLOW)
    assert terms.automatic == set(flow.field("flags").codes)
    assert terms.columns("answering")[3].choices["工资专户"] == "wage"
    assert "wage-arrears-inspection" in terms.purposes
    assert terms.legal_basis_texts["wage-payment-regulation-art-26"]
    agreement.require_role("bank-regulator", "chen.jie", "approve")
    with pytest.raises(DeniedError):
        agreement.require_role("bank-regulator", "wang.fang", "approve")


def test_digests_are_of_the_exact_bytes() -> None:
    matching, agreement = daxing.files()
    parsed = parse_both(matching, agreement)
    assert (parsed.matching.digest, parsed.digest) == (suite.sha256(matching), suite.sha256(agreement))
    with pytest.raises(AgreementError, match=r"agreement\.matching: this is not the digest"):
        parse_both(matching.replace(b"# Concordat", b"#  Concordat", 1), agreement)


def test_mode_hmac_is_the_same_template() -> None:
    agreement = daxing.agreement("hmac")
    link = agreement.matching.links["account"]
    assert (link.mode, link.group_key_id, link.public_key) == ("hmac", daxing.LINK_KEY, b"")
    assert agreement.matching.digest != daxing.agreement().matching.digest


def test_an_agreement_crosses_to_worker_processes() -> None:
    agreement = daxing.agreement()
    copy: Agreement = pickle.loads(pickle.dumps(agreement))  # noqa: S301 - our own bytes
    assert copy == agreement


def test_the_term_is_half_open() -> None:
    agreement = daxing.agreement()
    agreement.require_in_force(agreement.valid_from)
    agreement.require_in_force(agreement.valid_until - 1)
    for moment in (agreement.valid_from - 1, agreement.valid_until):
        with pytest.raises(AgreementError):
            agreement.require_in_force(moment)


# name: (text in the good matching file, its replacement, what the refusal says)
MATCHING_MUTATIONS = {
    "another suite": ('suite = "concordat-v1"', 'suite = "concordat-v2"', "concordat-v2"),
    "a suite that is no text": ('suite = "concordat-v1"', "suite = 1", "matching.suite: text is expected"),
    "no suite": ('suite = "concordat-v1"\n', "", "matching.suite: this field is missing"),
    "an unknown field": ("multiple = 50", "multiple = 50\nmost = 3", "flows.account-check.most: unknown field"),
    "an unknown table": ("[data]", "[more]\n[data]", "matching.more: unknown field"),
    "an unknown rule field": (
        'code = "account-not-found"', 'code = "account-not-found"\nweight = 2', "rules[4].weight: unknown field",
    ),
    "a malformed id": ('agreement = "daxing-wages"', 'agreement = "Daxing"', "matching.agreement: an id is expected"),
    "a number for a text": ('holder = "bank-regulator"', "holder = 7", "matching.links.account.holder"),
    "a text for a number": ("epoch = 1", 'epoch = "1"', "matching.links.account.epoch: a whole number"),
    "true for a number": ("epoch = 1", "epoch = true", "matching.links.account.epoch: a whole number"),
    "an epoch out of range": ("epoch = 1", "epoch = 0", "matching.links.account.epoch"),
    "an unknown mode": ('mode = "oprf"', 'mode = "psi"', "matching.links.account.mode: 'psi' is not known"),
    "a mode without its key": ('mode = "oprf"', 'mode = "hmac"', "links.account.group_key_id: this field is missing"),
    "a key of the other mode": (
        "epoch = 1", f'epoch = 1\ngroup_key_id = "{"11" * 32}"', "group_key_id: mode oprf has no such field",
    ),
    "a short key": ("09" * 32, "09" * 31, "matching.links.account.public_key: 32 bytes"),
    "an unknown normaliser": ("account-number", "phone", "matching.links.account.normaliser: 'phone' is not known"),
    "a holder outside": (
        'holder = "bank-regulator"', 'holder = "audit-office"', "links.account.holder: audit-office is no data party",
    ),
    "a missing link": ('link = "account"', 'link = "iban"', "flows.account-check.link: there is no link kind 'iban'"),
    "an unused link": (
        "[flows.account-check]",
        f'[links.other]\nnormaliser = "credit-code"\nmode = "hmac"\nholder = "x"\nepoch = 1\n'
        f'group_key_id = "{"22" * 32}"\n[flows.account-check]',
        "matching.links.other: no flow uses this link kind",
    ),
    "asking oneself": ('answering = ["bank-regulator"]', 'answering = ["labour-bureau"]', "answering: 'labour-bureau'"),
    "nobody answers": ('answering = ["bank-regulator"]', "answering = []", "answering: 1 to 31 items expected"),
    "multiple of nothing": ("multiple = 50", "multiple = 0", "flows.account-check.multiple"),
    "an unknown comparator": ('"days"', '"weeks"', "fields[6].comparator: 'weeks' is not known"),
    "two fields of a name": ('name = "deposit",', 'name = "wages",', "fields: 'wages' stands twice"),
    "codes on another comparator": (
        '{ name = "kind", comparator = "exact" }', '{ name = "kind", comparator = "exact", codes = ["a"] }',
        "fields[3].codes: comparator exact has no such field",
    ),
    "a field no rule looks at": (
        '{ name = "kind", comparator = "exact" }',
        '{ name = "kind", comparator = "exact" }, { name = "idle", comparator = "exact" }',
        "no rule looks at field 'idle'",
    ),
    "a code no rule names": (
        '"barred-transfer",\n  ] }', '"barred-transfer", "idle",\n  ] }', "no rule has code 'idle' of field 'flags'",
    ),
    "a reserved code": ('code = "account-not-found"', 'code = "unreadable"', "rules[4].code: 'unreadable' is reserved"),
    "an unknown fact": ('fact = "unmatched"', 'fact = "absent"', "rules[4].fact: 'absent' is not known"),
    "conditions missing": ('fact = "unmatched"', 'fact = "matched"', "rules[4].all: a rule on fact 'matched' needs"),
    "a rule on an unknown field": ('field = "kind", is', 'field = "sort", is', "[1].field: there is no field 'sort'"),
    "an outcome the comparator lacks": (
        '"kind", is = "different"', '"kind", is = "review"', "all[1].is: comparator exact has no outcome 'review'",
    ),
    "unknown not stated": (
        'below = "0.95", unknown = "passes"', 'below = "0.95"', "rules[7].all[1].unknown: this field is missing",
    ),
    "unknown stated twice": (
        'is = "unknown" }', 'is = "unknown", unknown = "fires" }', "unknown: this test speaks of the unknown itself",
    ),
    "unknown beside others": (
        'is = "review", unknown = "fires"', 'is = ["review", "unknown"]', "all[2].is: 'unknown' stands alone",
    ),
    "a third word for unknown": (
        'below = "0.95", unknown = "passes"', 'below = "0.95", unknown = "maybe"', "'maybe' is not known",
    ),
    "two tests in one": ('below = "0.95"', 'below = "0.95", above = "2.00"', "exactly one of is, below, above, has"),
    "no test": ('below = "0.95", ', "", "exactly one of is, below, above, has"),
    "a threshold as a number": ('below = "0.95"', "below = 0.95", "all[1].below: text is expected, not a number with"),
    "a threshold with an exponent": ('below = "0.95"', 'below = "9e-1"', 'a decimal such as "0.90" is expected'),
    "a threshold of nothing": ('below = "0.95"', 'below = "0.00"', 'a decimal such as "0.90" is expected'),
    "a threshold beyond": ('below = "0.95"', 'below = "100.01"', 'a decimal such as "0.90" is expected'),
    "a threshold in parts of a day": ('above = "30"', 'above = "30.5"', 'a number of days such as "30" is expected'),
    "an order on what has none": (
        'field = "kind", is = "different"', 'field = "kind", below = "1.00"', "comparator exact has no such test",
    ),
    "a flag the field lacks": ('has = "account-frozen"', 'has = "frozen"', "field 'flags' has no code 'frozen'"),
    "a rule without English": (
        'text.en = "The account is dormant."\n', "", "rules[11].text.en: this field is missing",
    ),
    "a rule in a third language": (
        'text.en = "The account is dormant."', 'text.en = "x"\ntext.fr = "x"', "rules[11].text.fr: unknown field",
    ),
    "a condition twice": (
        'has = "no-deposit", unknown = "passes"', 'has = "no-deposit", unknown = "passes" }, {field = "flags", '
        'has = "no-deposit", unknown = "passes"', "rules[13].all: a condition stands twice",
    ),
    "a rule twice": (
        'code = "account-dormant"\nall = [{ field = "flags", has = "account-dormant"',
        'code = "account-closed"\nall = [{ field = "flags", has = "account-closed"',
        "rules[11]: another rule gives 'account-closed' under the same conditions",
    ),
    "a placeholder left": ("09" * 32, "@{link.account.key}", "placeholder @{link.account.key} is not filled in"),
    "no TOML": ("[data]", "[data", "matching: not TOML"),
}  # fmt: skip

AGREEMENT_MUTATIONS = {
    "another suite": ('suite = "concordat-v1"', 'suite = "concordat-v0"', "concordat-v0"),
    "another agreement's": (
        'agreement = "daxing-wages"', 'agreement = "other"', "agreement.agreement: the matching file is of agreement",
    ),
    "an unknown field": ("version = 1", "version = 1\nsecret = true", "agreement.secret: unknown field"),
    "version nought": ("version = 1", "version = 0", "agreement.version"),
    "version one with a past": ('previous = ""', f'previous = "{"33" * 32}"', "agreement.previous: version 1 has no"),
    "version two without": ("version = 1", "version = 2", "agreement.previous: version 1 has no previous digest"),
    "a date in quotes": ("2022-01-01 ", '"2022-01-01" ', "agreement.valid_from: a date such as 2022-01-01"),
    "a date with a time": ("2022-01-01 ", "2022-01-01T00:00:00Z ", "agreement.valid_from: a date such as 2022-01-01"),
    "an end before the beginning": ("2032-01-01", "2021-01-01", "agreement.valid_until: the term ends before"),
    "a term of no day": ("2032-01-01", "2022-01-01", "agreement.valid_until: the term ends before it begins"),
    "an unknown period": ('period = "month"', 'period = "week"', "agreement.calendar.period: 'week' is not known"),
    "retention for ever": ("retention_days = 1825", "retention_days = 0", "agreement.calendar.retention_days"),
    "a party's root twice": ("02" * 32, "01" * 32, "agreement.parties (root)"),
    "a root in capitals": ("01" * 32, "AB" * 32, "agreement.parties.labour-bureau.root: 32 bytes"),
    "an unknown role": ('roles = ["prepare"]', 'roles = ["sign"]', "'sign' is not known"),
    "maker and checker": (
        'id = "li.wei", roles = ["approve", "administer"]', 'id = "li.wei", roles = ["approve", "prepare"]',
        "agreement.parties.labour-bureau.people: li.wei both prepares and approves",
    ),
    "nobody may sign": (
        'id = "li.wei", roles = ["approve", "administer"]', 'id = "li.wei", roles = ["approve"]',
        "agreement.parties.labour-bureau.people: nobody holds the role 'administer'",
    ),
    "nobody may approve": (
        'id = "chen.jie", roles = ["approve", "administer"]', 'id = "chen.jie", roles = ["administer"]',
        "agreement.parties.bank-regulator.people: nobody holds the role 'approve'",
    ),
    "nobody may prepare": (
        'id = "zhang.min", roles = ["prepare"]', 'id = "zhang.min", roles = ["read"]',
        "agreement.parties.labour-bureau.people: nobody holds the role 'prepare'",
    ),
    "an auditor who acts": ('roles = ["read"] }]', 'roles = ["approve"] }]', "people of an auditor hold the role"),
    "a person twice": ('id = "li.wei"', 'id = "zhang.min"', "labour-bureau.people: 'zhang.min' stands twice"),
    "a data party as auditor": (
        '监管机构"\nkind = "data"', '监管机构"\nkind = "auditor"', "parties.bank-regulator",
    ),
    "a party left out": (
        "[parties.bank-regulator]", "[parties.other-bank]", "parties.bank-regulator: flow account-check needs",
    ),
    "terms of no flow": ("[terms.account-check]", "[terms.account-chick]", "agreement.terms."),
    "a reveal field that is not there": ('"last_deposit", "flags"', '"last_deposit", "iban"', "'iban' is no column"),
    "a rule nobody can recompute": ('"last_deposit", "flags"', '"last_deposit"', "column 'flags' feeds a rule but"),
    "automatic approval of a judgement": (
        'automatic_approval = [', 'automatic_approval = [\n  "holder-mismatch",', "depends on the asking side's row",
    ),
    "automatic approval of no code": ('automatic_approval = [', 'automatic_approval = ["x",', "has code 'x'"),
    "no purpose": (
        'wage-arrears-inspection = "农民工工资支付专项检查"\ndeposit-inspection = "工资保证金存储情况检查"\n'
        'complaint-investigation = "投诉举报案件调查"\n', "", "terms.account-check.purposes: at least 1 expected",
    ),
    "an unknown column type": ('type = "company"', 'type = "firm"', "asking_columns[3].type: 'firm' is not known"),
    "a column for no field": ('feeds = "deposit_date"', 'feeds = "due"', "flow account-check has no field 'due'"),
    "a column of the wrong type": (
        'type = "date"\nfeeds = "deposit_date"', 'type = "text"\nfeeds = "deposit_date"',
        "a column of type text cannot feed comparator days",
    ),
    "a field without a column": (
        'type = "credit-code"\nfeeds = "code"', 'type = "credit-code"', "no column feeds field 'code'",
    ),
    "a header twice": ('"deposit account"]', '"wage account"]', "asking_columns: 'wage account' stands twice"),
    "two columns for a field": ('feeds = "deposit_date"', 'feeds = "deposit"', "columns: 'deposit' stands twice"),
    "a link of another type": (
        '"wage account"]\ntype = "account"', '"wage account"]\ntype = "text"', "is of type 'account'",
    ),
    "a value no choice has": (
        'sets = { account_kind = "wage" }', 'sets = { account_kind = "wages" }', "'wages' is no value of that column",
    ),
    "only for what is no choice": (
        'only_for = { account_kind = "wage" }', 'only_for = { project_id = "wage" }', "no column of type choice",
    ),
    "a column that nobody sets": (
        'sets = { account_kind = "deposit" }\n', "", "asking_columns[7].headers: a column without headers must be set",
    ),
    "sets without link": (
        'feeds = "deposit_date"', 'feeds = "deposit_date"\nsets = { account_kind = "wage" }',
        "asking_columns[10].sets",
    ),
    "unless without link": (
        'feeds = "deposit_date"', 'feeds = "deposit_date"\nunless = { deposit_form = ["exempt"] }',
        "asking_columns[10].unless",
    ),
    "unless of what is no choice": (
        "unless = { deposit_form = [", "unless = { permit_date = [", "unless.permit_date: this is no column of type",
    ),
    "unless of no value": ('"guarantee", "exempt"] }', '"guarantee", "waived"] }', "'waived' is no value of that"),
    "unless of nothing": ('unless = { deposit_form = ["guarantee", "exempt"] }', "unless = {}", "unless: at least 1"),
    "due after what is no date": (
        'due = { after = "permit_date"', 'due = { after = "deposit_form"', "asking_columns[10].due.after: this is no",
    ),
    "due after itself": ('{ after = "permit_date"', '{ after = "deposit_due"', "due.after: this is no other"),
    "due though no date": (
        'feeds = "wages"', 'feeds = "wages"\ndue = { after = "permit_date", working_days = 1 }',
        "asking_columns[8].due: only a column of type date",
    ),
    "due in no days": ("working_days = 20 }", "working_days = 0 }", "due.working_days: a whole number from 1 to 1,000"),
    "choices missing": ("choices = { wage = [], deposit = [] }\n", "", "asking_columns[7].choices"),
    "a spelling of two choices": ('"工资专户"]', '"保证金账户"]', "choices: '保证金账户' stands twice"),
    "a flag of no code": ("choices.no-deposit = [", "choices.nothing = [", "field 'flags' has no code 'nothing'"),
    "two row ids": ('"project name"]\ntype = "text"', '"project name"]\ntype = "text"\nrow_id = true', "row_id = true"),
    "a quota missing": ("runs = 10                   #", "# runs", "agreement.quotas.labour-bureau.runs"),
    "a quota below nothing": ("rows = 5_000_000", "rows = -1", "agreement.quotas.bank-regulator.rows"),
    "a quota with a point": ("rows = 5_000_000", "rows = 5e6", "rows: a whole number is expected"),
    "a quota of nobody": ("[quotas.bank-regulator]", "[quotas.audit-office]", "agreement.quotas.bank-regulator: this"),
    "more than a run takes": ("submissions = 10            #", "submissions = 311 #", "quotas: 321 submissions"),
    "no log key": (f'key = "{daxing.LOG_KEY}"', 'key = "concordat.test/daxing+1+AA=="', "log.key: this is no verifier"),
    "another log's key": (daxing.LOG_KEY, OTHER_LOG, "agreement.log.key: the key is of another log"),
    "witnesses without threshold": ("threshold = 1", "threshold = 0", "threshold: 0 of 1 witnesses"),
    "half of the witnesses": (
        WITNESSES, f'threshold = 1\nkeys = ["{SECOND_KEY}", "{THIRD_KEY}"]', "threshold: 1 of 2",
    ),
    "more than all witnesses": (WITNESSES, f'threshold = 2\nkeys = ["{SECOND_KEY}"]', "2 of 1"),
    "a threshold without witnesses": (f'keys = ["{daxing.WITNESS_KEY}"]', "keys = []", "threshold: 1 of 0 witnesses"),
    "a witness twice": (
        WITNESSES, f'threshold = 2\nkeys = ["{SECOND_KEY}", "{SECOND_KEY}"]', "stands twice",
    ),
    "the log as its own witness": (WITNESSES, f'threshold = 1\nkeys = ["{LOG_AS_WITNESS}"]', "twice"),
    "a log's key as a witness's": (
        WITNESSES, f'threshold = 1\nkeys = ["{OTHER_LOG}"]', "keys[1]: this is no verifier key",
    ),
}  # fmt: skip


def mutated(data: bytes, old: str, new: str) -> bytes:
    """The good file with one place changed; the place must be there."""
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize("name", MATCHING_MUTATIONS)
def test_a_mutated_matching_file_is_refused_by_path(name: str) -> None:
    old, new, message = MATCHING_MUTATIONS[name]
    matching, _ = daxing.files()
    with pytest.raises(AgreementError) as caught:
        parse_matching(mutated(matching, old, new))
    assert message in str(caught.value)
    assert caught.value.remedy or "concordat-v2" in str(caught.value)


@pytest.mark.parametrize("name", AGREEMENT_MUTATIONS)
def test_a_mutated_agreement_file_is_refused_by_path(name: str) -> None:
    old, new, message = AGREEMENT_MUTATIONS[name]
    matching, agreement = daxing.files()
    with pytest.raises(AgreementError) as caught:
        parse_agreement(mutated(agreement, old, new), parse_matching(matching))
    assert message in str(caught.value)


def test_rules_have_no_more_codes_than_a_run_counts() -> None:
    matching, _ = daxing.files()
    [(_, first)] = [part.split(b"[[flows.account-check.rules]]", 1) for part in [matching]]
    rule = b"[[flows.account-check.rules]]" + first.split(b"[[", 1)[0]
    code = rule.split(b'code = "', 1)[1].split(b'"', 1)[0]
    present = len({item.code for item in parse_matching(matching).flow("account-check").rules})
    more = [rule.replace(code, b"code-%d" % number) for number in range(97 - present)]
    parse_matching(matching + b"\n" + b"".join(more[:-1]))
    with pytest.raises(AgreementError, match="97 different codes"):
        parse_matching(matching + b"\n" + b"".join(more))


def test_a_log_s_origin_is_no_longer_than_a_cosignature_can_say() -> None:
    matching, agreement = daxing.files()
    for length in (255, 256):
        origin = "o" * length
        key = note.verifier_key(origin, bytes(range(32)))
        changed = mutated(agreement, f'"{daxing.ORIGIN}"', f'"{origin}"').replace(daxing.LOG_KEY.encode(), key.encode())
        if length == 255:
            parse_agreement(changed, parse_matching(matching))
        else:
            with pytest.raises(AgreementError, match="origin: longer than 255"):
                parse_agreement(changed, parse_matching(matching))


def test_a_majority_of_witnesses_is_accepted() -> None:
    matching, agreement = daxing.files()
    keys = f'threshold = 2\nkeys = ["{SECOND_KEY}", "{THIRD_KEY}"]'
    parsed = parse_both(matching, mutated(agreement, WITNESSES, keys))
    assert (parsed.witness_threshold, len(parsed.witnesses)) == (2, 2)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("byte order mark", lambda data: b"\xef\xbb\xbf" + data, "byte order mark"),
        ("CRLF", lambda data: data.replace(b"\n", b"\r\n"), "line 1 ends in CR or CRLF"),
        ("one CR", lambda data: data.replace(b"[data]", b"[data]\r"), "ends in CR or CRLF"),
        ("GB18030", lambda data: data.decode().encode("gb18030"), "is not UTF-8"),
        ("too large", lambda data: data + b"#" * (1 << 20), "larger than"),
    ],
)
def test_bytes_that_are_not_the_agreed_form_are_refused(name: str, change: object, message: str) -> None:
    matching, agreement = daxing.files()
    with pytest.raises(AgreementError, match=message):
        parse_matching(change(matching))  # type: ignore[operator]
    parsed = parse_matching(matching)
    if name != "one CR":
        with pytest.raises(AgreementError, match=message):
            parse_agreement(change(agreement), parsed)  # type: ignore[operator]


def test_flows_that_share_a_link_kind_have_the_same_parties() -> None:
    matching, _ = daxing.files()
    start = matching.index(b"[flows.account-check]")
    second = matching[start:].replace(b"flows.account-check", b"flows.second")
    parse_matching(matching + second)
    with pytest.raises(AgreementError, match=r"flows\.second: another flow on link kind 'account' has other parties"):
        parse_matching(matching + second.replace(b'asking = "labour-bureau"', b'asking = "tax-bureau"'))


def test_a_template_keeps_its_comments_and_takes_no_clauses_from_values() -> None:
    template = b'a = "@{x}"  # stays: @{x}, @{unknown}\n@{line}\n'
    filled = render.fill(template, {"x": "abc"}, {"line": 'b = "2"'})
    assert filled == b'a = "abc"  # stays: @{x}, @{unknown}\nb = "2"\n'
    with pytest.raises(AgreementError, match=r"nothing is given for placeholder @\{x\}"):
        render.fill(template, {}, {})
    for value in ('a"\nb = "c', "a\\", "", "a b", "a\nb"):
        with pytest.raises(AgreementError, match="holds characters"):
            render.fill(template, {"x": value}, {"line": ""})
