"""Rules as dated data: what a rule is, and which of them are in force for a role, a place and a day.

A rule is immutable: it says whom it binds (`roles`), what it looks at (`scope`), which check decides (`check`,
`params`), what a failed check means (`effect`) and where it stands written (`citation`, `source`). Packs of rules are
read from TOML by `rule_files`; here is what holds for every rule, whoever wrote it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any, Literal, NamedTuple

from services.compliance.domain.facts import Debt, Role

Kind = Literal["law", "regulation", "guidance", "policy"]
Status = Literal["active", "draft", "retired"]
Force = Literal["law", "policy", "off"]
"""What a rule is to one who collects in a role: binding, chosen (a creditor may switch it off), or nothing."""
Effect = Literal["prohibit", "presume_violation", "require", "require_disclosure", "require_review"]
FailMode = Literal["block", "needs_review"]

FEDERAL = "US"
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Source:
    """The paragraph in which a rule stands: a file of `sources/`, a paragraph of it, and the SHA-256 of its text."""

    file: str
    paragraph: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What a contact must be for the rule to look at it: `applies_when`. An empty set is no condition.

    `trait` holds when the contact has any of them, `trait_not` when it has none. Of several debts, one in scope is
    enough; days past due that are not known, and a product class that is not known, are in scope.
    """

    channel: frozenset[str] = frozenset()
    purpose: frozenset[str] = frozenset()
    direction: frozenset[str] = frozenset()
    recipient: frozenset[str] = frozenset()
    trait: frozenset[str] = frozenset()
    trait_not: frozenset[str] = frozenset()
    party_kind: frozenset[str] = frozenset()
    debt_purpose: frozenset[str] = frozenset()
    product_class: frozenset[str] = frozenset()
    product_class_not: frozenset[str] = frozenset()
    secured_by_not: frozenset[str] = frozenset()
    days_past_due_gte: int | None = None

    def sees(self, shape: "Shape") -> bool:
        """Whether a contact of this shape is in scope, its debts left aside."""
        return (
            (not self.channel or shape.channel in self.channel)
            and (not self.purpose or shape.purpose in self.purpose)
            and (not self.direction or shape.direction in self.direction)
            and (not self.recipient or shape.recipient in self.recipient)
            and (not self.trait or not self.trait.isdisjoint(shape.traits))
            and self.trait_not.isdisjoint(shape.traits)
            and (not self.party_kind or shape.party_kind in self.party_kind)
        )

    def sees_debts(self, shape: "Shape") -> bool:
        """Whether any of its debts is in scope; where none is known, that is not ruled out."""
        return not shape.debts or any(map(self._sees_debt, shape.debts))

    def _sees_debt(self, debt: "DebtShape") -> bool:
        return (
            (not self.debt_purpose or debt.purpose in self.debt_purpose)
            and (not self.product_class or debt.product_class is None or debt.product_class in self.product_class)
            and debt.product_class not in self.product_class_not
            and debt.secured_by not in self.secured_by_not
            and (self.days_past_due_gte is None or debt.days_band is None or debt.days_band >= self.days_past_due_gte)
        )


class DebtShape(NamedTuple):
    """What of a debt decides which rules look at it; a debt whose purpose is not known is a consumer's.

    `days_band`: the highest number of days past due that any rule asks for and that the debt has reached, 0 for none,
    None where its days are not known.
    """

    purpose: str
    product_class: str | None
    secured_by: str | None
    days_band: int | None


class Shape(NamedTuple):
    """What of a contact decides which rules look at it; a party whose kind is not known is a natural person."""

    channel: str
    purpose: str
    direction: str
    recipient: str
    traits: frozenset[str]
    party_kind: str
    debts: frozenset[DebtShape]


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of one rule.

    In force from `effective_from` until `effective_to` (exclusive; None: for good), both days of the consumer's
    calendar. `params` is the check's own type, `raw_params` what the file said. `rank` is the order of evaluation, from
    1 (cheap and absolute) to 15 (cadence). `fail_mode` is the result when a fact that the check needs is not known.
    `comments` are further paragraphs that explain it; `note` says what was decided where the text leaves it open.
    """

    rule_id: str
    version: str
    title: str
    kind: Kind
    status: Status
    effective_from: date
    effective_to: date | None
    jurisdiction: str
    roles: Mapping[Role, Force]
    scope: Scope
    rank: int
    effect: Effect
    check: str
    params: Any
    raw_params: Mapping[str, Any]
    citation: str
    source: Source
    fail_mode: FailMode
    comments: tuple[Source, ...] = ()
    note: str = ""

    def is_in_force(self, on: date) -> bool:
        """Whether `on` lies in the rule's dates."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)

    def force(self, role: Role) -> Force:
        """What the rule is to this role; one that it does not name is not bound."""
        return self.roles.get(role, "off")


