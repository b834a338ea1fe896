"""Loads what decisions are made from: one statement a table for a whole batch, whoever many parties it concerns.

A permit that the batch itself reserves is added, so that the next request of the same party is counted with it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.compliance.domain import facts as f
from services.compliance.domain.history import as_attempt
from services.compliance.domain.restriction import STAY
from services.compliance.store import fact_forms
from services.compliance.store.known_facts import KnownFacts
from services.compliance.store.party_forms import DECEASED, PartyRows, party, rows_by
from services.compliance.tables.views import SAID, TIMELESS
from shared.db.transaction import Tx
from shared.events.compliance import HOLD_THE_DEBT

Row = Mapping[str, Any]

_CODEBTOR: Final = "codebtor_stay"
"""What a stay is to another party of the debt: 11 USC 1301. The chapter is not known, so every stay is one."""

_ESTATE: Final = "estate"

_ACCOUNTS = """
SELECT a.*, p.parties, p.roles FROM account_view a CROSS JOIN LATERAL (
  SELECT array_agg(party_id ORDER BY row_key) AS parties, array_agg(role ORDER BY row_key) AS roles
  FROM account_party WHERE account_id = a.account_id
) AS p WHERE a.account_id = ANY($1::uuid[])
"""
_CREDITORS = """
SELECT c.creditor_id, c.kind,
  array(SELECT rule_id FROM policy_switch s WHERE s.creditor_id = c.creditor_id AND NOT is_on) AS policies_off
FROM creditor_view c WHERE c.creditor_id = ANY($1::uuid[])
"""
_PARTIES = "SELECT * FROM party_view WHERE party_id = ANY($1::uuid[])"
_POINTS = "SELECT * FROM contact_point WHERE party_id = ANY($1::uuid[]) ORDER BY row_key"
_MARKS = """
SELECT p.party_id AS of_party, p.contact_point_id AS of_point, m.mark, m.detail, m.at
FROM contact_point p JOIN contact_point q ON q.kind = p.kind AND q.value = p.value
JOIN point_mark m ON m.contact_point_id = q.contact_point_id AND (m.party_id = p.party_id OR m.mark = 'opted_out')
WHERE p.party_id = ANY($1::uuid[])
UNION
SELECT party_id, contact_point_id, mark, detail, at FROM point_mark WHERE party_id = ANY($1::uuid[])
ORDER BY 1, 2, 3, 4, 5
"""
_FLAGS = "SELECT * FROM point_flags WHERE party_id = ANY($1::uuid[])"
_RESTRICTIONS = """
SELECT restriction_id, party_id, account_ids, kind, effective_at, ends_on, is_written, lifted_at FROM restriction
WHERE (party_id = ANY($1::uuid[]) OR (account_ids && $2::uuid[] AND kind = ANY($3::text[])))
  AND (lifted_at IS NULL OR lifted_at > $4)
ORDER BY restriction_id
"""
_REPRESENTATIONS = """
SELECT * FROM representation WHERE party_id = ANY($1::uuid[]) AND (ended_at IS NULL OR ended_at > $2)
ORDER BY representation_id
"""
_DISPUTES = """
SELECT * FROM dispute
WHERE account_id = ANY($1::uuid[]) AND (least(answered_at, closed_at) IS NULL OR least(answered_at, closed_at) > $2)
ORDER BY dispute_id
"""
_CONSENTS = """
SELECT consent_id, party_id, channel, purpose, contact_point_id, account_ids, basis, granted_at, starts_on, ends_on,
  revoked_at, details
FROM consent WHERE party_id = ANY($1::uuid[]) ORDER BY consent_id
"""
_PREFERENCES = """
SELECT preference_id, party_id, kind, known_at, ends_at, withdrawn_at, terms FROM preference
WHERE party_id = ANY($1::uuid[])
  AND (kind = 'location' OR least(withdrawn_at, ends_at) IS NULL OR least(withdrawn_at, ends_at) > $2)
