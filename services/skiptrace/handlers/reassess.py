"""Judges parties anew after any fact about them has changed: candidates, cases that events open, cases that end.

What it writes follows from the facts in the tables alone, so neither the order nor the repetition of messages matters.
It asks no vendor: a case that is to go on is marked as due, and the worker does the rest.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.skiptrace.domain.policy import Policy
from services.skiptrace.domain.waterfall import Choice
from services.skiptrace.handlers.judge_party import Candidates, judge_candidates, judge_case
from services.skiptrace.handlers.open_case import opened_by_event
from services.skiptrace.handlers.publish import publish_found, publish_state, publish_verified
from services.skiptrace.store.cases import insert_traces, save_found, update_candidates, update_traces
from services.skiptrace.store.files import File, Row, load_files
from shared.db.transaction import Tx

_STATE = ("status", "reason")


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
    # A case may end and another open in one step, and a party has one open case at a time.
    await update_traces(tx, step.judged)
    await insert_traces(tx, step.opened)
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
        now = self.tx.clock.now()
        judged = judge_candidates(file, now)
        file.candidates = judged.rows
        self._take_candidates(file, judged, cause)
        for place, trace in enumerate(file.traces):
            planned = self.choices.get(trace["skip_trace_id"])
            new = judge_case(file, trace, judged.verified_at, planned, now)
            self._publish_change(file, trace, new, cause)
            if new != dict(trace):
                self.judged.append(new)
            file.traces[place] = new
        # What opened one case may be answered by a talk, and the next have happened after it: all told at once.
        while (opened := opened_by_event(file, self.policy, now)) is not None:
            new = judge_case(file, opened, judged.verified_at, None, now)
            self._publish_change(file, opened, new, cause)
            self.opened.append(new)
            file.traces.append(new)

    def _take_candidates(self, file: File, judged: Candidates, cause: UUID | None) -> None:
        self.candidates += judged.changed
        for row, word in judged.verified:
            publish_verified(self.tx, row, word, cause)
        if judged.changed or (file.is_emptied and file.found_version > 0):
            version = max(file.found_version, self.tx.least_version) + 1
            self.found.append({"party_id": file.party_id, "version": version})
            publish_found(self.tx, file, judged.rows, version, cause)

    def _publish_change(self, file: File, trace: Row, new: dict[str, Any], cause: UUID | None) -> None:
        is_changed = trace["version"] == 0 or any(trace[name] != new[name] for name in _STATE)
        if is_changed or trace["skip_trace_id"] in self.republish:
            new["version"] = max(trace["version"], self.tx.least_version) + 1
            publish_state(self.tx, file, new, cause)
