"""The transactions of a snapshot import: opening it, taking a chunk of its lines, closing it.

A bad line never stops its neighbours: it is kept with its number, field and code, and the good ones land. The same
file again changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.accounts.domain.extract import BadLine, Record
from services.accounts.handlers.apply_snapshots import SnapshotLine, apply_snapshots
from services.accounts.handlers.snapshot_rows import Examined, Issue, examine, read_row
from services.accounts.store.creditors import load_creditors, move_business_date
from services.accounts.store.imports import (
    Counts,
    Import,
    LineIssue,
    add_counts,
    claim_accounts,
    close_abandoned,
    insert_import,
    mark_present,
    new_import,
    save_issues,
)
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import account_id


@dataclass(frozen=True, slots=True)
class StartImport:
    """A file that is about to be read. `business_date`: the last day whose postings it holds completely."""

    creditor_id: UUID
    business_date: date
    is_complete: bool
    file_format: str
    imported_by: str


async def check_import(tx: Tx, command: StartImport) -> Refusal | None:
    """Why the file cannot be taken at all, before any of it is read."""
    creditor = (await load_creditors(tx, [command.creditor_id])).get(command.creditor_id)
    if creditor is None:
        return Refusal("creditor-unknown", "there is no such creditor", "creditor_id")
    today = tx.clock.today(creditor.time_zone)
    if command.business_date > today:
        detail = f"it is {today} in {creditor.time_zone}: no day after it can be complete"
        return Refusal("business-date-in-future", detail, "business_date")
    return None


async def start_import(tx: Tx, command: StartImport) -> Import:
    """Records the file; the creditor's first one sets its business date."""
    await lock(tx, creditors=[command.creditor_id])
    creditor = (await load_creditors(tx, [command.creditor_id]))[command.creditor_id]
    if creditor.business_date is None:
        await move_business_date(tx, creditor, command.business_date)
    await close_abandoned(tx, command.creditor_id)
    delinquent = await tx.fetchval(
        "SELECT count(*) FROM account WHERE creditor_id = $1 AND past_due_minor > 0", command.creditor_id
    )
    started = new_import(
        command.creditor_id, creditor.currency, command.business_date, delinquent, is_complete=command.is_complete
    )
    await insert_import(tx, started, file_format=command.file_format, imported_by=command.imported_by)
    return started


@dataclass(slots=True)
class _Lines:
    """The lines of a chunk, sorted out before its transaction begins."""

    good: dict[UUID, tuple[int, Examined]]
    issues: list[LineIssue]
    present: list[tuple[UUID, int]]
    is_all_known: bool = True
    """Whether every rejected line says which account it is about."""


@dataclass(frozen=True, slots=True)
class ChunkTaken:
    """What a chunk did. `is_all_known`: every rejected line says which account it is about."""

    counts: Counts
    is_all_known: bool


class ImportChunk:
    """A chunk of lines of one file: `judge` each, without a database, then `apply` in one transaction."""

    def __init__(self, started: Import, *, version_epoch: int = 0) -> None:
        self.started = started
        self.size = 0
        self._version_epoch = version_epoch
        self._lines = _Lines({}, [], [])

    def judge(self, lines: Iterable[Record | BadLine]) -> None:
        """Adds lines: the good ones are kept for `apply`, the others with their reasons."""
        for line in lines:
            self.size += 1
            issue, number = self._judge(line, self._lines)
            if issue is None:
                continue
            self._lines.issues.append(issue)
            if number is None:
                self._lines.is_all_known = False
            else:
                self._lines.present.append((account_id(self.started.creditor_id, number), line.line))

    async def apply(self, tx: Tx) -> ChunkTaken:
        """Takes the good lines, keeps the others' reasons, and adds to the file's counts. May be run again."""
        sorted_out = self._lines
        good = sorted_out.good
        parties = {draft.party_id for _, taken in good.values() for draft in taken.parties}
        await lock(tx, creditors=[self.started.creditor_id], accounts={*good, *parties})
        free = await claim_accounts(tx, self.started.import_id, [(each, line) for each, (line, _) in good.items()])
        issues = list(sorted_out.issues)
        issues += [_duplicate(line) for account, (line, _) in good.items() if account not in free]
        taken = {account: each for account, each in good.items() if account in free}
        await mark_present(tx, self.started.import_id, sorted_out.present)
        counts = await self._take(tx, taken)
        for line, examined in taken.values():
            warnings = [
                LineIssue(line, each.field, each.code, each.message, nth=nth)
                for nth, each in enumerate(examined.warnings)
            ]
            issues += warnings
        counts.rows = self.size
        counts.rejected = sum(issue.is_error for issue in issues)
        counts.warnings = len(issues) - counts.rejected
        await save_issues(tx, self.started.import_id, issues)
        await add_counts(tx, self.started.import_id, counts)
        return ChunkTaken(counts, sorted_out.is_all_known)

    async def _take(self, tx: Tx, taken: dict[UUID, tuple[int, Examined]]) -> Counts:
        if not taken:
            return Counts()
        lines = [SnapshotLine(self.started.creditor_id, examined) for _, examined in taken.values()]
        applied = await apply_snapshots(tx, lines, version_epoch=self._version_epoch)
        found = list(applied.outcomes.values())
        return Counts(opened=found.count("opened"), updated=found.count("updated"), unchanged=found.count("unchanged"))

    def _judge(self, line: Record | BadLine, result: _Lines) -> tuple[LineIssue | None, str | None]:
        """The reason to reject a line, and the account that it is about; a good line goes into the result."""
        if isinstance(line, BadLine):
            return LineIssue(line.line, line.field, line.code, line.message, is_error=True), line.account_number
        stated = line.values.get("core_account_number")
        number = stated.strip() if isinstance(stated, str) and stated.strip() else None
        row = read_row(line.values)
        if not isinstance(row, Issue):
            examined = examine(row, self.started.creditor_id, self.started.currency, self.started.business_date)
            if not isinstance(examined, Issue):
                if examined.account_id in result.good:
                    return _duplicate(line.line), number
                result.good[examined.account_id] = (line.line, examined)
                return None, number
            row = examined
        return LineIssue(line.line, row.field, row.code, row.message, is_error=True), number


def _duplicate(line: int) -> LineIssue:
    return LineIssue(
        line,
        "core_account_number",
        "account-duplicate",
        "an earlier line of this file states the account: that one counts",
        is_error=True,
    )
