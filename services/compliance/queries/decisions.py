"""Reads of decisions as they were made, and of the rules that each was made by."""

from typing import Any
from uuid import UUID

import orjson

from services.compliance.queries.pages import page
from services.compliance.schemas.decisions import DecisionView
from shared.db.transaction import Tx

_ONE = """
SELECT d.*, p.state AS permit_state FROM decision d LEFT JOIN permit p USING (permit_id) WHERE d.decision_id = $1
"""
_RULES = "SELECT packs FROM rule_set WHERE rules_sha256 = $1"
_ASKED = ("party_id", "account_ids", "channel", "purpose", "direction", "contact_point_id", "made_by")


async def get_decision(tx: Tx, decision_id: UUID) -> tuple[DecisionView, UUID | None] | None:
    """One decision with the creditor whose it is (None: it was not known), or None."""
    row = await tx.fetchrow(_ONE, decision_id)
    return None if row is None else (_view(row, row["permit_state"]), row["creditor_id"])


async def list_decisions(tx: Tx, *, limit: int, before: UUID | None, **filters: Any) -> list[DecisionView]:
    """Decisions, newest first."""
    rows = await page(tx, "decision", limit=limit, before=before, **filters)
    states = {
        row["permit_id"]: row["state"]
        for row in await tx.fetch(
            "SELECT permit_id, state FROM permit WHERE permit_id = ANY($1::uuid[])",
            [row["permit_id"] for row in rows if row["permit_id"] is not None],
        )
    }
    return [_view(row, states.get(row["permit_id"])) for row in rows]


async def rules_of(tx: Tx, rules_sha256: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Every rule of the set that a decision pins, by id and version."""
    packs: dict[str, Any] = await tx.fetchval(_RULES, bytes.fromhex(rules_sha256)) or {}
    return {(rule["rule_id"], rule["version"]): rule for pack in packs.values() for rule in pack["rules"]}


def _view(row: Any, permit_state: Any) -> DecisionView:
    return DecisionView(
        **orjson.loads(row["answer"]),
        **{name: row[name] for name in _ASKED},
        permit_state=permit_state,
        rules_sha256=row["rules_sha256"].hex(),
        facts_sha256=row["facts_sha256"].hex(),
    )