@dataclass(frozen=True, slots=True)
class RulePack:
    """The rules of one file. `sha256` is of the file as it is; `version` is what its owner calls this content."""

    pack_id: str
    version: str
    title: str
    sha256: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A check with its parameters: rules of a book that name the same ask the same question, and share its answer."""

    check: str
    params: Any


class InScope(NamedTuple):
    """A rule that looks at a contact; no question: it looks at none of its debts, and has nothing to say."""

    rule: Rule
    question: Question | None


@dataclass(frozen=True)
class RuleBook:
    """All rules that may be asked for, with the selection of each (role, places, day) remembered.

    Raises ValueError when two versions of one rule would be in force on one day.
    """

    rules: tuple[Rule, ...]
    _remembered: dict[tuple[Role, frozenset[str], date, bool], tuple[Rule, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _in_scope: dict[tuple[Role, frozenset[str], tuple[date, ...], Shape, bool], tuple[InScope, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _questions: dict[tuple[str, Any], Question] = field(default_factory=dict, repr=False, compare=False)
    _bands: list[int] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_versions(self.rules)
        asked = {rule.scope.days_past_due_gte for rule in self.rules}
        self._bands.extend(sorted(days for days in asked if days is not None))
        for rule in self.rules:
            self._questions.setdefault((rule.check, rule.params), Question(rule.check, rule.params))

    def shape_of(self, debt: Debt) -> DebtShape:
        """What of the debt the rules of this book ask for."""
        days = debt.days_past_due
        band = None
        if days is not None:
            reached = bisect_right(self._bands, days)
            band = self._bands[reached - 1] if reached else 0
        return DebtShape(
            "commercial" if debt.is_consumer is False else "consumer", debt.product_class, debt.secured_by, band
        )

    def select(
        self, role: Role, jurisdictions: frozenset[str], on: date, *, with_drafts: bool = False
    ) -> tuple[Rule, ...]:
        """The rules in force for the role in these places on that day, by rank, then id. Federal rules always count.

        `with_drafts` is for simulations: a draft never decides about a contact that is made.
        """
        key = (role, jurisdictions, on, with_drafts)
        found = self._remembered.get(key)
        if found is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            found = self._remembered[key] = self._find(role, jurisdictions, on, with_drafts=with_drafts)
        return found

    def in_scope(
        self,
        role: Role,
        jurisdictions: frozenset[str],
        days: tuple[date, ...],
        shape: Shape,
        *,
        with_drafts: bool = False,
    ) -> tuple[InScope, ...]:
        """The rules that look at a contact of this shape, on any of the days that it may be where the consumer is."""
        key = (role, jurisdictions, days, shape, with_drafts)
        found = self._in_scope.get(key)
        if found is None:
            if len(self._in_scope) >= _REMEMBERED:
                self._in_scope.clear()
            chosen = {
                (rule.rule_id, rule.version): rule
                for day in days
                for rule in self.select(role, jurisdictions, day, with_drafts=with_drafts)
                if rule.scope.sees(shape)
            }
            ranked = sorted(chosen.values(), key=lambda rule: (rule.rank, rule.rule_id, rule.version))
            found = tuple(
                InScope(rule, self._questions[rule.check, rule.params] if rule.scope.sees_debts(shape) else None)
                for rule in ranked
            )
            self._in_scope[key] = found
        return found

    def _find(self, role: Role, jurisdictions: frozenset[str], on: date, *, with_drafts: bool) -> tuple[Rule, ...]:
        statuses = {"active", "draft"} if with_drafts else {"active"}
        return tuple(
            sorted(
                (
                    rule
                    for rule in self.rules
                    if rule.status in statuses
                    and rule.is_in_force(on)
                    and rule.force(role) != "off"
                    and (rule.jurisdiction == FEDERAL or rule.jurisdiction in jurisdictions)
                ),
                key=lambda rule: (rule.rank, rule.rule_id),
            )
        )


def check_versions(rules: Iterable[Rule]) -> None:
    """Check that a rule's versions are distinct and that at most one active one is in force on any day.

    Raises ValueError with the rule's id and the versions.
    """
    by_id: dict[str, list[Rule]] = {}
    for rule in rules:
        by_id.setdefault(rule.rule_id, []).append(rule)
    for rule_id, versions in by_id.items():
        for one, other in combinations(versions, 2):
            if one.version == other.version:
                raise ValueError(f"{rule_id}: version {one.version} stands twice")
            if one.status == other.status == "active" and _overlap(one, other):
                raise ValueError(f"{rule_id}: versions {one.version} and {other.version} are both in force on some day")


def _overlap(one: Rule, other: Rule) -> bool:
    first, second = sorted((one, other), key=lambda rule: rule.effective_from)
    return first.effective_to is None or second.effective_from < first.effective_to
