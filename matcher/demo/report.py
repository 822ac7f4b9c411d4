"""The end of the demonstration as a person reads it: who sent what, who saw what, who did not, and where to look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from matcher.demo.parties import AUDITOR, BUREAU, REGULATOR, SERVICE
from matcher.demo.run import Demonstration
from matcher.demo.stage import FLOW, PERIOD
from matcher.text import _
from matcher.text.terminal import table

_SAMPLES = 5


def show(console: Console, done: Demonstration) -> None:
    """Print everything."""
    console.print()
    console.print(Panel.fit(_headline(done), border_style="bold"))
    for part in (_submitted(done), _service_saw(done), _flagged(done), _revealed(done), _not_learned(done)):
        console.print()
        console.print(part)
    console.print()
    for line in _where(done):
        console.print(line, markup=False, soft_wrap=True)


def _headline(done: Demonstration) -> str:
    outcome = done.outcome
    lines = [
        _(
            "[bold]{flagged} of {submitted} projects break a rule.[/] The other {rest} stayed unseen.",
            flagged=len(outcome.flagged), submitted=outcome.submitted, rest=outcome.submitted - len(outcome.flagged),
        )
    ]  # fmt: skip
    if outcome.expected is not None:
        lines.append(
            _(
                "Held against the truth afterwards: {missed} missed, {false} flagged wrongly, {revealed} compliant "
                "projects revealed.",
                missed=len(outcome.missed or ()), false=len(outcome.false_flags or ()),
                revealed=len(outcome.compliant_revealed),
            )
        )  # fmt: skip
    verified = _("verified") if done.audit["verified"] else _("NOT VERIFIED")
    witnesses = ", ".join(done.audit["witnesses"])
    witnessed = _("witnessed by {names}", names=witnesses) if done.audit["witnessed"] else "UNWITNESSED"
    lines.append(
        _(
            "Mode {mode}, {seconds:.1f} seconds; audit log of {size} entries {verified}, {witnessed}.",
            mode=done.mode, seconds=done.seconds, size=done.audit["size"], verified=verified, witnessed=witnessed,
        )
    )  # fmt: skip
    return "\n".join(lines)


def _submitted(done: Demonstration) -> Table:
    projects, accounts = done.compared.projects, done.compared.accounts
    headings = (_("Party"), _("File"), _("Rows"), _("Rejected"), _("Blinded rows sent"), _("Asked of the key holder"))
    rows = [
        (BUREAU, "projects.csv", projects["rows"], projects["rejected"], projects["sent"], projects["evaluated"]),
        (REGULATOR, "accounts.csv", accounts["rows"], accounts["rejected"], accounts["sent"], accounts["evaluated"]),
    ]
    if flows := accounts["local_rules"].get("flows"):
        # Only codes come of them, in the rows above.
        rows.append((REGULATOR, "flows.csv", flows["rows"], flows["rejected"], 0, 0))
    return table(_("What each party submitted"), headings, rows)


def _service_saw(done: Demonstration) -> Table:
    counts = done.compared.match["counts"]
    joined = counts.get("matched", 0)
    sent = (done.compared.projects["sent"], done.compared.accounts["sent"])
    rows = [
        (_("rows of noise from the bureau and from the regulator"), f"{sent[0]:,} + {sent[1]:,}"),
        (_("pairs that joined, so that their blinded fields could be compared"), f"{joined:,}"),
        (_("rows of the bureau that nobody answered"), f"{counts.get('unmatched', 0):,}"),
        (_("rows of the regulator that joined nothing and stayed noise, at least"), f"{_unjoined(done):,}"),
        (_("names, account numbers, amounts, dates"), _("none")),
    ]
    return table(_("What the service saw"), (_("What"), _("How many")), rows)


def _unjoined(done: Demonstration) -> int:
    """Accounts that no bureau row joined; several bureau rows may share one, so this is a lower bound."""
    return max(0, int(done.compared.accounts["sent"]) - int(done.compared.match["counts"].get("matched", 0)))


def _flagged(done: Demonstration) -> Table:
    texts: dict[str, str] = {}
    projects: dict[str, set[str]] = {}
    for finding in done.compared.findings["findings"]:
        for code, text in zip(finding["codes"], finding["texts"], strict=True):
            texts[code] = text
            projects.setdefault(code, set()).add(finding["row_id"])
    rows: list[tuple[object, ...]] = [
        (code, texts[code], len(found)) for code, found in sorted(projects.items(), key=lambda item: -len(item[1]))
    ]
    return table(_("What was flagged, and why"), (_("Rule"), _("Meaning"), _("Projects")), rows)


def _revealed(done: Demonstration) -> Table:
    compared = done.compared
    asked, nothing = compared.request["asked"], compared.request["nothing_to_reveal"]
    shown = table(
        _("What was revealed: the first of {n} records", n=len(compared.opened)),
        (_("Project"), _("Rule, checked again on the opened record"), _("Account holder, as revealed")),
        [
            (item["row_id"], ", ".join(item["confirmed"]) or _("none holds"), item["revealed"].get("holder") or "-")
            for item in compared.opened[:_SAMPLES]
        ],
    )
    shown.caption = _(
        "Asked for by a person, with purpose and case, and logged before anybody answered: {asked} records. "
        "The agent approved {automatic} by itself (the bank's own codes), a person {person}. "
        "{nothing} accounts were not found at the bank: there is nothing to reveal.",
        asked=asked, automatic=asked - compared.by_person, person=compared.by_person, nothing=nothing,
    )  # fmt: skip
    shown.caption_justify = "left"
    return shown


def _not_learned(done: Demonstration) -> Table:
    outcome, compared = done.outcome, done.compared
    rest = outcome.submitted - len(outcome.flagged)
    rows = [
        (BUREAU, _("at least {n} accounts it did not list; who holds the accounts of {rest} compliant projects",
                   n=f"{_unjoined(done):,}", rest=rest)),
        (REGULATOR, _("which of its accounts are building projects', but for the {n} it was asked to reveal, and why",
                      n=compared.request["asked"])),
        (SERVICE, _("any number, name, amount or date")),
        (AUDITOR, _("the content of any record: it has {n} log entries of who, when and why", n=done.audit["size"])),
    ]  # fmt: skip
    return table(_("What each one did not learn"), (_("Party"), _("Did not learn")), rows)


def _where(done: Demonstration) -> Iterator[str]:
    out = _short(done.out)
    bureau = f"--home {out}/homes/{BUREAU} --passphrase-file {out}/passphrases/{BUREAU}"
    auditor = f"--home {out}/homes/{AUDITOR} --passphrase-file {out}/passphrases/{AUDITOR}"
    yield _(
        "Everything is in {out}: findings.xlsx, reveals.json, receipts.json, log/, homes/, processes/ (what commands "
        "printed).", out=out,
    )  # fmt: skip
    yield _("Try next:")
    yield f"  concordat audit verify --from {out}/log {auditor}"
    yield f"  concordat audit show --from {out}/log {auditor} --last 20"
    yield f"  concordat agreement show {bureau}"
    yield _("With the service running again, in another terminal:")
    yield (
        f"  concordat-server serve --home {out}/homes/{SERVICE} --passphrase-file {out}/passphrases/{SERVICE} "
        f"--listen {done.address}"
    )
    yield f"  concordat findings --flow {FLOW} --period {PERIOD} {bureau}"
    yield f"  concordat receipt --flow {FLOW} --period {PERIOD} {bureau}"


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
