"""Takes a Nacha return file: all of it in one transaction, each entry with a line in the report.

Returned debits that mean exactly one payment reverse it; everything else is only reported. The same file again moves
no money twice: what it reversed is `already_reversed`, and what it could not match before is tried again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.payments.domain.nacha.reader import Entry, NachaFile, read
from services.payments.domain.nacha.records import Fault
from services.payments.domain.nacha.returns import (
    Candidate,
    effective_on,
    kind_of,
    match,
    reason_of,
    why_reported,
)
from services.payments.domain.reversal import Decision, Reversed, ReversePayment, Unchanged
from services.payments.handlers.reassess import reassess
from services.payments.handlers.reverse_payments import reverse
from services.payments.schemas.nacha import NachaEntryView, NachaReport
from services.payments.store.nacha import file_id_of, load_candidates, load_report, save_report
from services.payments.store.views import load_creditors
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id

MAX_FAULTS_TOLD = 20
NO_MATCH = {
    "unmatched": "No ACH payment of the last 70 days has this trace or id and this amount.",
    "ambiguous": "Several payments have this trace or id and this amount.",
}


@dataclass(frozen=True, slots=True)
class ImportReturns:
    """A file as it came."""

    creditor_id: UUID
    content: bytes
    taken_by: str


@dataclass(slots=True)
class _Matched:
    entry: Entry
    payment: Candidate
    command: ReversePayment


async def import_returns(tx: Tx, command: ImportReturns) -> NachaReport | Refusal:
    """Apply a file and report each entry; a broken file is refused whole, with its lines."""
    file = read(command.content)
    if not isinstance(file, NachaFile):
        return Refusal("nacha-file-invalid", _told(file))
    await lock(tx, creditors=[command.creditor_id])
    file_id = await file_id_of(tx, command.creditor_id, command.content, command.taken_by)
    found = await _match(tx, command, file)
    matched = [one for one in found.values() if isinstance(one, _Matched)]
    # The creditor's lock is held already; the accounts follow in their order, as everywhere.
    await lock(tx, accounts={one.payment.account_id for one in matched})
    decisions = await reverse(tx, [(one.payment.payment_id, one.command) for one in matched])
    await reassess(tx, {one.payment.account_id for one in matched})
    made = {one.entry.line: decision for one, decision in zip(matched, decisions, strict=True)}
    rows = [_row(entry, found.get(entry.line), made.get(entry.line)) for entry in file.entries]
    await save_report(tx, file_id, rows)
    return NachaReport(
        file_id=file_id,
        creditor_id=command.creditor_id,
        taken_at=tx.clock.now(),
        counts=Counter(row["result"] for row in rows),
        entries=tuple(NachaEntryView(**row) for row in rows),
    )


async def report_of(tx: Tx, file_id: UUID) -> NachaReport | None:
    """The report of a file that was taken, or None."""
    found = await load_report(tx, file_id)
    if found is None:
        return None
    file, rows = found
    entries = tuple(NachaEntryView(**{name: row[name] for name in NachaEntryView.model_fields}) for row in rows)
    return NachaReport(
        file_id=file["file_id"],
        creditor_id=file["creditor_id"],
        taken_at=file["taken_at"],
        counts=Counter(entry.result for entry in entries),
        entries=entries,
    )


async def _match(tx: Tx, command: ImportReturns, file: NachaFile) -> Mapping[int, "_Matched | str"]:
    """What each returned debit means, by its line."""
    returned = [entry for entry in file.entries if why_reported(entry) is None]
    candidates = await load_candidates(tx, command.creditor_id, returned)
    creditor = (await load_creditors(tx, {command.creditor_id}))[command.creditor_id]
    days = [day for day in (file.created_on, creditor.business_date) if day is not None]
    by_name: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        for name in {candidate.ach_trace, candidate.source_ref} - {None}:
            by_name.setdefault(str(name), []).append(candidate)
    found: dict[int, _Matched | str] = {}
    for entry in returned:
        near = {
            one.payment_id: one
            for name in (entry.original_trace, entry.individual_id)
            if name
            for one in by_name.get(name, ())
        }
        payment = match(entry, near.values(), days)
        if isinstance(payment, str):
            found[entry.line] = payment
            continue
        day = effective_on(file.created_on, creditor.business_date, payment.effective_on)
        reversal = ReversePayment(new_id(), reason_of(entry), day, None, "ours", taken_by=command.taken_by)
        found[entry.line] = _Matched(entry, payment, reversal)
    return found


def _row(entry: Entry, found: "_Matched | str | None", decision: Decision | None) -> dict[str, Any]:
    result, detail = _result(entry, found, decision)
    reversal_id = None
    if isinstance(found, _Matched):
        reversal_id = found.command.reversal_id if isinstance(decision, Reversed) else None
        reversal_id = decision.reversal_id if isinstance(decision, Unchanged) else reversal_id
    return {
        "line": entry.line,
        "result": result,
        "detail": detail,
        "kind": kind_of(entry),
        "transaction_code": entry.transaction_code,
        "amount_minor": entry.amount_minor,
        "individual_id": entry.individual_id or None,
        "return_code": entry.return_code or entry.change_code,
        "original_trace": entry.original_trace,
        "effective_on": found.command.effective_on if isinstance(found, _Matched) else None,
        "payment_id": found.payment.payment_id if isinstance(found, _Matched) else None,
        "reversal_id": reversal_id,
    }


def _result(entry: Entry, found: "_Matched | str | None", decision: Decision | None) -> tuple[str, str]:
    if isinstance(found, str):
        return found, NO_MATCH[found]
    if isinstance(decision, Reversed):
        return "reversed", f"Returned with {entry.return_code}."
    if isinstance(decision, Unchanged):
        return "already_reversed", "The payment was reversed before."
    if isinstance(decision, Refusal):
        return "reported", decision.detail
    return "reported", why_reported(entry) or "No money moves."


def _told(faults: Sequence[Fault]) -> str:
    told = "; ".join(f"line {fault.line}: {fault.message}" for fault in faults[:MAX_FAULTS_TOLD])
    more = len(faults) - MAX_FAULTS_TOLD
    return f"{told}; and {more} more" if more > 0 else told
