"""Loads everything that a party is judged by: one statement for each table, whatever the number of parties."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.skiptrace.domain.candidate import Word
from services.skiptrace.domain.purpose import Debt
from services.skiptrace.domain.restriction import holds_on
from services.skiptrace.store.days import load_days
from services.skiptrace.tables.cases import CANDIDATE, FOUND, SEARCH, SIGHTING, SKIP_TRACE
from services.skiptrace.tables.facts import (
    ACCOUNT_VIEW,
    CONTACT_TRY,
    PARTY_VIEW,
    POINT_MARK,
    RESTRICTION_VIEW,
    TRACE_TRIGGER,
)
from shared.db.sets import load_rows
from shared.db.transaction import Tx
from shared.events.compliance import HOLD_THE_DEBT

Row = Mapping[str, Any]
_HELD = """
SELECT skip_trace_id, coalesce(sum(amount_minor), 0)::bigint AS held
FROM cost_entry WHERE skip_trace_id = ANY($1::uuid[]) GROUP BY skip_trace_id
"""


@dataclass(slots=True)
class File:
    """What is known of one party: `accounts` are all that it owes, as primary party or as another debtor.

    `held` is what each of its cases has cost or reserved, minor units.
    """

    party_id: UUID
    party: Row | None = None
    accounts: list[Row] = field(default_factory=list)
    restrictions: frozenset[str] = frozenset()
    tries: list[Row] = field(default_factory=list)
    marks: dict[UUID, Row] = field(default_factory=dict)
    triggers: list[Row] = field(default_factory=list)
    traces: list[Row] = field(default_factory=list)
    searches: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    candidates: list[Row] = field(default_factory=list)
    sightings: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    held: dict[UUID, int] = field(default_factory=dict)
    found_version: int = 0
    is_emptied: bool = False
    """The party was erased just now: what was published as found is taken back."""
    judgements: dict[UUID, tuple[Word, str]] = field(default_factory=dict)
    """What somebody has just judged of a candidate, and who."""
    resighted: set[UUID] = field(default_factory=set)
    """Candidates that a source has just named again: their confidence is worked out anew."""

    @property
    def is_erased(self) -> bool:
        """Whether nothing that tells who this is may be kept."""
        return self.party is not None and bool(self.party["is_erased"])

    @property
    def creditor_id(self) -> UUID | None:
        """Whose party this is; None: neither it nor a debt of it is known yet."""
        known = next(iter(self.accounts), self.party)
        return None if known is None else known["creditor_id"]

    @property
    def debt(self) -> Debt:
        """What a purpose is judged by, over all accounts of the party."""
        kind = "natural_person" if self.party is None or self.party["kind"] is None else self.party["kind"]
        return Debt(any(map(is_owed, self.accounts)), any(map(is_past_due, self.accounts)), str(kind))

    @property
    def open_candidates(self) -> int:
        """How many candidates are neither verified nor rejected."""
        return sum(row["status"] == "unverified" for row in self.candidates)

    @property
    def open_trace(self) -> Row | None:
        """The case that is open, if there is one."""
        return next((trace for trace in self.traces if trace["resolved_at"] is None), None)


def is_owed(account: Row) -> bool:
    """Whether anything is owed on an account."""
    return bool(account["status"] != "closed" and account["balance_minor"] > 0)


def is_past_due(account: Row) -> bool:
    """Whether an account is past due, or charged off with something owed."""
    return is_owed(account) and bool(account["past_due_minor"] > 0 or account["status"] == "charged_off")


async def load_files(tx: Tx, party_ids: Collection[UUID]) -> dict[UUID, File]:
    """Return the file of each party, in the order of their ids."""
    ids = sorted(party_ids)
    files = {party_id: File(party_id) for party_id in ids}
    await _load_debts(tx, files)
    await _load_restrictions(tx, files)
    for row in await load_rows(tx, CONTACT_TRY, "party_id", ids, order_by=["at", "attempt_id"]):
        files[row["party_id"]].tries.append(row)
    for row in await load_rows(tx, POINT_MARK, "party_id", ids):
        files[row["party_id"]].marks[row["contact_point_id"]] = row
    for row in await load_rows(tx, TRACE_TRIGGER, "party_id", ids, order_by=["at", "trigger_id"]):
        files[row["party_id"]].triggers.append(row)
    await _load_cases(tx, files)
    return files


async def _load_debts(tx: Tx, files: Mapping[UUID, File]) -> None:
    """The parties, and the accounts that they owe: as their primary party, or as another debtor."""
    ids = list(files)
    debtors: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await load_rows(tx, PARTY_VIEW, "party_id", ids):
        files[row["party_id"]].party = row
        for account_id in row["owes"]:
            debtors[account_id].add(row["party_id"])
    for row in await load_rows(tx, ACCOUNT_VIEW, "party_id", ids, order_by=["account_id"]):
        files[row["party_id"]].accounts.append(row)
    for row in await load_rows(tx, ACCOUNT_VIEW, "account_id", sorted(debtors), order_by=["account_id"]):
        for party_id in debtors[row["account_id"]] - {row["party_id"]}:
            files[party_id].accounts.append(row)


async def _load_restrictions(tx: Tx, files: Mapping[UUID, File]) -> None:
    """What holds for each party today: its own restrictions, and those of whoever owes a debt with it."""
    bound: dict[UUID, set[UUID]] = defaultdict(set)
    for party_id, file in files.items():
        for account in file.accounts:
            bound[account["account_id"]].add(party_id)
    own = await load_rows(tx, RESTRICTION_VIEW, "party_id", list(files))
    of_debts = await load_rows(tx, RESTRICTION_VIEW, "account_id", sorted(bound))
    found = [(row["party_id"], row) for row in own]
    found += [
        (party_id, row) for row in of_debts if row["kind"] in HOLD_THE_DEBT for party_id in bound[row["account_id"]]
    ]
    if not found:
        return
    days = await load_days(tx, {file.creditor_id for file in files.values()})
    kinds: dict[UUID, set[str]] = defaultdict(set)
    for party_id, row in found:
        dates = {name: row[name] for name in ("status", "effective_on", "ends_on")}
        if holds_on(days[files[party_id].creditor_id], **dates):
            kinds[party_id].add(row["kind"])
    for party_id, held in kinds.items():
        files[party_id].restrictions = frozenset(held)


async def _load_cases(tx: Tx, files: Mapping[UUID, File]) -> None:
    ids = list(files)
    owner: dict[UUID, UUID] = {}
    for row in await load_rows(tx, SKIP_TRACE, "party_id", ids, order_by=["requested_at", "skip_trace_id"]):
        files[row["party_id"]].traces.append(row)
        owner[row["skip_trace_id"]] = row["party_id"]
    for row in await load_rows(tx, SEARCH, "skip_trace_id", list(owner), order_by=["asked_at", "search_id"]):
        files[owner[row["skip_trace_id"]]].searches[row["skip_trace_id"]].append(row)
    for row in await tx.fetch(_HELD, list(owner)) if owner else ():
        files[owner[row["skip_trace_id"]]].held[row["skip_trace_id"]] = row["held"]
    points: dict[UUID, UUID] = {}
    for row in await load_rows(tx, CANDIDATE, "party_id", ids, order_by=["found_at", "contact_point_id"]):
        files[row["party_id"]].candidates.append(row)
        points[row["contact_point_id"]] = row["party_id"]
    for row in await load_rows(tx, SIGHTING, "contact_point_id", list(points), order_by=["seen_at", "source_id"]):
        files[points[row["contact_point_id"]]].sightings[row["contact_point_id"]].append(row)
    for row in await load_rows(tx, FOUND, "party_id", ids):
        files[row["party_id"]].found_version = row["version"]
