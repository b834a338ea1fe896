"""What the checker found: checks, each with how much it looked at, and the differences that it names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the facts say. `subject` names whose: an account, a payment, a message."""

    subject: str
    field: str
    expected: str
    found: str
    account_id: str | None = None
    facts: tuple[str, ...] = ()


@dataclass(slots=True)
class Check:
    """One sentence that must hold, the invariants that it belongs to, and what was found."""

    name: str
    invariants: str
    examined: int = 0
    differences: list[Difference] = field(default_factory=list)

    def compare(
        self,
        subject: str,
        what: str,
        expected: object,
        places: Mapping[str, Any],
        *,
        account_id: UUID | None = None,
        facts: Iterable[str] = (),
    ) -> None:
        """Holds what is found in each place against what is expected: one difference names all places that differ."""
        wrong = {place: value for place, value in places.items() if value != expected}
        if wrong:
            found = "; ".join(f"{text(value)} in {place}" for place, value in wrong.items())
            self.add(subject, what, text(expected), found, account_id=account_id, facts=facts)

    def add(
        self,
        subject: str,
        what: str,
        expected: str,
        found: str,
        *,
        account_id: UUID | None = None,
        facts: Iterable[str] = (),
    ) -> None:
        """Names a difference."""
        owner = None if account_id is None else str(account_id)
        self.differences.append(Difference(subject, what, expected, found, owner, tuple(facts)))


def as_report(checks: Sequence[Check]) -> dict[str, Any]:
    """For programs: every check with every difference."""
    return {"ok": not any(check.differences for check in checks), "checks": [asdict(check) for check in checks]}


def text(value: object) -> str:
    """A value as a person reads it."""
    if value is None:
        return "nothing"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text(part)}" for name, part in value.items()) or "nothing"
    return str(value)
