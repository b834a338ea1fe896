"""The date on which a creditor's promises and arrangements are judged, and the accounts that a new one concerns."""

from datetime import date
from uuid import UUID

from shared.db.transaction import Tx

# A creditor's first undertaking: until its next business date it is judged on the one on which it was made.
_BEGIN = "INSERT INTO evaluation (creditor_id, evaluated_on) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_ADVANCE = """
INSERT INTO evaluation AS e (creditor_id, evaluated_on) VALUES ($1, $2)
ON CONFLICT (creditor_id) DO UPDATE SET evaluated_on = excluded.evaluated_on
WHERE e.evaluated_on < excluded.evaluated_on
"""
_FOR_REVIEW = """
SELECT DISTINCT account_id FROM (
    (SELECT account_id FROM promise
     WHERE creditor_id = $1 AND next_review_on <= $2 AND ($3::uuid IS NULL OR account_id > $3)
     ORDER BY account_id LIMIT $4)
    UNION ALL
    (SELECT account_id FROM arrangement
     WHERE creditor_id = $1 AND next_review_on <= $2 AND ($3::uuid IS NULL OR account_id > $3)
     ORDER BY account_id LIMIT $4)
    UNION ALL
    (SELECT account_id FROM payment
     WHERE creditor_id = $1 AND unapplied_reason IN ('effective-date-in-future', 'posted-date-in-future')
       AND effective_on <= $2 AND posted_on <= $2
       AND ($3::uuid IS NULL OR account_id > $3)
     ORDER BY account_id LIMIT $4)
    UNION ALL
    (SELECT account_id FROM held_reversal
     WHERE creditor_id = $1 AND effective_on <= $2 AND ($3::uuid IS NULL OR account_id > $3)
     ORDER BY account_id LIMIT $4)
) AS due
ORDER BY account_id LIMIT $4
"""


async def begin_evaluation(tx: Tx, creditor_id: UUID, day: date) -> None:
    """Judge a creditor's first undertaking on the day on which it is made; later ones change nothing."""
    await tx.execute(_BEGIN, creditor_id, day)


async def advance_evaluation(tx: Tx, creditor_id: UUID, day: date) -> None:
    """From now on judge the creditor's book on `day`; an earlier day changes nothing."""
    await tx.execute(_ADVANCE, creditor_id, day)


async def accounts_for_review(tx: Tx, creditor_id: UUID, *, day: date, after: UUID | None, limit: int) -> list[UUID]:
    """The next accounts, by id, where time alone changes something by `day`: a status, or money that waited for it."""
    return [row[0] for row in await tx.fetch(_FOR_REVIEW, creditor_id, day, after, limit)]
