"""The rules in force as data: what a decision pins, so that it can be explained when the rules have changed."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from services.compliance.domain.rules import Rule, RulePack

PackData = dict[str, Any]


def rules_sha256(packs: Sequence[RulePack]) -> bytes:
    """The hash of all packs: of their ids and the hashes of their files."""
    return sha256("\n".join(sorted(f"{pack.pack_id} {pack.sha256}" for pack in packs)).encode()).digest()


def pack_data(packs: Sequence[RulePack]) -> dict[str, PackData]:
    """Every pack with its rules, by pack id."""
    return {
        pack.pack_id: {
            "pack_id": pack.pack_id,
            "version": pack.version,
            "title": pack.title,
            "sha256": pack.sha256,
            "rules": [rule_data(rule) for rule in pack.rules],
        }
        for pack in packs
    }


def rule_data(rule: Rule) -> dict[str, Any]:
    """A rule as it is shown and kept."""
    return {
        "rule_id": rule.rule_id,
        "version": rule.version,
        "title": rule.title,
        "kind": rule.kind,
        "status": rule.status,
        "effective_from": rule.effective_from.isoformat(),
        "effective_to": rule.effective_to and rule.effective_to.isoformat(),
        "jurisdiction": rule.jurisdiction,
        "roles": {str(role): force for role, force in rule.roles.items()},
        "effect": rule.effect,
        "check": rule.check,
        "params": dict(rule.raw_params),
        "citation": rule.citation,
        "source": {"file": rule.source.file, "paragraph": rule.source.paragraph, "sha256": rule.source.sha256},
        "fail_mode": rule.fail_mode,
        "note": rule.note,
    }
