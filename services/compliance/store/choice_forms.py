"""Rows into the facts of a decision: consents, refusals, inconvenient times and places. Pure.

What depends on several rows is worked out here, by their instants and never by their order: which consents a
revocation has ended, which refusals a later consent has taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.compliance.domain import facts as f
from services.compliance.domain.instants import earliest
from services.compliance.domain.jurisdiction import address_location

Row = Mapping[str, Any]

_SCOPE_OF_PURPOSE: Final[Mapping[str, str]] = {"contact": "electronic"}
"""The facts call the use of an address or number `electronic`; the other purposes have one name for both."""
_GIVEN_TO: Final[Mapping[str, str]] = {"given_to_creditor": "creditor"}
_CONSENTING: Final = frozenset({"direct", "consumer_used", "given_to_creditor"})
_SPEAKING: Final = frozenset({"direct", "consumer_used"})
"""A consent with one of these bases is the consumer's own new word: it takes back an earlier refusal."""
_KNOWN: Final = frozenset(each.value for each in f.Channel)
_MEDIA: Final = {each.value: each for each in f.Channel}
_CHANNELS: Final = (f.Channel.PHONE, f.Channel.EMAIL, f.Channel.SMS, f.Channel.LETTER, f.Channel.IN_PERSON)


def consents(rows: Sequence[Row]) -> tuple[f.Consent, ...]:
    """The consents, each ended by its own revocation or by the first refusal that meets it and came after it.

    A consent to every medium of which one was refused is one for each medium, so that the others stay.
    """
    refused = [row for row in rows if row["granted_at"] is None]
    return tuple(
        f.Consent(
            consent_id=row["consent_id"],
            scope=_SCOPE_OF_PURPOSE.get(row["purpose"], row["purpose"]),
            granted_at=row["granted_at"],
            given_to=_GIVEN_TO.get(row["basis"], "collector"),
            channel=None if channel == "any" else _MEDIA[channel],
            contact_point_id=row["contact_point_id"],
            account_ids=frozenset(row["account_ids"]),
            starts_on=row["starts_on"],
            ends_on=row["ends_on"],
            revoked_at=_ended(row, channel, refused) if refused else row["revoked_at"],
        )
        for row in rows
        if row["granted_at"] is not None and row["basis"] in _CONSENTING
        for channel in (_CHANNELS if refused and row["channel"] == "any" else (row["channel"],))
    )


def _ended(consent: Row, channel: str, refused: Sequence[Row]) -> datetime | None:
    later = (
        each["revoked_at"]
        for each in refused
        if each["purpose"] == consent["purpose"]
        and each["revoked_at"] >= consent["granted_at"]
        and _meets(each, consent, channel)
    )
    return earliest(consent["revoked_at"], *later)


def refusals(rows: Sequence[Row], opt_outs: Iterable[tuple[UUID, UUID, str, datetime]]) -> tuple[f.Refusal, ...]:
    """What the person asked us not to use. `opt_outs`: (id, contact point, channel, instant), of the value.

    A later consent of the person's own, to the same medium, takes a refusal back. Only an electronic message is opted
    out of (1006.14(h)(1)-3.ii); calls, letters and visits are refused as any medium is.
    """
    spoken = [row for row in rows if _takes_back(row)]
    found: list[f.Refusal] = []
    for row in rows:
        if row["granted_at"] is None and row["purpose"] == "contact":
            channels = _CHANNELS if row["channel"] == "any" else (f.Channel(row["channel"]),)
            withdrawn = earliest(*(_words_after(row, spoken)))
            found += [
                f.Refusal(
                    refusal_id=row["consent_id"],
                    channel=channel,
                    requested_at=row["revoked_at"],
                    contact_point_id=row["contact_point_id"],
                    is_opt_out=row["basis"] == "opted_out" and channel in f.ELECTRONIC,
                    withdrawn_at=withdrawn,
                )
                for channel in channels
            ]
    for refusal_id, point_id, channel, at in opt_outs:
        if channel not in _KNOWN:
            continue
        mark = {"channel": channel, "contact_point_id": point_id, "revoked_at": at}
        withdrawn = earliest(*(_words_after(mark, spoken)))
        medium = f.Channel(channel)
        is_opt_out = medium in f.ELECTRONIC
        found.append(f.Refusal(refusal_id, medium, at, point_id, is_opt_out=is_opt_out, withdrawn_at=withdrawn))
    return tuple(found)


def times_and_places(
    rows: Sequence[Row],
) -> tuple[tuple[f.TimeDesignation, ...], tuple[f.PlaceDesignation, ...], tuple[f.Location, ...]]:
    """The inconvenient times and places, and where the person says they are."""
    times = tuple(_time(row) for row in rows if row["kind"] == "inconvenient_time")
    places = tuple(_place(row) for row in rows if row["kind"] == "inconvenient_place")
    stated = tuple(place for row in rows if row["kind"] == "location" and (place := _stated(row)) is not None)
    return times, places, stated


def _stated(row: Row) -> f.Location | None:
    ends = earliest(row["ends_at"], row["withdrawn_at"])
    return address_location(**row["terms"], source="stated", since=row["known_at"], until=ends)


def _time(row: Row) -> f.TimeDesignation:
    terms = row["terms"]
    return f.TimeDesignation(
        designation_id=row["preference_id"],
        known_at=row["known_at"],
        weekdays=frozenset(terms["weekdays"]),
        start_minute=terms["start_minute"],
        end_minute=terms["end_minute"],
        until=_day(terms["until_on"]),
        withdrawn_at=earliest(row["withdrawn_at"], row["ends_at"]),
    )


def _place(row: Row) -> f.PlaceDesignation:
    return f.PlaceDesignation(
        designation_id=row["preference_id"],
        place=row["terms"]["place"],
        known_at=row["known_at"],
        source=row["terms"]["source"],
        is_written=row["terms"]["is_written"],
        ends_at=row["ends_at"],
        withdrawn_at=row["withdrawn_at"],
    )


def _takes_back(row: Row) -> bool:
    """Whether a row is the person's own word for a medium, for good: one that has ended again takes nothing back."""
    return (
        row["purpose"] == "contact"
        and row["basis"] in _SPEAKING
        and row["granted_at"] is not None
        and row["revoked_at"] is None
        and row["ends_on"] is None
    )


def _meets(refusal: Row, consent: Row, channel: str) -> bool:
    """Whether a refusal is about any of what the consent was given for, on this channel: then nothing of it is left."""
    return (
        _is_same_medium(refusal["channel"], channel)
        and (None in (points := (refusal["contact_point_id"], consent["contact_point_id"])) or points[0] == points[1])
        and (
            not refusal["account_ids"]
            or not consent["account_ids"]
            or not set(consent["account_ids"]).isdisjoint(refusal["account_ids"])
        )
    )


def _is_same_medium(one: str, other: str) -> bool:
    return one == other or "any" in (one, other) or (one in f.CALLS and other in f.CALLS)


def _words_after(refusal: Row, spoken: Sequence[Row]) -> Iterable[datetime]:
    for row in spoken:
        is_medium = row["channel"] in ("any", refusal["channel"])
        is_point = row["contact_point_id"] is None or row["contact_point_id"] == refusal["contact_point_id"]
        if is_medium and is_point and row["granted_at"] > refusal["revoked_at"]:
            yield row["granted_at"]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
