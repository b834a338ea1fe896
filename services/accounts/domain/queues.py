"""Queue definitions: which accounts a queue wants, in which order it offers them, and why an account is in it.

A definition is data. An account is in the matching queue of lowest rank (equal ranks: by code), or in none. The
priority is a weighted sum of a few closed fields, larger first; it never uses days past due, which would go stale
every night, but may use the oldest due date, which says the same and stands still.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.accounts.domain.predicates import ALWAYS, MAX_NODES, Predicate, parse_predicate, predicate_json, size
from shared.errors import Refusal

CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")
MAX_RANK = 1_000_000
MAX_DEFINITIONS = 100
MAX_REASONS = 40
MAX_SKILLS = 20
MAX_NAME = 120
PRIORITY_FIELDS: dict[str, int] = {
    "balance_minor": 1_000,
    "past_due_minor": 1_000,
    # counted in days since 1970-01-01; unknown counts as 0
    "oldest_unpaid_due_on": 1_000_000_000,
}
"""The fields of a priority and the largest weight of each: the sum stays within 64 bits for every account."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A short code shown beside a work item when `when` holds for its account."""

    code: str
    when: Predicate


@dataclass(frozen=True, slots=True)
class QueueDefinition:
    """One queue. `creditor_id` limits it to one creditor's accounts; `offer_when` holds items back while it is false."""

    code: str
    name: str
    rank: int
    predicate: Predicate
    priority: tuple[tuple[str, int], ...]
    offer_when: Predicate = ALWAYS
    reasons: tuple[Reason, ...] = ()
    skills: tuple[str, ...] = ()
    creditor_id: UUID | None = None


def rank_order(definition: QueueDefinition) -> tuple[int, str]:
    """Sort key: the first definition in this order that matches has the account."""
    return definition.rank, definition.code


def parse_definition(
    code: str, raw: Mapping[str, Any], *, creditor_id: UUID | None = None
) -> QueueDefinition | Refusal:
    """The definition that `raw` describes (keys as in `definition_json`), or the first thing wrong with it.

    Refuses with `queue-code-invalid`, `queue-definition-invalid`, `priority-invalid` or a code of `parse_predicate`.
    """
    if not CODE.fullmatch(code):
        return Refusal("queue-code-invalid", "lower-case letters, digits and _, starting with a letter", "code")
    name, rank = raw.get("name"), raw.get("rank")
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        return Refusal("queue-definition-invalid", f"a name of 1 to {MAX_NAME} printable characters", "name")
    if type(rank) is not int or not 0 <= rank <= MAX_RANK:
        return Refusal("queue-definition-invalid", f"a whole number from 0 to {MAX_RANK}", "rank")
    predicate = parse_predicate(raw.get("predicate"))
    if isinstance(predicate, Refusal):
        return predicate
    offer_raw = raw.get("offer_when")
    offer_when = ALWAYS if offer_raw is None else parse_predicate(offer_raw, path="offer_when")
    if isinstance(offer_when, Refusal):
        return offer_when
    priority = parse_priority(raw.get("priority") or {})
    if isinstance(priority, Refusal):
        return priority
    reasons = _parse_reasons(raw.get("reasons") or [])
    if isinstance(reasons, Refusal):
        return reasons
    skills = raw.get("skills") or []
    if not isinstance(skills, list) or len(skills) > MAX_SKILLS or not all(_is_code(skill) for skill in skills):
        return Refusal("queue-definition-invalid", f"at most {MAX_SKILLS} codes", "skills")
    if sum(map(size, (predicate, offer_when, *(reason.when for reason in reasons)))) > MAX_NODES:
        return Refusal("predicate-too-large", f"at most {MAX_NODES} conditions in one definition", "predicate")
    return QueueDefinition(
        code, name.strip(), rank, predicate, priority, offer_when, reasons, tuple(skills), creditor_id
    )


def parse_priority(raw: object) -> tuple[tuple[str, int], ...] | Refusal:
    """The weights of `{"field": weight}`, sorted by field; nothing weighs 0."""
    if not isinstance(raw, Mapping):
        return Refusal("priority-invalid", 'expected {"field": weight}', "priority")
    for field, weight in raw.items():
        if field not in PRIORITY_FIELDS:
            return Refusal("priority-invalid", f"one of {', '.join(sorted(PRIORITY_FIELDS))}", "priority")
        if type(weight) is not int or abs(weight) > PRIORITY_FIELDS[field]:
            return Refusal("priority-invalid", f"a whole number within {PRIORITY_FIELDS[field]}", f"priority.{field}")
    return tuple(sorted((field, weight) for field, weight in raw.items() if weight))


def _parse_reasons(raw: object) -> tuple[Reason, ...] | Refusal:
    if not isinstance(raw, list) or len(raw) > MAX_REASONS:
        return Refusal("queue-definition-invalid", f"at most {MAX_REASONS} of {{code, when}}", "reasons")
    reasons: list[Reason] = []
    for index, item in enumerate(raw):
        match item:
            case {"code": code, "when": when, **rest} if not rest and _is_code(code):
                predicate = parse_predicate(when, path=f"reasons[{index}].when")
            case _:
                return Refusal("queue-definition-invalid", "expected {code, when}", f"reasons[{index}]")
        if isinstance(predicate, Refusal):
            return predicate
        reasons.append(Reason(code, predicate))
    return tuple(reasons)


def _is_code(raw: object) -> bool:
    return isinstance(raw, str) and CODE.fullmatch(raw) is not None


def definition_json(definition: QueueDefinition) -> dict[str, Any]:
    """The JSON form of a definition without its code and creditor: what is stored and shown."""
    return {
        "name": definition.name,
        "rank": definition.rank,
        "predicate": predicate_json(definition.predicate),
        "offer_when": None if definition.offer_when == ALWAYS else predicate_json(definition.offer_when),
        "priority": dict(definition.priority),
        "reasons": [{"code": reason.code, "when": predicate_json(reason.when)} for reason in definition.reasons],
        "skills": list(definition.skills),
    }
