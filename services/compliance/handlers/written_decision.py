"""A decision as JSON: made once, answered and stored word by word.

What of a rule never changes (its id, version and citation) is written once for each process, and so is what its check
finds again and again; only what it has found anew is written for each decision.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.compliance.domain.checks.finding import Finding
from services.compliance.domain.decide import Decision
from services.compliance.domain.disclosures import DISCLOSURES
from services.compliance.domain.evaluate import Outcome
from services.compliance.domain.facts import Request
from services.compliance.domain.rules import Rule


class Made(NamedTuple):
    """A decision that was made at `made_at`, with the row of its permit if it has one."""

    decision_id: UUID
    request: Request
    creditor_id: UUID | None
    decision: Decision
    made_at: datetime
    permit: dict[str, Any] | None
    is_dry_run: bool

    @property
    def permit_id(self) -> UUID | None:
        """The permit that it gave."""
        found: UUID | None = None if self.permit is None else self.permit["permit_id"]
        return found


class _Words(NamedTuple):
    """What is written of a rule, whatever its check finds. The rule is held, so that no other can have its address."""

    rule: Rule
    beginning: bytes


class WrittenDecision:
    """Writes decisions by the rules of one book."""

    __slots__ = ("_known", "_last")

    def __init__(self) -> None:
        self._known: dict[int, _Words] = {}
        self._last: dict[int, tuple[Finding, bytes]] = {}
        """Of each rule what was found last. Most checks that have found nothing say so by one and the same object."""

    def __call__(self, made: Made) -> bytes:
        """The answer."""
        decision, permit = made.decision, made.permit
        rules = b"[%b]" % b",".join([self._rule(*result) for result in decision.rules])
        return orjson.dumps(
            {
                "decision_id": str(made.decision_id),
                "outcome": decision.outcome,
                "not_before": _instant(decision.not_before),
                "permit": permit and {"id": str(permit["permit_id"]), "expires_at": _instant(permit["expires_at"])},
                "disclosures": decision.disclosures,
                "disclosure_texts": {code: DISCLOSURES[code] for code in decision.disclosures if code in DISCLOSURES},
                "language": decision.language,
                "missing": decision.missing,
                "zones": decision.zones,
                "jurisdictions": decision.jurisdictions,
                "rules": orjson.Fragment(rules),
                "at": _instant(decision.at),
                "made_at": _instant(made.made_at),
                "is_dry_run": made.is_dry_run,
            }
        )

    def _rule(self, rule: Rule, finding: Finding, outcome: Outcome) -> bytes:
        last = self._last.get(id(rule))
        if last is not None and last[0] is finding:
            return last[1]
        words = self._known.get(id(rule)) or self._learn(rule)
        found = _ended(words.beginning, finding, outcome)
        self._last[id(rule)] = (finding, found)
        return found

    def _learn(self, rule: Rule) -> _Words:
        named = orjson.dumps({"id": rule.rule_id, "version": rule.version, "citation": rule.citation})
        words = self._known[id(rule)] = _Words(rule, named.removesuffix(b"}"))
        return words


def _ended(beginning: bytes, finding: Finding, outcome: Outcome) -> bytes:
    return b'%b,"result":"%b","outcome":"%b","not_before":%b,"facts":%b}' % (
        beginning,
        finding.result.encode(),
        outcome.encode(),
        b"null" if finding.not_before is None else b'"%b"' % str(_instant(finding.not_before)).encode(),
        orjson.dumps(dict(finding.facts), default=str) if finding.facts else b"{}",
    )


def _instant(moment: datetime | None) -> str | None:
    """An instant as every answer writes it."""
    return None if moment is None else moment.astimezone(UTC).isoformat()[:-6] + "Z"
