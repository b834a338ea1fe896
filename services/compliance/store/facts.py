"""Loads what decisions are made from: one statement a table for a whole batch, whoever many parties it concerns.

A party's part is made once and serves all its requests; only the debts differ between them. A permit that the batch
itself reserves is added, so that the next request of the same party is counted with it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.compliance.domain import facts as f
from services.compliance.domain.results import SILENT
from services.compliance.store import choice_forms, fact_forms, point_forms
from services.compliance.store.instants import latest
from shared.db.transaction import Tx

Row = Mapping[str, Any]

_DEBT_WIDE: Final = ("dispute_hold", "identity_theft", "litigation")
"""Kinds that hold for the debt, whoever of its parties is contacted."""
_STAY: Final = "bankruptcy_stay"
_CODEBTOR: Final = "codebtor_stay"
"""What a stay is to another party of the debt: 11 USC 1301. The chapter is not known, so every stay is one."""

_SILENT: Final = sorted(code for code in SILENT if code is not None)

_ACCOUNTS = "SELECT * FROM account_view WHERE account_id = ANY($1::uuid[])"
_CREDITORS = """
SELECT c.creditor_id, c.kind, c.time_zone,
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
WHERE party_id = ANY($1::uuid[]) OR (account_ids && $2::uuid[] AND kind = ANY($3::text[]))
ORDER BY restriction_id
"""
_REPRESENTATIONS = "SELECT * FROM representation WHERE party_id = ANY($1::uuid[]) ORDER BY representation_id"
_DISPUTES = "SELECT * FROM dispute WHERE account_id = ANY($1::uuid[]) ORDER BY dispute_id"
_CONSENTS = "SELECT * FROM consent WHERE party_id = ANY($1::uuid[]) ORDER BY consent_id"
_PREFERENCES = "SELECT * FROM preference WHERE party_id = ANY($1::uuid[]) ORDER BY preference_id"
_ATTEMPT = """
SELECT {} a.attempt_id, a.party_id, a.account_ids, a.permit_id, a.direction, a.channel, a.purpose, a.contact_point_id,
  a.at, a.result_code, a.debts_discussed, p.recipient_id
FROM attempt a LEFT JOIN permit p USING (permit_id) WHERE a.party_id = ANY($1::uuid[])
"""
_TIMELESS = """(a.result_code IS NULL OR a.purpose = 'location'
  OR (a.direction = 'inbound' AND a.channel IN ('email', 'sms')))"""
_SAID = "a.party_id, a.channel, a.direction, a.account_ids, a.debts_discussed"
_ATTEMPTS = f"""
SELECT * FROM ({_ATTEMPT.format("")} AND (a.at >= $2 OR {_TIMELESS})) AS counted
UNION ALL
SELECT * FROM ({_ATTEMPT.format(f"DISTINCT ON ({_SAID})")} AND a.at < $2 AND NOT {_TIMELESS}
  AND a.result_code <> ALL($3::text[]) ORDER BY {_SAID}, a.at DESC) AS said
ORDER BY at, attempt_id
"""
"""The contacts that a rule may count, those that matter however old, and of the rest the last that said something.

