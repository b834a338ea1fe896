"""Judges parties anew after any fact about them has changed: candidates, cases that events open, cases that end.

What it writes follows from the facts in the tables alone, so neither the order nor the repetition of messages matters.
It asks no vendor: a case that is to go on is marked as due, and the worker does the rest.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.skiptrace.domain.candidate import Standing, Word, stand
from services.skiptrace.domain.confidence import Sighting, confidence
from services.skiptrace.domain.identity import skip_trace_id
from services.skiptrace.domain.purpose import check_purpose
from services.skiptrace.domain.skip_trace import NO_CASE_BY_ITSELF, NO_SEARCH, NOT_LOOKED, Facts, Judgement, judge
from services.skiptrace.domain.triggers import PastCase, Trigger, Try, nobody_reached, opening
from services.skiptrace.domain.waterfall import Choice
from services.skiptrace.handlers.publish import publish_found, publish_state, publish_verified
from services.skiptrace.store.cases import insert_traces, save_found, update_candidates, update_traces
from services.skiptrace.store.files import File, Row, is_past_due, load_files
from shared.db.transaction import Tx
from shared.events.skiptrace import PermissiblePurpose

_STATE = ("status", "reason")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a deployment decides about cases that events open."""

    purpose: PermissiblePurpose = "glba_enforcement"
    budget_minor: int = 500
    no_contact_after: timedelta = timedelta(days=30)
    no_contact_tries: int = 3


async def reassess(
    tx: Tx,
    party_ids: Collection[UUID],
    policy: Policy,
    *,
    causes: Mapping[UUID, UUID] | None = None,
    emptied: Collection[UUID] = (),
) -> None:
    """Judge the parties, whose locks are held, and publish what changed.

    `causes` names, by party, the event that led to this; `emptied` are parties that were erased just now.
    """
    files = await load_files(tx, party_ids)
    for party_id in emptied:
        files[party_id].is_emptied = True
    await judge_files(tx, list(files.values()), policy, causes=causes)


async def judge_files(
    tx: Tx,
    files: Sequence[File],
    policy: Policy,
    *,
    choices: Mapping[UUID, Choice] | None = None,
    causes: Mapping[UUID, UUID] | None = None,
    republish: Collection[UUID] = (),
) -> None:
    """Judge parties by their files. `choices`: what the waterfall would do, by case; else an open case is due now.

    `republish` names cases whose numbers have changed though their status may not.
    """
    step = _Step(tx, policy, choices or {}, frozenset(republish))
    for file in files:
        step.take(file, (causes or {}).get(file.party_id))
    await insert_traces(tx, step.opened)
    await update_traces(tx, step.judged)
    await update_candidates(tx, step.candidates)
    await save_found(tx, step.found)


