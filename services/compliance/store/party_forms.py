"""Rows into what is known of a party: everything but what hangs on the debts that are asked about. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.compliance.domain import facts as f
from services.compliance.domain.instants import latest
from services.compliance.store import choice_forms, fact_forms, point_forms

Row = Mapping[str, Any]
DECEASED: Final = "deceased"


@dataclass(frozen=True, slots=True)
class PartyRows:
    """The rows of a batch, a table each, by their party."""

    points: Mapping[UUID, Sequence[Row]]
    marks: Mapping[UUID, Sequence[Row]]
    flags: Mapping[UUID, Sequence[Row]]
    restrictions: Mapping[UUID, Sequence[Row]]
    representations: Mapping[UUID, Sequence[Row]]
    consents: Mapping[UUID, Sequence[Row]]
    preferences: Mapping[UUID, Sequence[Row]]
    attempts: Mapping[UUID, Sequence[Row]]
    permits: Mapping[UUID, Sequence[Row]]


def party(party_id: UUID, row: Row | None, rows: PartyRows) -> f.Facts:
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
    is_deceased = any(each.kind == DECEASED and each.lifted_at is None for each in restrictions)
    return f.Party(row["party_id"], row["kind"], row["language"], is_deceased=is_deceased)


def _points(party_id: UUID, rows: PartyRows) -> tuple[f.ContactPoint, ...]:
    sources = rows_by(rows.points.get(party_id, ()), "contact_point_id")
    marks = rows_by(rows.marks.get(party_id, ()), "of_point")
    flags = {row["contact_point_id"]: row for row in rows.flags.get(party_id, ())}
    bases = rows_by(rows.consents.get(party_id, ()), "contact_point_id")
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


def rows_by(rows: Iterable[Row], column: str) -> dict[UUID, list[Row]]:
    """Rows by the id in a column, in their order."""
    found: defaultdict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found
