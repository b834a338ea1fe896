"""Saves decisions and permits, and the rules that they were made by."""

from collections.abc import Sequence
from typing import Any

from services.compliance.tables.decisions import DECISION, PERMIT
from shared.db.transaction import Tx

_ACTIVATE = """
INSERT INTO rule_set (rules_sha256, packs, activated_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true
"""
_NEWEST = "SELECT packs FROM rule_set WHERE rules_sha256 <> $1 ORDER BY activated_at DESC LIMIT 1"


async def insert_decisions(tx: Tx, decisions: Sequence[dict[str, Any]], permits: Sequence[dict[str, Any]]) -> None:
    """Save what a batch has decided and reserved.

    By COPY, however few they are: an answer of many kilobytes must not travel as a text inside a JSON parameter.
    """
    for table, rows in ((DECISION, decisions), (PERMIT, permits)):
        if rows:
            await tx.copy(table.name, tuple(rows[0]), (tuple(row.values()) for row in rows))


async def activate_rules(tx: Tx, rules_sha256: bytes, packs: dict[str, Any]) -> dict[str, Any] | None:
    """Keep the content of the rules in force. Return the packs before them, if they are news; None if they are not."""
    if not await tx.fetchval(_ACTIVATE, rules_sha256, packs, tx.clock.now()):
        return None
    return await tx.fetchval(_NEWEST, rules_sha256) or {}
