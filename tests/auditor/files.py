"""The two files of a small agreement: an OPRF flow that has codes an agent may approve, and an HMAC flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcher.protocol.suite import sha256

MATCHING = """
suite = "concordat-v1"
agreement = "daxing-wages"

[data]
normaliser_vectors = "{digest}"
name_data = "{name_data}"

[links.account]
normaliser = "account-number"
mode = "oprf"
holder = "bank-regulator"
epoch = {epoch}
public_key = "{digest}"

[links.firm]
normaliser = "credit-code"
mode = "hmac"
holder = "bank-regulator"
epoch = 1
group_key_id = "{digest}"

[flows.account-check]
link = "account"
asking = "labour-bureau"
answering = ["bank-regulator"]
fields = [{{ name = "flags", comparator = "flags", codes = ["account-frozen"] }}]
[[flows.account-check.rules]]
code = "account-frozen"
all = [{{ field = "flags", has = "account-frozen", unknown = "passes" }}]
text.en = "frozen"
text.zh = "冻结"
[[flows.account-check.rules]]
code = "account-not-found"
fact = "unmatched"
text.en = "not found"
text.zh = "没有"

[flows.firm-check]
link = "firm"
asking = "labour-bureau"
answering = ["bank-regulator"]
fields = [{{ name = "kind", comparator = "exact" }}]
[[flows.firm-check.rules]]
code = "other-kind"
all = [{{ field = "kind", is = "different", unknown = "passes" }}]
text.en = "different"
text.zh = "不同"
"""

AGREEMENT = """
suite = "concordat-v1"
agreement = "daxing-wages"
version = {version}
previous = "{previous}"
matching = "{matching}"
title = "test"
valid_from = 2022-01-01
valid_until = {valid_until}

[calendar]
period = "month"
window_days = 30
retention_days = 60
message_hours = 72

[parties.labour-bureau]
name = "labour"
kind = "data"
root = "{labour-bureau}"
people = [{{ id = "zhang.min", roles = ["prepare"] }}, {{ id = "li.wei", roles = ["approve", "administer"] }}]

[parties.bank-regulator]
name = "bank"
kind = "data"
root = "{bank-regulator}"
people = [{{ id = "chen.jie", roles = ["approve", "administer"] }}, {{ id = "wang.fang", roles = ["prepare"] }}]

[parties.audit-office]
name = "audit"
kind = "auditor"
root = "{audit-office}"
people = [{{ id = "zhao.lei", roles = ["read"] }}]

[terms.account-check]
reveal = ["account", "flags"]
automatic_approval = ["account-frozen"]
legal_basis_required = true
purposes.wage-inspection = "inspection"
legal_basis.article-26 = "article 26"
[[terms.account-check.asking_columns]]
name = "account"
headers = ["account"]
type = "account"
link = true
row_id = true
[[terms.account-check.answering_columns]]
name = "account"
headers = ["account"]
type = "account"
link = true
row_id = true
[[terms.account-check.answering_columns]]
name = "flags"
headers = ["flags"]
type = "flags"
feeds = "flags"
choices.account-frozen = ["frozen"]

[terms.firm-check]
reveal = ["code", "kind"]
automatic_approval = []
legal_basis_required = false
purposes.firm-inspection = "inspection"
legal_basis = {{}}
[[terms.firm-check.asking_columns]]
name = "code"
headers = ["code"]
type = "credit-code"
link = true
row_id = true
[[terms.firm-check.asking_columns]]
name = "kind"
headers = ["kind"]
type = "text"
feeds = "kind"
[[terms.firm-check.answering_columns]]
name = "code"
headers = ["code"]
type = "credit-code"
link = true
row_id = true
[[terms.firm-check.answering_columns]]
name = "kind"
headers = ["kind"]
type = "text"
feeds = "kind"

[quotas.labour-bureau]
rows = 1000
submissions = 3
runs = 2
evaluations_epoch = {evaluations_epoch}
evaluations_month = {evaluations_month}
reveals_month = {reveals_month}

[quotas.bank-regulator]
rows = 1000
submissions = 3
runs = 2
evaluations_epoch = 0
evaluations_month = 0
reveals_month = 0

[log]
origin = "{origin}"
key = "{log_key}"

[witnesses]
threshold = {threshold}
keys = [{witnesses}]
"""
DIGEST = "5f" * 32


def make(
    roots: Mapping[str, bytes], origin: str, log_key: str, *, version: int = 1, previous: str = "", epoch: int = 1,
    valid_until: str = "2023-01-01", name_data: str = DIGEST, evaluations_epoch: int = 4096,
    evaluations_month: int = 4096, reveals_month: int = 5, witnesses: Sequence[str] = (), threshold: int = 0,
) -> tuple[bytes, bytes]:  # fmt: skip
    """(matching file, agreement file)."""
    matching = MATCHING.format(digest=DIGEST, epoch=epoch, name_data=name_data).encode()
    values = {
        "version": version, "previous": previous, "matching": sha256(matching).hex(), "valid_until": valid_until,
        "evaluations_epoch": evaluations_epoch, "evaluations_month": evaluations_month,
        "reveals_month": reveals_month, "origin": origin,
        "log_key": log_key, "threshold": threshold, "witnesses": ", ".join(f'"{key}"' for key in witnesses),
        **{party: root.hex() for party, root in roots.items()},
    }  # fmt: skip
    return matching, AGREEMENT.format(**values).encode()
