"""Takes a Nacha return file: all of it in one transaction, each entry with a line in the report.

Returned debits that mean exactly one payment reverse it; everything else is only reported. The same file again moves
no money twice: what it reversed is `already_reversed`, and what it could not match before is tried again. The accounts
are known only after a first look, taken without their locks; then they are locked and the look is repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.payments.domain.nacha.reader import Entry, NachaFile
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
from services.payments.schemas.nacha import NachaEntryView, NachaReport, counted
from services.payments.store.nacha import claim_file, is_creditor_here, load_candidates, save_report
from services.payments.store.views import load_creditors
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.ids import new_id

MAX_LOOKS: Final = 5
NO_MATCH: Final = {
    "unmatched": "No ACH payment of the last 70 days has this trace or id and this amount.",
    "ambiguous": "Several payments have this trace or id and this amount.",
}


@dataclass(frozen=True, slots=True)
class ImportReturns:
    """A file that could be read. `content_hash` is the SHA-256 of its bytes."""

    creditor_id: UUID
    content_hash: bytes
    file: NachaFile
    taken_by: str


@dataclass(slots=True)
class _Matched:
    entry: Entry
    payment: Candidate
    command: ReversePayment


Found = Mapping[int, "_Matched | str"]
"""What each returned debit means, by its line: a payment, or why none."""


async def import_returns(tx: Tx, command: ImportReturns) -> NachaReport | Refusal:
    """Apply a file and report each entry."""
    if not await is_creditor_here(tx, command.creditor_id):
        return Refusal("creditor-unknown", "There is no such creditor.", "creditor_id")
    await lock(tx, creditors=[command.creditor_id])
    found = await _matched_under_locks(tx, command)
    file = await claim_file(tx, command.creditor_id, command.content_hash, command.taken_by)
    matched = [one for one in found.values() if isinstance(one, _Matched)]
    decisions = await reverse(tx, [(one.payment.payment_id, one.command) for one in matched])
    made = {one.entry.line: decision for one, decision in zip(matched, decisions, strict=True)}
    await reassess(tx, {one.payment.account_id for one in matched if isinstance(made[one.entry.line], Reversed)})
    rows = [_row(entry, found.get(entry.line), made.get(entry.line)) for entry in command.file.entries]
    await save_report(tx, file.file_id, rows)
    return NachaReport(
        file_id=file.file_id,
        creditor_id=command.creditor_id,
        taken_at=file.taken_at,
        is_repeated=not file.is_new,
        counts=counted(row["result"] for row in rows),
        entries=tuple(NachaEntryView(**row) for row in rows),
    )


async def _matched_under_locks(tx: Tx, command: ImportReturns) -> Found:
    """Match, lock the accounts of what was found, and match again, for a reallocation may have moved the money.

    If the second look needs accounts beyond those, all are given up and locked anew: never one behind the others.
    """
    found = await _match(tx, command)
    for _ in range(MAX_LOOKS):
        accounts = _accounts(found)
        await tx.execute("SAVEPOINT before_accounts")
        await lock(tx, accounts=accounts)
        found = await _match(tx, command)
        if _accounts(found) <= accounts:
            await tx.execute("RELEASE SAVEPOINT before_accounts")
            return found
        await tx.execute("ROLLBACK TO SAVEPOINT before_accounts")
    raise Problem("busy", "The payments of this file are being moved; try again.")


def _accounts(found: Found) -> set[UUID]:
    return {one.payment.account_id for one in found.values() if isinstance(one, _Matched)}


async def _match(tx: Tx, command: ImportReturns) -> Found:
    returned = [entry for entry in command.file.entries if why_reported(entry) is None]
    candidates = await load_candidates(tx, command.creditor_id, returned)
    creditor = (await load_creditors(tx, {command.creditor_id}))[command.creditor_id]
    created_on = min(command.file.created_on, creditor.local_date)
    days = [day for day in (created_on, creditor.business_date) if day is not None]
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
        day = effective_on(created_on, creditor.business_date, payment.effective_on)
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