ORDER BY preference_id
"""
"""Where the person once was keeps its place's rules in, however long ago."""
_BOUNCED = "((SELECT b.attempt_id FROM bounced_message b WHERE b.attempt_id = a.attempt_id) IS NOT NULL)"
_ATTEMPT = f"""
SELECT a.attempt_id, a.party_id, a.account_ids, a.permit_id, a.direction, a.channel, a.purpose, a.contact_point_id,
  a.at, a.completed_at, a.result_code, a.debts_discussed,
  (SELECT p.recipient_id FROM permit p WHERE p.permit_id = a.permit_id) AS recipient_id,
  {_BOUNCED} AS is_bounced
"""
_ATTEMPTS = f"""
{_ATTEMPT} FROM attempt a WHERE party_id = ANY($1::uuid[]) AND at >= $2
UNION ALL
{_ATTEMPT} FROM attempt a WHERE party_id = ANY($1::uuid[]) AND at < $2 AND ({TIMELESS})
UNION ALL
{_ATTEMPT} FROM (
  SELECT party_id, max(at) AS at FROM attempt a
  WHERE party_id = ANY($1::uuid[]) AND at < $2 AND {SAID} AND NOT ({TIMELESS}) AND NOT {_BOUNCED}
  GROUP BY party_id, channel, direction, account_ids, debts_discussed
) AS said JOIN attempt a USING (party_id, at) WHERE {SAID} AND NOT ({TIMELESS})
ORDER BY at, attempt_id
"""
"""The contacts that a rule may count, those that matter however old, and of the rest what last said something.

An open attempt, an inquiry of a third party and the person's own message have no window; nor has it that something was
said of a debt by some medium and did not come back, of which one is as good as many.
"""
_UNFINISHED = """
SELECT party_id, attempt_id AS permit_id, account_ids, channel, contact_point_id, NULL::uuid AS recipient_id,
  at AS reserved_at
FROM attempt WHERE party_id = ANY($1::uuid[]) AND account_ids && $2::uuid[] AND result_code IS NULL
  AND direction = 'outbound'
UNION ALL
SELECT party_id, permit_id, account_ids, channel, contact_point_id, recipient_id, reserved_at
FROM permit WHERE party_id = ANY($1::uuid[]) AND account_ids && $2::uuid[] AND state = 'reserved'
ORDER BY reserved_at, permit_id
"""
_INQUIRIES = """
SELECT * FROM location_inquiry WHERE party_id = ANY($1::uuid[]) AND third_party_ids && $2::uuid[]
ORDER BY asked_at, inquiry_id
"""
_PERMITS = """
SELECT permit_id, party_id, account_ids, channel, contact_point_id, recipient_id, reserved_at FROM permit
WHERE party_id = ANY($1::uuid[]) AND state = 'reserved' ORDER BY permit_id
"""


async def load_facts(
    tx: Tx,
    party_ids: Collection[UUID],
    account_ids: Collection[UUID],
    asked: datetime,
    *,
    reach: timedelta,
    recipient_ids: Collection[UUID] = (),
) -> KnownFacts:
    """Load the facts of these parties and accounts that may matter from `asked` on: what had ended by then does not.

    `reach`: for how long before a contact counts for some rule. `recipient_ids`: the third parties who are to be
    contacted.
    """
    parties, accounts = sorted(set(party_ids)), sorted(set(account_ids))
    account_rows = {row["account_id"]: row for row in await tx.fetch(_ACCOUNTS, accounts)}
    people = [{each for each, _ in fact_forms.parts(row)} for row in account_rows.values()]
    creditor_ids = sorted({row["creditor_id"] for row in account_rows.values()})
    creditor_rows = await tx.fetch(_CREDITORS, creditor_ids)
    holders = sorted(set(parties).union(*people))
    party_rows = {row["party_id"]: row for row in await tx.fetch(_PARTIES, holders)}
    restrictions = await tx.fetch(_RESTRICTIONS, holders, accounts, sorted(HOLD_THE_DEBT), asked)
    rows = PartyRows(
        points=rows_by(await tx.fetch(_POINTS, parties), "party_id"),
        marks=rows_by(await tx.fetch(_MARKS, parties), "of_party"),
        flags=rows_by(await tx.fetch(_FLAGS, parties), "party_id"),
        restrictions=rows_by(restrictions, "party_id"),
        representations=rows_by(await tx.fetch(_REPRESENTATIONS, parties, asked), "party_id"),
        consents=rows_by(await tx.fetch(_CONSENTS, parties), "party_id"),
        preferences=rows_by(await tx.fetch(_PREFERENCES, parties, asked), "party_id"),
        attempts=rows_by(await tx.fetch(_ATTEMPTS, parties, asked - reach), "party_id"),
        permits=rows_by(await tx.fetch(_PERMITS, parties), "party_id"),
    )
    disputes = rows_by(await tx.fetch(_DISPUTES, accounts, asked), "account_id")
    sharing = sorted({each for of_one in people if len(of_one) > 1 for each in of_one})
    unfinished = await tx.fetch(_UNFINISHED, sharing, accounts) if sharing else ()
    inquiries = await tx.fetch(_INQUIRIES, parties, sorted(set(recipient_ids))) if recipient_ids else ()
    return KnownFacts(
        accounts=account_rows,
        creditors={row["creditor_id"]: _creditor(row) for row in creditor_rows},
        disputes={key: tuple(map(fact_forms.dispute, each)) for key, each in disputes.items()},
        debt_wide=[
            (row["party_id"], fact_forms.restriction({**row, "kind": _CODEBTOR} if row["kind"] == STAY else row))
            for row in restrictions
            if row["kind"] in HOLD_THE_DEBT
        ],
        parties={each: party(each, party_rows.get(each), rows) for each in parties},
        points=rows.points,
        estates=frozenset(
            [row["party_id"] for row in restrictions if row["kind"] == DECEASED and row["lifted_at"] is None]
            + [party_id for party_id, row in party_rows.items() if row["kind"] == _ESTATE]
        ),
        inquiries=rows_by(inquiries, "party_id"),
        unfinished=[(row["party_id"], as_attempt(fact_forms.permit(row))) for row in unfinished],
    )


def _creditor(row: Row) -> f.Creditor:
    return f.Creditor(row["creditor_id"], fact_forms.role(row["kind"]), frozenset(row["policies_off"]))