@dataclass(slots=True)
class _Step:
    """Collects what one reassessment changes, and publishes it: rows that stay as they are cost nothing."""

    tx: Tx
    policy: Policy
    choices: Mapping[UUID, Choice]
    republish: frozenset[UUID]
    opened: list[Row] = field(default_factory=list)
    judged: list[Row] = field(default_factory=list)
    candidates: list[Row] = field(default_factory=list)
    found: list[Row] = field(default_factory=list)

    def take(self, file: File, cause: UUID | None) -> None:
        verified_at = self._take_candidates(file, cause)
        traces = list(file.traces)
        opened = _opened(self.tx, file, self.policy)
        if opened is not None:
            self.opened.append(opened)
            traces.append(opened)
        for trace in traces:
            self._take_trace(file, trace, verified_at, cause)

    def _take_candidates(self, file: File, cause: UUID | None) -> datetime | None:
        """Let each candidate stand as the words on it say; return when the latest of them was verified."""
        verified: list[datetime] = []
        shown: list[Row] = []
        is_changed = False
        for row in file.candidates:
            standing = stand(_words(file, row))
            new = self._candidate(file, row, standing)
            if new is not row:
                is_changed = True
                self.candidates.append(new)
            if standing.status == "verified" and standing.word is not None:
                verified.append(standing.word.at)
                if row["status"] != "verified" or row["decided_at"] != standing.word.at:
                    publish_verified(self.tx, new, standing.word, cause)
            shown.append(new)
        if is_changed or (file.is_emptied and file.found_version > 0):
            version = max(file.found_version, self.tx.least_version) + 1
            self.found.append({"party_id": file.party_id, "version": version})
            publish_found(self.tx, file, shown, version, cause)
        file.candidates = shown
        return max(verified, default=None)

    def _candidate(self, file: File, row: Row, standing: Standing) -> Row:
        """The candidate as it stands now: the same row, when nothing has changed."""
        new = {**row, "status": standing.status}
        if standing.word is not None and standing.word.at != row["decided_at"]:
            word, by = file.judgements.get(row["contact_point_id"], (None, ""))
            decided_by = by if word == standing.word else "events"
            new |= {"decided_at": standing.word.at, "decided_by": decided_by, "method": standing.word.method}
        sightings = [_sighting(one) for one in file.sightings[row["contact_point_id"]]]
        score = confidence(sightings, self.tx.clock.now().date())
        reasons = [{"code": one.code, "points": one.points, "fact": one.fact} for one in score.reasons]
        is_known = row["version"] > 0 and row["contact_point_id"] not in file.resighted
        if is_known and (row["status"], row["decided_at"]) == (new["status"], new["decided_at"]):
            return row
        return new | {"confidence": score.score, "reasons": reasons, "version": row["version"] + 1}

    def _take_trace(self, file: File, trace: Row, verified_at: datetime | None, cause: UUID | None) -> None:
        trace_id = trace["skip_trace_id"]
        searches = file.searches[trace_id]
        facts = _facts(file, trace, verified_at)
        judged = judge(
            trace["status"], trace["reason"], facts, self.choices.get(trace_id, Choice(wait_until=self.tx.clock.now()))
        )
        new = {**trace, "status": judged.status, "reason": judged.reason}
        if judged.reason is not None and trace["resolved_at"] is None:
            new["resolved_at"] = self.tx.clock.now()
        new["search_at"] = self._next_look(trace, judged, is_asked=facts.is_asked)
        is_changed = trace["version"] == 0 or any(trace[name] != new[name] for name in _STATE)
        if is_changed or trace_id in self.republish:
            new["version"] = max(trace["version"], self.tx.least_version) + 1
            spent = file.held.get(trace_id, 0)
            publish_state(
                self.tx, new, searches=len(searches), candidates=facts.candidates, spent_minor=spent, cause=cause
            )
        if new != dict(trace):
            self.judged.append(new)

    def _next_look(self, trace: Row, judged: Judgement, *, is_asked: bool) -> datetime | None:
        """When a worker looks at a case: of one that waits for a vendor's answer, when its lease has run out."""
        if judged.choice is not None:
            return judged.choice.wait_until
        if judged.reason is not None or not is_asked:
            return None
        planned = self.choices.get(trace["skip_trace_id"])
        at: datetime | None = trace["search_at"] if planned is None else planned.wait_until
        return at


def _facts(file: File, trace: Row, verified_at: datetime | None) -> Facts:
    searches = file.searches[trace["skip_trace_id"]]
    return Facts(
        is_cancelled=trace["cancelled_at"] is not None,
        is_erased=file.is_erased,
        is_owed=check_purpose(trace["permissible_purpose"], file.debt) is None,
        is_restricted=bool(file.restrictions & NO_SEARCH) or file.party is None,
        is_uncalled_for=trace["trigger"] != "manual" and not searches and bool(file.restrictions & NO_CASE_BY_ITSELF),
        found_at=_found_at(file, trace, verified_at),
        candidates=sum(row["status"] == "unverified" for row in file.candidates),
        is_asked=any(search["status"] == "asked" for search in searches),
        has_searched=bool(searches),
    )


