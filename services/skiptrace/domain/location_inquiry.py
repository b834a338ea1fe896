"""Whether a third party may be asked where a consumer is: 12 CFR 1006.10, and the limits on calls of 1006.14(b)(2).

Pure: the history of inquiries and what is known of the consumer in, a decision with every rule, its citation and its
result out. It is law for a debt collector; for a creditor that collects its own debts it is held as policy.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Channel = Literal["phone", "letter", "in_person", "email", "postcard", "social_media"]
Ground = Literal["requested_by_person", "earlier_answer_erroneous", "earlier_answer_incomplete"]
Outcome = Literal["answered", "incomplete", "erroneous", "refused", "no_answer", "not_connected"]
Relationship = Literal["attorney", "relative", "neighbour", "employer", "friend", "reference", "other"]

COMMUNICATED: frozenset[str] = frozenset({"answered", "incomplete", "erroneous", "refused"})
"""Outcomes in which somebody was spoken to: a communication, which may happen once (1006.10(c))."""
_WRITTEN = frozenset({"letter", "email"})
WINDOW_DAYS = 7
MOST_CALLS = 7
_CALLS = frozenset({"phone"})
_NEVER = frozenset({"postcard", "social_media"})
_AT_AN_HOUR = frozenset({"phone", "in_person"})
_FIRST_HOUR, _LAST_HOUR = time(8), time(21)
"""A third party is called and visited from the first of these up to the last, by its own clock."""
STOPPED_BY: frozenset[str] = frozenset(
    {
        "bankruptcy_stay",
        "discharged",
        "identity_theft",
        "cease",
        "dispute_hold",
        "litigation",
        "complaint_hold",
        "disaster",
    }
)
"""The last three by policy: a person looks at the case first, and nobody outside is drawn into it meanwhile."""


LEAVE = timedelta(minutes=10)
"""So long after it was given a call or a visit may be begun: later it is another hour, and the consumer may have an
attorney by then. As long as a person needs to dial, or stands before the door."""


def leave_ends(channel: str, asked_at: datetime) -> datetime | None:
    """When leave to ask ends; None for what is written, which has no hour."""
    return asked_at + LEAVE if channel in _AT_AN_HOUR else None


def is_late(channel: str, asked_at: datetime, made_at: datetime | None) -> bool:
    """Whether somebody was asked when the leave had ended."""
    ends = leave_ends(channel, asked_at)
    return ends is not None and made_at is not None and made_at > ends


@dataclass(frozen=True, slots=True)
class Inquiry:
    """An earlier inquiry of the same person about the same consumer. `outcome` None: not told yet, so it counts.

    `at`: when the person was asked; until that is told, when leave was given.
    """

    at: datetime
    channel: Channel
    account_id: str
    outcome: Outcome | None = None

    @property
    def is_communication(self) -> bool:
        """Whether the person was, or may have been, told anything. What was written tells it though nobody answers."""
        if self.channel in _WRITTEN:
            return self.outcome != "not_connected"
        return self.outcome is None or self.outcome in COMMUNICATED


@dataclass(frozen=True, slots=True)
class Asked:
    """An inquiry that is wanted. `local_zone` is where the person asked is, for the days of 1006.14.

    `zones`: all in which the person may be, by what is known of it; none: not known.
    """

    at: datetime
    channel: Channel
    account_id: str
    relationship: Relationship
    local_zone: str
    ground: Ground | None = None
    ground_evidence: str | None = None
    believes_person_knows_now: bool = False
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Consumer:
    """What is known of the consumer. `attorney_is_silent`: did not respond within a reasonable period of time.

    `silence_evidence`: what that rests on.
    """

    restrictions: frozenset[str] = frozenset()
    has_open_trace: bool = True
    attorney_is_silent: bool = False
    silence_evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says: its id, its citation, whether it passed, and the facts that it looked at."""

    rule_id: str
    citation: str
    passed: bool
    fact: str


