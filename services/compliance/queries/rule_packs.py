"""The rules in force, with the paragraphs that they stand in; and which policies a creditor has switched off."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.compliance.domain.rules import Rule, RulePack
from services.compliance.domain.sources import SourceFile
from services.compliance.schemas.rule_packs import PolicyView, RulePackSummary, RulePackView, RuleView, SourceOut
from services.compliance.store.rule_sets import rule_data
from shared.db.transaction import Tx

_SWITCHES = "SELECT rule_id, is_on, set_at, set_by FROM policy_switch WHERE creditor_id = $1"

Sources = Mapping[str, SourceFile]


def summary(pack: RulePack) -> RulePackSummary:
    """A pack without its rules."""
    return RulePackSummary(**_head(pack))


def whole(pack: RulePack, sources: Sources) -> RulePackView:
    """A pack with its rules."""
    rules = tuple(
        RuleView(**(rule_data(rule) | {"source": source_of(rule_data(rule)["source"], sources)})) for rule in pack.rules
    )
    return RulePackView(**_head(pack), rules=rules)


def source_of(source: Mapping[str, str], sources: Sources) -> SourceOut:
    """A rule's paragraph, with its text where the shipped one is the one that the rule cites."""
    file = sources.get(source["file"])
    paragraph = file.paragraphs.get(source["paragraph"]) if file is not None else None
    if file is None or paragraph is None or paragraph.sha256 != source["sha256"]:
        return SourceOut(**source)
    return SourceOut(**source, text=paragraph.text, confidence=file.confidence_in(paragraph.name))


async def list_policies(tx: Tx, creditor_id: UUID, rules: Sequence[Rule]) -> list[PolicyView]:
    """Every policy rule, and whether it holds for the creditor; it does unless it was switched off."""
    switched: dict[str, Any] = {row["rule_id"]: row for row in await tx.fetch(_SWITCHES, creditor_id)}
    ids = sorted({rule.rule_id for rule in rules if "policy" in rule.roles.values()})
    return [
        PolicyView(**dict(switched[each]))
        if each in switched
        else PolicyView(rule_id=each, is_on=True, set_at=None, set_by=None)
        for each in ids
    ]


def _head(pack: RulePack) -> dict[str, Any]:
    return {
        "pack_id": pack.pack_id,
        "version": pack.version,
        "title": pack.title,
        "sha256": pack.sha256,
        "active_rules": sum(rule.status == "active" for rule in pack.rules),
        "draft_rules": sum(rule.status == "draft" for rule in pack.rules),
    }
