"""How far a found contact point is to be believed: a sum of points, each with its reason, from 0 to 95.

It is no probability and decides nothing by itself: only a talk with the right party, or a person's judgement, verifies.
More sources, a later sighting or a better match never lower it; the tests hold it to that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

HIGHEST = 95
"""Below 100: nothing is sure before somebody has answered."""
_FOUND = 20
_MATCHES = {"date_of_birth": 25, "family_name": 10, "given_name": 5, "last_address": 10}
_ANOTHER_SOURCE, _MOST_FOR_SOURCES = 10, 20
_RECENT = ((90, 20), (365, 12), (730, 5))


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one source says of a contact point: when it saw it, and by what it matched the person."""

    source: str
    first_seen_on: date | None
    last_seen_on: date | None
    matched_on: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a confidence: a code, its points, and the fact behind it, without personal data."""

    code: str
    points: int
    fact: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """A score in percent and what it is made of."""

    score: int
    reasons: tuple[Reason, ...]


def confidence(sightings: Iterable[Sighting], as_of: date) -> Confidence:
    """Return the confidence that all sightings of a contact point give it on the day `as_of`."""
    seen = list(sightings)
    if not seen:
        return Confidence(0, ())
    reasons = [Reason("found", _FOUND, "a source names it"), *_matches(seen)]
    sources = {sighting.source for sighting in seen}
    if len(sources) > 1:
        points = min((len(sources) - 1) * _ANOTHER_SOURCE, _MOST_FOR_SOURCES)
        reasons.append(Reason("sources", points, f"{len(sources)} sources name it"))
    reasons += _recency(seen, as_of)
    return Confidence(min(sum(reason.points for reason in reasons), HIGHEST), tuple(reasons))


def _matches(seen: list[Sighting]) -> list[Reason]:
    matched = frozenset().union(*(sighting.matched_on for sighting in seen))
    return [
        Reason(f"matched_{name}", points, f"the {name.replace('_', ' ')} agrees")
        for name, points in _MATCHES.items()
        if name in matched
    ]


def _recency(seen: list[Sighting], as_of: date) -> list[Reason]:
    days = [max((as_of - sighting.last_seen_on).days, 0) for sighting in seen if sighting.last_seen_on is not None]
    if not days:
        return [Reason("recency", 0, "no source says when it was last seen")]
    latest = min(days)
    points = next((points for limit, points in _RECENT if latest <= limit), 0)
    return [Reason("recency", points, f"last seen {latest} days before")]