@dataclass(frozen=True, slots=True)
class Decision:
    """All findings; the inquiry may be made when each of them passed."""

    findings: tuple[Finding, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether the inquiry may be made."""
        return all(finding.passed for finding in self.findings)


Rule = Callable[[Asked, Consumer, Sequence[Inquiry]], Finding]


def decide(asked: Asked, consumer: Consumer, earlier: Iterable[Inquiry]) -> Decision:
    """Decide on an inquiry. `earlier` are all of this person about this consumer, whatever became of them."""
    history = sorted(earlier, key=lambda inquiry: inquiry.at)
    return Decision(tuple(rule(asked, consumer, history) for rule in _RULES))


def _purpose(_asked: Asked, consumer: Consumer, _history: Sequence[Inquiry]) -> Finding:
    fact = "a skip trace is open" if consumer.has_open_trace else "no skip trace is open: the location is not sought"
    return Finding("location.purpose", "12 CFR 1006.10(b), 1006.6(d)(2)(i)", consumer.has_open_trace, fact)


def _medium(asked: Asked, _consumer: Consumer, _history: Sequence[Inquiry]) -> Finding:
    passed = asked.channel not in _NEVER
    return Finding("location.medium", "12 CFR 1006.10(b)(3), 1006.22(f)(1), (4)", passed, f"by {asked.channel}")


def _attorney(asked: Asked, consumer: Consumer, _history: Sequence[Inquiry]) -> Finding:
    is_represented = "attorney" in consumer.restrictions
    evidence = (consumer.silence_evidence or "").strip()
    is_silent = consumer.attorney_is_silent and bool(evidence)
    passed = not is_represented or asked.relationship == "attorney" or is_silent
    fact = "the consumer has an attorney" if is_represented else "no attorney is known"
    if is_represented and consumer.attorney_is_silent:
        fact = f"the attorney did not respond: {evidence}" if is_silent else "the attorney's silence has no evidence"
    return Finding("location.attorney", "12 CFR 1006.10(b)(5)", passed, fact)


def _stopped(_asked: Asked, consumer: Consumer, _history: Sequence[Inquiry]) -> Finding:
    found = sorted(consumer.restrictions & STOPPED_BY)
    fact = f"restricted: {', '.join(found)}" if found else "no restriction stops it"
    citation = "11 USC 362(a)(6), 524(a)(2), 1301(a); 12 CFR 1006.6(c)(1), 1006.38(d)(2)"
    return Finding("location.restriction", citation, not found, fact)


def _hours(asked: Asked, _consumer: Consumer, _history: Sequence[Inquiry]) -> Finding:
    citation = "policy after 12 CFR 1006.6(b)(1)(i)"
    if asked.channel not in _AT_AN_HOUR:
        return Finding("location.hours", citation, passed=True, fact="what is written has no hours")
    if not asked.zones:
        return Finding("location.hours", citation, passed=False, fact="nothing says what time it is for this person")
    clocks = {zone: asked.at.astimezone(ZoneInfo(zone)).time() for zone in sorted(asked.zones)}
    passed = all(_FIRST_HOUR <= clock < _LAST_HOUR for clock in clocks.values())
    fact = ", ".join(f"{clock:%H:%M} in {zone}" for zone, clock in clocks.items())
    return Finding("location.hours", citation, passed, fact)


def _once(asked: Asked, _consumer: Consumer, history: Sequence[Inquiry]) -> Finding:
    citation = "12 CFR 1006.10(c)"
    # One that was allowed and not reported yet may have been made: it counts.
    talks = [one for one in history if one.is_communication]
    if not talks:
        return Finding("location.once", citation, passed=True, fact="this person was not asked before")
    if asked.ground is None:
        return Finding(
            "location.once", citation, passed=False, fact=f"asked {len(talks)} times, and no ground is given"
        )
    if not (asked.ground_evidence or "").strip():
        return Finding("location.once", citation, passed=False, fact="the ground has no evidence")
    if asked.ground == "requested_by_person":
        return Finding("location.once", citation, passed=True, fact="the person asked to be asked again")
    wanted = "erroneous" if asked.ground == "earlier_answer_erroneous" else "incomplete"
    if not asked.believes_person_knows_now:
        return Finding("location.once", citation, passed=False, fact="nothing says that the person knows better now")
    passed = talks[-1].outcome == wanted
    return Finding("location.once", citation, passed, f"the last answer was {talks[-1].outcome or 'not reported'}")


def _calls(asked: Asked, _consumer: Consumer, history: Sequence[Inquiry]) -> Finding:
    citation = "12 CFR 1006.10(c), 1006.14(b)(2)(i)(A)"
    if asked.channel not in _CALLS or asked.ground == "requested_by_person":
        return Finding("location.calls", citation, passed=True, fact="no call that counts")
    day = _day(asked.at, asked)
    first = day - timedelta(days=WINDOW_DAYS - 1)
    made = [
        one
        for one in history
        if one.channel in _CALLS
        and one.account_id == asked.account_id
        and one.outcome != "not_connected"
        and first <= _day(one.at, asked) <= day
    ]
    return Finding(
        "location.calls", citation, len(made) < MOST_CALLS, f"{len(made)} calls in the {WINDOW_DAYS} days to {day}"
    )


def _cooldown(asked: Asked, _consumer: Consumer, history: Sequence[Inquiry]) -> Finding:
    citation = "12 CFR 1006.10(c), 1006.14(b)(2)(i)(B)"
    if asked.channel not in _CALLS or asked.ground == "requested_by_person":
        return Finding("location.cooldown", citation, passed=True, fact="no call that counts")
    talks = [
        _day(one.at, asked)
        for one in history
        if one.channel in _CALLS and one.account_id == asked.account_id and one.outcome in COMMUNICATED
    ]
    if not talks:
        return Finding("location.cooldown", citation, passed=True, fact="no talk before")
    # The day of the talk is the first of the seven.
    free_on = max(talks) + timedelta(days=WINDOW_DAYS)
    return Finding("location.cooldown", citation, _day(asked.at, asked) >= free_on, f"talked on {max(talks)}")


def _day(at: datetime, asked: Asked) -> date:
    return at.astimezone(ZoneInfo(asked.local_zone)).date()


_RULES: tuple[Rule, ...] = (_purpose, _medium, _attorney, _stopped, _hours, _once, _calls, _cooldown)
RULE_IDS = ("location.purpose", "location.medium", "location.attorney", "location.restriction", "location.hours",
            "location.once", "location.calls", "location.cooldown")  # fmt: skip
