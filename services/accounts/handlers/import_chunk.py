"""The transactions of a snapshot import: opening it, taking a chunk of its lines, closing it.

A bad line never stops its neighbours: it is kept with its number, field and code, and the good ones land. The same
file again changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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
    is_taken,
    save_issues,
)
from services.accounts.store.snapshots import drop_held
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import account_id, new_id


@dataclass(frozen=True, slots=True)
class StartImport:
    """A file that is about to be read. `business_date`: the last day whose postings it holds completely."""

    creditor_id: UUID
    business_date: date
    is_complete: bool
    file_format: str
    imported_by: str
    import_id: UUID = field(default_factory=new_id)


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
    started = Import(
        command.import_id,
        command.creditor_id,
        creditor.currency,
        command.business_date,
        command.is_complete,
        delinquent,
    )
    await insert_import(tx, started, file_format=command.file_format, imported_by=command.imported_by)
    return started


class ImportChunk:
    """A chunk of lines of one file: `judge` each, without a database, then `apply` in one transaction.

    Args:
        started: The file.
        version_epoch: The service's, the high bits of versions.
    """

    def __init__(self, started: Import, *, version_epoch: int = 0) -> None:
        self.started = started
        self.size = 0
        self.is_all_known = True
        """Whether every rejected line says which account it is about."""
        self._version_epoch = version_epoch
        self._first: tuple[int, UUID | None] = (0, None)
        self._good: dict[UUID, tuple[int, Examined]] = {}
        self._refused: dict[UUID, int] = {}
        self._issues: list[LineIssue] = []

    def judge(self, lines: Iterable[Record | BadLine]) -> None:
        """Adds lines: the good ones are kept for `apply`, the others with their reasons."""
        for line in lines:
            issue = self._judge(line)
            if issue is not None:
                self._issues.append(issue)
                self._refuse(line)
            if not self.size:
                self._first = line.line, next(iter((*self._good, *self._refused)), None)
            self.size += 1

    def _refuse(self, line: Record | BadLine) -> None:
        number = _account_number(line)
        if number is None:
            self.is_all_known = False
        else:
            self._refused.setdefault(account_id(self.started.creditor_id, number), line.line)

    def _judge(self, line: Record | BadLine) -> LineIssue | None:
        """Keeps a good line, or returns why it cannot be taken."""
        if isinstance(line, BadLine):
            return LineIssue(line.line, line.field, line.code, line.message, is_error=True)
        started = self.started
        row = read_row(line.values)
        found = (
            row
            if isinstance(row, Issue)
            else examine(row, started.creditor_id, started.currency, started.business_date)
        )
        if isinstance(found, Issue):
            return LineIssue(line.line, found.field, found.code, found.message, is_error=True)
        if self._good.setdefault(found.account_id, (line.line, found))[0] != line.line:
            return _duplicate(line.line)
        return None

    def concerned(self) -> set[UUID]:
        """The accounts and parties that its lines are about. Chunks that share none may be taken in any order."""
        parties = {draft.party_id for _, taken in self._good.values() for draft in taken.parties}
        return {*self._good, *self._refused, *parties}

    async def apply(self, tx: Tx) -> None:
        """Takes the good lines, keeps the others' reasons, and adds to the file's counts.

        Done again, it changes nothing: the answer to a commit may be lost, and nobody knows then whether it was one.
        The chunk's own lock waits for that one to end.
        """
        import_id = self.started.import_id
        own = UUID(int=import_id.int ^ self._first[0])
        await lock(tx, creditors=[self.started.creditor_id], accounts={own, *self.concerned()})
        if await is_taken(tx, import_id, *self._first):
            return
        lines = {account: line for account, (line, _) in self._good.items()}
        duplicates = await claim_accounts(tx, import_id, lines, self._refused)
        taken = [each for account, each in self._good.items() if account not in duplicates]
        counts = await self._take(tx, [examined for _, examined in taken])
        issues = [*self._issues, *(_duplicate(lines[account]) for account in duplicates)]
        issues += [
            LineIssue(line, each.field, each.code, each.message, nth=nth)
            for line, examined in taken
            for nth, each in enumerate(examined.warnings)
        ]
        counts.rows = self.size
        counts.rejected = sum(issue.is_error for issue in issues)
        counts.warnings = len(issues) - counts.rejected
        await save_issues(tx, import_id, issues)
        await add_counts(tx, import_id, counts)

    async def _take(self, tx: Tx, taken: Sequence[Examined]) -> Counts:
        if not taken:
            return Counts()
        lines = [SnapshotLine(self.started.creditor_id, examined) for examined in taken]
        await drop_held(tx, {line.day_of_account for line in lines})
        applied = await apply_snapshots(tx, lines, version_epoch=self._version_epoch)
        found = Counter(applied.outcomes.values())
        return Counts(opened=found["opened"], updated=found["updated"], unchanged=found["unchanged"])


def _account_number(line: Record | BadLine) -> str | None:
    """The account that a line is about, where that can be told."""
    if isinstance(line, BadLine):
        return line.account_number
    stated = line.values.get("core_account_number")
    return stated.strip() or None if isinstance(stated, str) else None


def _duplicate(line: int) -> LineIssue:
    return LineIssue(
        line,
        "core_account_number",
        "account-duplicate",
        "an earlier line of this file states the account: that one counts",
        is_error=True,
    )