An open attempt, an inquiry of a third party and the person's own message have no window; nor has it that something was
said of a debt by some medium, of which one is as good as many.
"""
_PERMITS = """
SELECT permit_id, party_id, account_ids, channel, contact_point_id, recipient_id, reserved_at FROM permit
WHERE party_id = ANY($1::uuid[]) AND state = 'reserved' ORDER BY permit_id
"""


@dataclass(slots=True)
class KnownFacts:
    """What is known of the parties and accounts of a batch."""

    accounts: Mapping[UUID, Row]
    creditors: Mapping[UUID, f.Creditor]
    zones: Mapping[UUID, str]
    """The time zone of each creditor."""
    disputes: Mapping[UUID, tuple[f.Dispute, ...]]
    """By account."""
    debt_wide: Sequence[tuple[UUID, f.Restriction]]
    """Restrictions that hold for a debt, or for all debts of its first party, with the party they were placed for."""
    parties: dict[UUID, f.Facts]
    points: Mapping[UUID, Sequence[Row]]

    def of(self, request: f.Request) -> f.Facts:
        """The facts for one request."""
        found = [self.accounts[each] for each in request.account_ids if each in self.accounts]
        creditor_ids = {row["creditor_id"] for row in found}
        creditor = self.creditors.get(next(iter(creditor_ids))) if len(creditor_ids) == 1 else None
        known = self.parties[request.party_id]
        ids = frozenset(request.account_ids)
        owners = {row["party_id"] for row in found}
        others = tuple(
            each
            for party_id, each in self.debt_wide
            if party_id != request.party_id
            and (each.account_ids & ids or (not each.account_ids and party_id in owners))
        )
        return replace(
            known,
            creditor=creditor,
            debts=tuple(fact_forms.debt(row, request.at) for row in found),
            restrictions=known.restrictions + others,
            disputes=tuple(each for account_id in request.account_ids for each in self.disputes.get(account_id, ())),
        )

    def reserve(self, party_id: UUID, permit: f.Permit) -> None:
        """Count a permit that this batch has just reserved."""
        known = self.parties[party_id]
        self.parties[party_id] = replace(known, permits=(*known.permits, permit))


async def load_facts(tx: Tx, party_ids: Collection[UUID], account_ids: Collection[UUID], since: datetime) -> KnownFacts:
    """Load the facts of these parties and accounts. `since`: from when on contacts count for some rule."""
    parties, accounts = sorted(set(party_ids)), sorted(set(account_ids))
    account_rows = {row["account_id"]: row for row in await tx.fetch(_ACCOUNTS, accounts)}
    creditor_ids = sorted({row["creditor_id"] for row in account_rows.values()})
    creditor_rows = await tx.fetch(_CREDITORS, creditor_ids)
    party_rows = {row["party_id"]: row for row in await tx.fetch(_PARTIES, parties)}
    holders = sorted({*parties, *(row["party_id"] for row in account_rows.values())})
    restrictions = await tx.fetch(_RESTRICTIONS, holders, accounts, [*_DEBT_WIDE, _STAY])
    rows = _PartyRows(
        points=_by(await tx.fetch(_POINTS, parties), "party_id"),
        marks=_by(await tx.fetch(_MARKS, parties), "of_party"),
        flags=_by(await tx.fetch(_FLAGS, parties), "party_id"),
        restrictions=_by(restrictions, "party_id"),
        representations=_by(await tx.fetch(_REPRESENTATIONS, parties), "party_id"),
        consents=_by(await tx.fetch(_CONSENTS, parties), "party_id"),
        preferences=_by(await tx.fetch(_PREFERENCES, parties), "party_id"),
        attempts=_by(await tx.fetch(_ATTEMPTS, parties, since, _SILENT), "party_id"),
        permits=_by(await tx.fetch(_PERMITS, parties), "party_id"),
    )
    disputes = _by(await tx.fetch(_DISPUTES, accounts), "account_id")
    return KnownFacts(
        accounts=account_rows,
        creditors={row["creditor_id"]: _creditor(row) for row in creditor_rows},
        zones={row["creditor_id"]: row["time_zone"] for row in creditor_rows},
        disputes={key: tuple(map(fact_forms.dispute, each)) for key, each in disputes.items()},
        debt_wide=[
            (row["party_id"], fact_forms.restriction({**row, "kind": _CODEBTOR} if row["kind"] == _STAY else row))
            for row in restrictions
            if row["kind"] in (*_DEBT_WIDE, _STAY)
        ],
        parties={each: _party(each, party_rows.get(each), rows) for each in parties},
        points=rows.points,
    )


@dataclass(frozen=True, slots=True)
class _PartyRows:
    points: Mapping[UUID, Sequence[Row]]
    marks: Mapping[UUID, Sequence[Row]]
    flags: Mapping[UUID, Sequence[Row]]
    restrictions: Mapping[UUID, Sequence[Row]]
    representations: Mapping[UUID, Sequence[Row]]
    consents: Mapping[UUID, Sequence[Row]]
    preferences: Mapping[UUID, Sequence[Row]]
    attempts: Mapping[UUID, Sequence[Row]]
    permits: Mapping[UUID, Sequence[Row]]


def _party(party_id: UUID, row: Row | None, rows: _PartyRows) -> f.Facts:
    """Everything of a party but what depends on the debts that are asked about."""
    chosen, attempts = rows.consents.get(party_id, ()), rows.attempts.get(party_id, ())
    restrictions = tuple(map(fact_forms.restriction, rows.restrictions.get(party_id, ())))
    points = _points(party_id, rows)
    times, places, stated = choice_forms.times_and_places(rows.preferences.get(party_id, ()))
    bad = frozenset(each.contact_point_id for each in points if not each.is_usable)
    return f.Facts(
        creditor=None,
        party=None if row is None else _person(row, restrictions),
        debts=(),
        contact_points=points,
        locations=(*stated, *point_forms.whereabouts(row, rows.points.get(party_id, ()), bad)),
        inconvenient_times=times,
        inconvenient_places=places,
        refusals=choice_forms.refusals(chosen, _opt_outs(rows.marks.get(party_id, ()))),
        restrictions=restrictions,
        representations=tuple(map(fact_forms.representation, rows.representations.get(party_id, ()))),
        consents=choice_forms.consents(chosen),
        attempts=tuple(map(fact_forms.attempt, attempts)),
        permits=tuple(map(fact_forms.permit, rows.permits.get(party_id, ()))),
    )


def _person(row: Row, restrictions: Iterable[f.Restriction]) -> f.Party:
    is_deceased = any(each.kind == "deceased" and each.lifted_at is None for each in restrictions)
    return f.Party(row["party_id"], row["kind"], row["language"], is_deceased=is_deceased)


def _points(party_id: UUID, rows: _PartyRows) -> tuple[f.ContactPoint, ...]:
    sources = _by(rows.points.get(party_id, ()), "contact_point_id")
    marks = _by(rows.marks.get(party_id, ()), "of_point")
    flags = {row["contact_point_id"]: row for row in rows.flags.get(party_id, ())}
    bases = _by(rows.consents.get(party_id, ()), "contact_point_id")
    used: dict[UUID, datetime | None] = defaultdict(lambda: None)
    for row in rows.attempts.get(party_id, ()):
        if row["direction"] == "inbound" and row["channel"] in ("email", "sms"):
            used[row["contact_point_id"]] = latest(used[row["contact_point_id"]], row["at"])
    return tuple(
        point_forms.contact_point(
            each,
            marks.get(point_id, ()),
            flags.get(point_id),
            [row for row in bases.get(point_id, ()) if row["granted_at"] is not None],
            used[point_id],
        )
        for point_id, each in sources.items()
    )


def _opt_outs(marks: Iterable[Row]) -> list[tuple[UUID, UUID, str, datetime]]:
    """An opt-out is known by its point, channel and instant; the id only serves the explanation."""
    return [(row["of_point"], row["of_point"], row["detail"], row["at"]) for row in marks if row["mark"] == "opted_out"]


def _creditor(row: Row) -> f.Creditor:
    return f.Creditor(row["creditor_id"], fact_forms.role(row["kind"]), frozenset(row["policies_off"]))


def _by(rows: Iterable[Row], column: str) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found
