"""A vendor's layout as data: where in its JSON a search puts what we ask, and where it has what we want to know.

Places are JSON pointers (RFC 6901). A vendor that lays things out differently needs another mapping, no other code; the
port's own layout is in docs/contracts/person-search.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from shared.contact_points import address_line, normalised
from shared.events.skiptrace import FoundKind, FoundLabel

SUBJECT_FIELDS = (
    "given_name",
    "family_name",
    "date_of_birth",
    "street",
    "city",
    "region",
    "postal_code",
)
ADDRESS_FIELDS = ("street", "city", "region", "postal_code")
MATCHES = ("family_name", "given_name", "date_of_birth", "last_address")
MAX_POINTS = 100
"""Points taken of one answer: a vendor that sends more is not believed."""


class MappingError(ValueError):
    """An answer that is not laid out as the mapping says, or a search that cannot be laid out by it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The person who is searched for: what is known of them last."""

    given_name: str | None
    family_name: str | None
    date_of_birth: date | None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class FoundPoint:
    """A way to reach the person, as one record of an answer has it: the value in its one form."""

    kind: FoundKind
    value: str
    label: FoundLabel
    first_seen_on: date | None
    last_seen_on: date | None
    matched_on: frozenset[str]
    address: Mapping[str, str | None] = field(default_factory=dict)

    def merged_with(self, other: "FoundPoint") -> "FoundPoint":
        """What both records of an answer say of one point: all that matched, from the first day to the last."""
        return replace(
            self,
            label=other.label if self.label == "other" else self.label,
            first_seen_on=min(filter(None, (self.first_seen_on, other.first_seen_on)), default=None),
            last_seen_on=max(filter(None, (self.last_seen_on, other.last_seen_on)), default=None),
            matched_on=self.matched_on | other.matched_on,
        )


@dataclass(frozen=True, slots=True)
class PointMapping:
    """Where a record lists one kind of contact point, and where each of them has what."""

    each: str
    value: str = ""
    label: str | None = None
    labels: Mapping[str, FoundLabel] = field(default_factory=dict)
    first_seen: str | None = None
    last_seen: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    """Of an address: our part -> the vendor's place."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of one vendor. `date_format` is strptime's; `matches` are the vendor's words for what agreed."""

    path: str
    reference: str
    purpose: str
    subject: Mapping[str, str]
    persons: str
    points: Mapping[FoundKind, PointMapping]
    purposes: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    matched_on: str | None = None
    matches: Mapping[str, str] = field(default_factory=dict)
    transaction: str | None = None
    """Where the vendor puts its own number of the search."""
    date_format: str = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor says: whether it bills a hit (it names somebody), what it names, and its number of the search."""

    is_billed_as_hit: bool
    points: tuple[FoundPoint, ...]
    transaction_ref: str | None = None


def layout_from(data: Mapping[str, Any]) -> Layout:
    """Return the layout that is kept as JSON, as `schemas.vendors` has checked it."""
    points = {kind: PointMapping(**each) for kind, each in data["points"].items()}
    return Layout(**{**data, "points": points})


def read_answer(layout: Layout, body: Any) -> Answer:
    """Read what a vendor answered. Raises MappingError."""
    points = found_points(layout, body)
    ref = None if layout.transaction is None else _text(_get(body, layout.transaction))
    return Answer(bool(_get(body, layout.persons)), points, ref)


def request_body(mapping: Layout, subject: Subject, purpose: str, reference: str) -> dict[str, Any]:
    """Return the JSON of a search. What is not known of the person is left out.

    Raises:
        MappingError: two of its places are one, or one leads through another.
    """
    body: dict[str, Any] = {}
    for place, value in mapping.constants.items():
        _put(body, place, value)
    _put(body, mapping.reference, reference)
    _put(body, mapping.purpose, mapping.purposes.get(purpose, purpose))
    for name, place in mapping.subject.items():
        value = getattr(subject, name)
        if value is not None:
            _put(body, place, value.strftime(mapping.date_format) if isinstance(value, date) else value)
    return body


def found_points(mapping: Layout, answer: Any) -> tuple[FoundPoint, ...]:
    """Return what an answer names, each value once for each record. Values that cannot be reached are left out.

    Raises:
        MappingError: it is not laid out as the mapping says.
    """
    persons = _get(answer, mapping.persons)
    if persons is None:
        return ()
    if not isinstance(persons, list):
        raise MappingError("the persons are no list")
    found: list[FoundPoint] = []
    for person in persons:
        matched = _matched(mapping, person)
        for kind, points in mapping.points.items():
            found += _of_kind(mapping, kind, points, person, matched)
    if len(found) > MAX_POINTS:
        raise MappingError(f"the answer names {len(found)} contact points")
    return tuple(found)


def _of_kind(
    mapping: Layout, kind: FoundKind, points: PointMapping, person: Any, matched: frozenset[str]
) -> Iterator[FoundPoint]:
    items = _get(person, points.each)
    if items is None:
        return
    if not isinstance(items, list):
        raise MappingError(f"what is at {points.each} is no list")
    for item in items:
        address = {part: _text(_get(item, place)) for part, place in points.parts.items()}
        raw = address_line(address) if kind == "address" else _text(_get(item, points.value))
        value = normalised(kind, raw) if raw else None
        if value is None:
            continue
        first, last = _day(mapping, item, points.first_seen), _day(mapping, item, points.last_seen)
        if first is not None and last is not None and first > last:
            first, last = last, first
        yield FoundPoint(kind, value, _label(points, item), first, last, matched, address if kind == "address" else {})


def _matched(mapping: Layout, person: Any) -> frozenset[str]:
    if mapping.matched_on is None:
        return frozenset()
    words = _get(person, mapping.matched_on) or []
    if not isinstance(words, list):
        raise MappingError("what agreed is no list")
    known = (mapping.matches.get(str(word), str(word)) for word in words)
    return frozenset(word for word in known if word in MATCHES)


def _label(points: PointMapping, item: Any) -> FoundLabel:
    word = None if points.label is None else _text(_get(item, points.label))
    plain: dict[str, FoundLabel] = {"mobile": "mobile", "home": "home", "work": "work"}
    return points.labels.get(word or "", plain.get(word or "", "other"))


def _day(mapping: Layout, item: Any, place: str | None) -> date | None:
    text = None if place is None else _text(_get(item, place))
    if text is None:
        return None
    try:
        return datetime.strptime(text, mapping.date_format).date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise MappingError(f"a date is not of the form {mapping.date_format}") from error


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    text = str(value).strip()
    if "\x00" in text:
        raise MappingError("a text has a character that no table takes")
    return text or None


def _steps(place: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in place.split("/")[1:]]


def _get(document: Any, place: str) -> Any:
    for step in _steps(place):
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def _put(document: dict[str, Any], place: str, value: Any) -> None:
    *above, last = _steps(place)
    for step in above:
        document = document.setdefault(step, {})
        if not isinstance(document, dict):
            raise MappingError(f"{place} leads through a value")
    if last in document:
        raise MappingError(f"{place} is taken")
    document[last] = value
