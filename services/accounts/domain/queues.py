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

from services.accounts.domain.predicate_parser import DefinitionError, read_predicate
from services.accounts.domain.predicates import ALWAYS, MAX_NODES, Predicate, predicate_json, size
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
    """One queue, of one creditor's accounts or (`creditor_id` None) of all. Items wait for `offer_when`.

    Where it keeps calling hours, an item is offered only while its party may be called.
    """

    code: str
    name: str
    rank: int
    predicate: Predicate
    priority: tuple[tuple[str, int], ...]
    offer_when: Predicate = ALWAYS
    reasons: tuple[Reason, ...] = ()
    skills: tuple[str, ...] = ()
    keeps_calling_hours: bool = True
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
    try:
        return _read_definition(code, raw, creditor_id)
    except DefinitionError as invalid:
        return invalid.refusal


def _read_definition(code: str, raw: Mapping[str, Any], creditor_id: UUID | None) -> QueueDefinition:
    if not CODE.fullmatch(code):
        raise DefinitionError("queue-code-invalid", "lower-case letters, digits and _, from a letter on", "code")
    offer_when = raw.get("offer_when")
    definition = QueueDefinition(
        code=code,
        name=_read_name(raw.get("name")),
        rank=_read_rank(raw.get("rank")),
        predicate=read_predicate(raw.get("predicate"), "predicate"),
        priority=_read_priority(raw.get("priority") or {}),
        offer_when=ALWAYS if offer_when is None else read_predicate(offer_when, "offer_when"),
        reasons=_read_reasons(raw.get("reasons") or []),
        skills=_read_skills(raw.get("skills") or []),
        keeps_calling_hours=_read_switch(raw.get("keeps_calling_hours", True), "keeps_calling_hours"),
        creditor_id=creditor_id,
    )
    conditions = (definition.predicate, definition.offer_when, *(reason.when for reason in definition.reasons))
    if sum(map(size, conditions)) > MAX_NODES:
        raise DefinitionError("predicate-too-large", f"at most {MAX_NODES} conditions in one definition", "predicate")
    return definition


def _read_name(raw: object) -> str:
    if isinstance(raw, str) and 1 <= len(raw.strip()) <= MAX_NAME and raw.isprintable():
        return raw.strip()
    raise DefinitionError("queue-definition-invalid", f"a name of 1 to {MAX_NAME} printable characters", "name")


def _read_rank(raw: object) -> int:
    # bool is an int to Python, not to a reader of the definition
    if type(raw) is int and 0 <= raw <= MAX_RANK:
        return raw
    raise DefinitionError("queue-definition-invalid", f"a whole number from 0 to {MAX_RANK}", "rank")


def _read_priority(raw: object) -> tuple[tuple[str, int], ...]:
    """The weights, sorted by field; one of 0 is left out."""
    if not isinstance(raw, Mapping):
        raise DefinitionError("priority-invalid", 'expected {"field": weight}', "priority")
    for field, weight in raw.items():
        if field not in PRIORITY_FIELDS:
            raise DefinitionError("priority-invalid", f"one of {', '.join(sorted(PRIORITY_FIELDS))}", "priority")
        if type(weight) is not int or abs(weight) > PRIORITY_FIELDS[field]:
            expected = f"a whole number within {PRIORITY_FIELDS[field]}"
            raise DefinitionError("priority-invalid", expected, f"priority.{field}")
    return tuple(sorted((field, weight) for field, weight in raw.items() if weight))


def _read_reasons(raw: object) -> tuple[Reason, ...]:
    if not isinstance(raw, list) or len(raw) > MAX_REASONS:
        raise DefinitionError("queue-definition-invalid", f"at most {MAX_REASONS} of {{code, when}}", "reasons")
    return tuple(_read_reason(item, f"reasons[{index}]") for index, item in enumerate(raw))


def _read_reason(raw: object, path: str) -> Reason:
    match raw:
        case {"code": str(code), "when": when, **rest} if not rest and CODE.fullmatch(code):
            return Reason(code, read_predicate(when, f"{path}.when"))
    raise DefinitionError("queue-definition-invalid", "expected {code, when}", path)


def _read_skills(raw: object) -> tuple[str, ...]:
    if isinstance(raw, list) and len(raw) <= MAX_SKILLS and all(_is_code(skill) for skill in raw):
        return tuple(raw)
    raise DefinitionError("queue-definition-invalid", f"at most {MAX_SKILLS} codes", "skills")


def _read_switch(raw: object, field: str) -> bool:
    if isinstance(raw, bool):
        return raw
    raise DefinitionError("queue-definition-invalid", "true or false", field)


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
        "keeps_calling_hours": definition.keeps_calling_hours,
    }
