"""When an event asks for a skip trace: a wrong number, returned mail, nobody reached in N days. Pure, over set facts.

A trigger is a fact with an instant. It is covered by a case that is open, or that looked for the person and ended after
it; one that is not covered opens a case as soon as something is past due, whatever order the messages came in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.events.skiptrace import SkipTraceTrigger

INVALID_REASONS: dict[tuple[str, str], SkipTraceTrigger] = {
    ("phone", "wrong_number"): "wrong_number",
    ("phone", "not_in_service"): "wrong_number",
    ("address", "undeliverable"): "returned_mail",
    ("address", "bounced"): "returned_mail",
    ("address", "wrong_number"): "returned_mail",
}
"""Which trigger an invalidated contact point is, by its kind and the reason. An e-mail that bounces is none."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that asks for a case. `account_id` None: it is known of the party only."""

    kind: SkipTraceTrigger
    at: datetime
    account_id: UUID | None = None
    contact_point_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case that the party has (`resolved_at` None) or had.

    `has_looked` False: it ended because nothing was owed, or a restriction stood against it, so it answered no trigger.
    """

    resolved_at: datetime | None
    has_looked: bool = True


@dataclass(frozen=True, slots=True)
class Try:
    """One outbound attempt to reach the party, and whether it did."""

    at: datetime
    is_right_party: bool
    account_id: UUID | None = None


def opening(triggers: Iterable[Trigger], cases: Sequence[PastCase]) -> Trigger | None:
    """Return the trigger that opens a case now: the earliest that no case covers; None when none is open."""
    if any(case.resolved_at is None for case in cases):
        return None
    latest = max(_ends(cases), default=None)
    uncovered = [trigger for trigger in triggers if latest is None or trigger.at > latest]
    return min(uncovered, key=_order, default=None)


def nobody_reached(
    tries: Iterable[Try], cases: Sequence[PastCase], now: datetime, *, after: timedelta, at_least: int
) -> Trigger | None:
    """Return the trigger of a party that was tried `at_least` times over `after` and not reached, or None.

    Tries count since the party was last reached or a case about it ended. Its instant is the one from
    which it holds, the same whenever it is looked at.
    """
    seen = list(tries)
    began = [one.at for one in seen if one.is_right_party]
    began += _ends(cases)
    start = max(began, default=None)
    since = sorted(
        (one for one in seen if not one.is_right_party and (start is None or one.at > start)), key=lambda one: one.at
    )
    if len(since) < max(at_least, 1):
        return None
    due_at = max(since[0].at + after, since[at_least - 1].at)
    if now < due_at:
        return None
    return Trigger("no_right_party_contact", due_at, since[0].account_id)


def _ends(cases: Sequence[PastCase]) -> list[datetime]:
    return [case.resolved_at for case in cases if case.resolved_at is not None and case.has_looked]


def _order(trigger: Trigger) -> tuple[datetime, str, str]:
    return trigger.at, trigger.kind, str(trigger.contact_point_id)