def _words(file: File, row: Row) -> list[Word]:
    words: list[Word] = []
    mark = file.marks.get(row["contact_point_id"])
    if mark is not None and mark["verified_at"] is not None:
        words.append(Word(mark["verified_at"], is_right=True, method="right_party_contact"))
    if mark is not None and mark["invalid_at"] is not None:
        words.append(Word(mark["invalid_at"], is_right=False, method="right_party_contact"))
    if row["contact_point_id"] in file.judgements:
        words.append(file.judgements[row["contact_point_id"]][0])
    if row["decided_at"] is not None:
        words.append(Word(row["decided_at"], is_right=row["status"] == "verified", method=row["method"]))
    return words


def _sighting(row: Row) -> Sighting:
    return Sighting(row["source"], row["first_seen_on"], row["last_seen_on"], frozenset(row["matched_on"]))


def _opened(tx: Tx, file: File, policy: Policy) -> dict[str, Any] | None:
    """The case that an event opens now, or None."""
    if file.is_erased or file.restrictions & NO_CASE_BY_ITSELF:
        return None
    owing = [account for account in file.accounts if is_past_due(account)]
    if not owing or check_purpose(policy.purpose, file.debt) is not None:
        return None
    cases = [PastCase(trace["resolved_at"], trace["reason"] not in NOT_LOOKED) for trace in file.traces]
    triggers = [_trigger(row) for row in file.triggers]
    tries = [Try(row["at"], row["is_right_party"], row["account_id"]) for row in file.tries]
    unreached = nobody_reached(
        tries, cases, tx.clock.now(), after=policy.no_contact_after, at_least=policy.no_contact_tries
    )
    trigger = opening([*triggers, *([unreached] if unreached else [])], cases)
    if trigger is None:
        return None
    known = [account for account in owing if account["account_id"] == trigger.account_id]
    account = max(known or owing, key=lambda one: (one["past_due_minor"], one["balance_minor"], one["account_id"]))
    return new_trace(
        skip_trace_id(file.party_id, len(file.traces) + 1),
        account,
        file.party_id,
        trigger=trigger.kind,
        purpose=policy.purpose,
        budget_minor=policy.budget_minor,
        by="events",
        now=tx.clock.now(),
        sought_since=trigger.at,
    )


def _trigger(row: Row) -> Trigger:
    return Trigger(row["kind"], row["at"], row["account_id"], row["contact_point_id"])


def new_trace(
    trace_id: UUID,
    account: Row,
    party_id: UUID,
    *,
    trigger: str,
    purpose: str,
    budget_minor: int,
    by: str,
    now: datetime,
    sought_since: datetime | None = None,
) -> dict[str, Any]:
    """The row of a case that was just requested and is not judged yet."""
    return {
        "skip_trace_id": trace_id,
        "creditor_id": account["creditor_id"],
        "account_id": account["account_id"],
        "party_id": party_id,
        "trigger": trigger,
        "permissible_purpose": purpose,
        "currency": account["currency"],
        "budget_minor": budget_minor,
        "status": "requested",
        "reason": None,
        "sought_since": sought_since or now,
        "requested_at": now,
        "requested_by": by,
        "cancelled_by": None,
        "cancelled_at": None,
        "resolved_at": None,
        "search_at": now,
        "version": 0,
    }


def _found_at(file: File, trace: Row, verified_at: datetime | None) -> datetime | None:
    """When the party was reached after what opened this case and before its end, by a talk or a verified candidate."""
    end = trace["resolved_at"]
    talks = [one["at"] for one in file.tries if one["is_right_party"]]
    found = [
        at
        for at in (*talks, verified_at)
        if at is not None and at > trace["sought_since"] and (end is None or at <= end)
    ]
    return min(found, default=None)
