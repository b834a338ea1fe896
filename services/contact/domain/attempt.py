"""A contact attempt: placed once under its permit, verified perhaps, and closed by one outcome that never changes.

`judge_outcome` says what an outcome means and whether it may stand; it is pure. Right-party verification comes before
anything that tells of a debt (1006.6(d)(1)): an outcome that says the right party was talked to needs it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from services.contact.domain.result_codes import MEANINGS, NEXT_STEPS, Meaning
from shared.errors import Refusal
from shared.events.contact import ContactChannel, ContactPurpose, Direction, HeardKind, NextStepKind, ResultCode

AttemptStatus = Literal["placed", "right_party", "closed"]

TRANSITIONS: Final[frozenset[tuple[AttemptStatus, AttemptStatus]]] = frozenset(
    {("placed", "right_party"), ("placed", "closed"), ("right_party", "closed")}
)
"""An outcome is final: what turns out to be wrong later is another fact (`contact_point.invalidated`)."""
RESTRICTIONS: Final[frozenset[HeardKind]] = frozenset(
    {"cease", "attorney", "bankruptcy_stay", "deceased", "scra", "identity_theft"}
)
"""What is heard of these restricts contact: compliance keeps one of each kind for one attempt."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A contact attempt as it stands. `account_ids[0]` is the debt that an unanswered attempt counts for."""

    attempt_id: UUID
    creditor_id: UUID
    party_id: UUID
    account_ids: tuple[UUID, ...]
    direction: Direction
    channel: ContactChannel
    purpose: ContactPurpose
    contact_point_id: UUID | None
    status: AttemptStatus
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the person said which binds us, as the collector reports it."""

    kind: HeardKind
    channel: ContactChannel | None = None
    contact_point_id: UUID | None = None
    account_ids: tuple[UUID, ...] = ()
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a collector, a dialer or the sender of messages says about an attempt."""

    result_code: ResultCode
    debts_discussed: tuple[UUID, ...] = ()
    heard: tuple[Said, ...] = ()
    next_step: NextStepKind | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report that may stand, with what it means and everything that was heard, each restriction once."""

    report: Report
    meaning: Meaning
    heard: tuple[Said, ...] = field(default=())


def may_become(status: AttemptStatus, target: AttemptStatus) -> bool:
    """Say whether an attempt may go from one status to another."""
    return (status, target) in TRANSITIONS


def judge_outcome(attempt: Attempt, report: Report) -> Outcome | Refusal:
    """Return what a report means for an attempt.

    Refuses: `attempt-closed`, `result-code-invalid`, `verification-required`, `debts-discussed-invalid`,
    `next-step-required`, `next-step-invalid`.
    """
    if not may_become(attempt.status, "closed"):
        return Refusal("attempt-closed", "The attempt has its outcome; an outcome is never changed.")
    meaning = MEANINGS[report.result_code]
    refusal = (
        _refuse_code(attempt, report, meaning)
        or _refuse_unverified(attempt, meaning)
        or _refuse_debts(report, meaning)
        or _refuse_next_step(report, meaning)
    )
    return refusal or Outcome(report, meaning, _heard(report, meaning))


def _refuse_code(attempt: Attempt, report: Report, meaning: Meaning) -> Refusal | None:
    if meaning.direction != attempt.direction and report.result_code != "network_failure":
        return Refusal(
            "result-code-invalid",
            f"{report.result_code} is no result of an {attempt.direction} contact.",
            "result_code",
        )
    if attempt.channel not in meaning.channels:
        return Refusal("result-code-invalid", f"{report.result_code} is no result by {attempt.channel}.", "result_code")
    return None


def _refuse_unverified(attempt: Attempt, meaning: Meaning) -> Refusal | None:
    if meaning.is_right_party and attempt.status != "right_party":
        return Refusal("verification-required", "Nobody was verified as the right party before the debt was discussed.")
    return None


def _refuse_debts(report: Report, meaning: Meaning) -> Refusal | None:
    """A talk about the debt names at least one; what tells nobody anything names none."""
    debts = report.debts_discussed
    if len(set(debts)) != len(debts):
        return Refusal("debts-discussed-invalid", "A debt is named twice.", "debts_discussed")
    if meaning.is_conversation and not debts:
        return Refusal("debts-discussed-invalid", "A talk names the debts that were discussed.", "debts_discussed")
    if debts and not meaning.is_communication:
        return Refusal("debts-discussed-invalid", f"No debt is discussed with {report.result_code}.", "debts_discussed")
    return None


def _refuse_next_step(report: Report, meaning: Meaning) -> Refusal | None:
    if report.next_step is None:
        if meaning.next_step == "required":
            return Refusal(
                "next-step-required",
                "Say what comes next: promise, arrangement, callback, dispute or refusal.",
                "next_step",
            )
        return None
    allowed = NEXT_STEPS.get(report.result_code)
    if meaning.next_step == "none" or (allowed is not None and report.next_step not in allowed):
        return Refusal(
            "next-step-invalid", f"{report.next_step} does not follow from {report.result_code}.", "next_step"
        )
    return None


def _heard(report: Report, meaning: Meaning) -> tuple[Said, ...]:
    """What the code itself says comes first; what was reported of the same kind tells more of it, and stands for it."""
    told = {said.kind for said in report.heard}
    implied: Sequence[Said] = () if meaning.implied is None or meaning.implied in told else (Said(meaning.implied),)
    return (*implied, *_restrictions(report.heard), *(said for said in report.heard if said.kind not in RESTRICTIONS))


def _restrictions(heard: Sequence[Said]) -> Iterator[Said]:
    """The restrictions, one of each kind: of the debts that were named with it, of all where one named none."""
    for kind in dict.fromkeys(said.kind for said in heard if said.kind in RESTRICTIONS):
        same = [said for said in heard if said.kind == kind]
        is_of_all = any(not said.account_ids for said in same)
        named = dict.fromkeys(account_id for said in same for account_id in said.account_ids)
        yield replace(same[0], account_ids=() if is_of_all else tuple(named))
