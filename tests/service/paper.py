"""The small agreement that the service's tests use: one flow, three fields, a rule of every kind the service meets."""

from __future__ import annotations

AGREEMENT_ID = "service-test"
FLOW = "check"
LINK = "account"
PERIOD = "2022-05"
ASKING, ANSWERING, AUDITOR, OTHER = "bureau", "bank", "audit", "stranger"

MATCHING = """
suite = "concordat-v1"
agreement = "service-test"

[data]
normaliser_vectors = "{zero}"
name_data = "{zero}"

[links.account]
normaliser = "account-number"
mode = "{mode}"
holder = "bank"
epoch = {epoch}
{key}

[flows.check]
link = "account"
asking = "bureau"
answering = ["bank"]
multiple = 2
fields = [
  {{ name = "code", comparator = "exact" }},
  {{ name = "paid", comparator = "ratio" }},
  {{ name = "flags", comparator = "flags", codes = ["frozen"] }},
]

[[flows.check.rules]]
code = "code-mismatch"
all = [{{ field = "code", is = "different", unknown = "passes" }}]
text.zh = "不同"
text.en = "The codes differ."

[[flows.check.rules]]
code = "paid-short"
all = [{{ field = "paid", below = "0.90", unknown = "passes" }}]
text.zh = "不足"
text.en = "Too little was paid."

[[flows.check.rules]]
code = "frozen"
all = [{{ field = "flags", has = "frozen", unknown = "passes" }}]
text.zh = "冻结"
text.en = "The account is frozen."

[[flows.check.rules]]
code = "not-found"
fact = "unmatched"
text.zh = "没有"
text.en = "No such account."

[[flows.check.rules]]
code = "doubled"
fact = "duplicate"
text.zh = "重复"
text.en = "The link value stands in too many rows."
"""

AGREEMENT = """
suite = "concordat-v1"
agreement = "service-test"
version = {version}
previous = "{previous}"
matching = "{matching}"
title = "Test"
valid_from = 2020-01-01
valid_until = {until}

[calendar]
period = "month"
window_days = 30
retention_days = 90
message_hours = 72

[parties.bureau]
name = "Bureau"
kind = "data"
root = "{bureau}"
people = [{{ id = "maker", roles = ["prepare"] }}, {{ id = "checker", roles = ["approve", "administer"] }}]

[parties.bank]
name = "Bank"
kind = "data"
root = "{bank}"
people = [{{ id = "clerk", roles = ["prepare"] }}, {{ id = "officer", roles = ["approve", "administer"] }}]

[parties.audit]
name = "Audit"
kind = "auditor"
root = "{audit}"
people = [{{ id = "reader", roles = ["read"] }}]

[terms.check]
reveal = ["code", "paid", "flags"]
automatic_approval = ["frozen"]
legal_basis_required = true

[terms.check.purposes]
inspection = "Inspection"

[terms.check.legal_basis]
article-1 = "Article 1"

[[terms.check.asking_columns]]
name = "account"
headers = ["account"]
type = "account"
link = true
row_id = true
required = true

[[terms.check.asking_columns]]
name = "code"
headers = ["code"]
type = "credit-code"
feeds = "code"

[[terms.check.asking_columns]]
name = "paid"
headers = ["paid"]
type = "amount"
feeds = "paid"

[[terms.check.answering_columns]]
name = "account"
headers = ["account"]
type = "account"
link = true
row_id = true
required = true

[[terms.check.answering_columns]]
name = "code"
headers = ["code"]
type = "credit-code"
feeds = "code"

[[terms.check.answering_columns]]
name = "paid"
headers = ["paid"]
type = "amount"
feeds = "paid"

[[terms.check.answering_columns]]
name = "flags"
headers = ["flags"]
type = "flags"
feeds = "flags"
choices = {{ frozen = [] }}

[quotas.bureau]
rows = {rows}
submissions = {submissions}
runs = {runs}
evaluations_epoch = 8192
evaluations_month = 4096
reveals_month = {reveals}

[quotas.bank]
rows = {rows}
submissions = {submissions}
runs = 10
evaluations_epoch = 8192
evaluations_month = 4096
reveals_month = 10

[log]
origin = "{origin}"
key = "{log_key}"

[witnesses]
threshold = {threshold}
keys = [{witnesses}]
"""


def matching_file(mode: str = "oprf", epoch: int = 1) -> bytes:
    """The matching file."""
    key = f'public_key = "{"11" * 32}"' if mode == "oprf" else f'group_key_id = "{"22" * 32}"'
    return MATCHING.format(zero="00" * 32, mode=mode, epoch=epoch, key=key).encode()


def agreement_file(**values: object) -> bytes:
    """The agreement file; quotas have generous defaults."""
    defaults: dict[str, object] = {
        "version": 1, "previous": "", "until": "2090-01-01", "rows": 100_000, "submissions": 8, "runs": 10,
        "reveals": 10, "threshold": 0, "witnesses": "",
    }  # fmt: skip
    return AGREEMENT.format(**{**defaults, **values}).encode()
