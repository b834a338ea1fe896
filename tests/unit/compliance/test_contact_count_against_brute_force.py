"""The counters of states, cities and policies, against a count of every contact on every day, one after the other."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.compliance.domain.case import Case
from services.compliance.domain.checks import CHECKS, read_params
from services.compliance.domain.checks.finding import Finding, Result
from services.compliance.domain.checks.params import ContactCount, MinGap
from services.compliance.domain.facts import (
    Attempt,
    Channel,
    ContactPoint,
    Creditor,
    Debt,
    Direction,
    Facts,
    Location,
    Party,
    Purpose,
    Recipient,
    Request,
    Role,
)

NAMES = UUID("5f0c4f0e-6a1b-4c55-9d53-0f5f0d3c1409")
ZONE = "America/New_York"
NOW = datetime(2026, 11, 4, 17, 0, tzinfo=UTC)
LABELS = {"mobile": "mobile", "home": "home", "office": "work", "unknown": None}
PLACED = {
    "no_answer": ("connected",),
    "busy": (),
    "network_failure": (),
    "rpc_refused": ("connected", "conversations", "communications"),
    "voicemail_other": ("connected", "communications"),
    "sms_sent": ("connected", "communications"),
    "inbound_rpc": ("connected", "conversations", "communications"),
    "open": ("connected", "conversations", "communications"),
}
"""What an outcome is, beside an attempt; `open`: none is known yet, so it may be anything."""
NEVER = ("attorney_call", "agent_skipped", "wrong_number", "sms network_failure")
"""To somebody else, not made at all, to a number that is another's, and a text that never left: they count for nothing.
"""


def name(word: str) -> UUID:
    return uuid5(NAMES, word)


DEBTS = (name("card"), name("loan"))


@dataclass(frozen=True)
class Made:
    at: datetime
    code: str
    number: str
    about: tuple[UUID, ...]


def case(made: tuple[Made, ...], number: str, about: tuple[UUID, ...], **changes: object) -> Case:
    facts = Facts(
        Creditor(name("creditor"), Role.CREDITOR),
        Party(name("party"), "natural_person"),
        tuple(Debt(each, "open") for each in DEBTS),
        tuple(ContactPoint(name(word), "phone", label) for word, label in LABELS.items()),
        (Location("address", (ZONE,)),),
        attempts=tuple(
            Attempt(
                name(f"{index}"), each.at, Channel.SMS if each.code.startswith("sms") else Channel.PHONE, each.about,
                None if each.code == "open" else each.code.removeprefix("sms "),
                Direction.INBOUND if each.code == "inbound_rpc" else Direction.OUTBOUND,
                contact_point_id=name(each.number),
            )
            for index, each in enumerate(made)
        ),
    )  # fmt: skip
    terms: dict[str, object] = {"channel": Channel.PHONE, "recipient": Recipient.CONSUMER, **changes}
    return Case(
        Request(name("party"), about, contact_point_id=name(number), purpose=Purpose.COLLECTION, at=NOW, **terms),  # type: ignore[arg-type]
        facts,
    )


def on(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(ZONE)).date()


def labelled(number: str, params: ContactCount) -> bool:
    label = LABELS[number]
    return label is None or ((not params.labels or label in params.labels) and label not in params.labels_except)


def lawful_on(day: date, made: tuple[Made, ...], number: str, about: tuple[UUID, ...], params: ContactCount) -> bool:
    """Count on that day, for each debt, the number or the party, what the rule counts on the days up to it."""

    def counted(each: Made, key: object) -> bool:
        channel = "sms" if each.code == "sms_sent" else "phone"
        return (
            each.code not in NEVER
            and not any(
                other.code == "wrong_number" and other.number == each.number and other.at >= each.at for other in made
            )
            and channel in params.channels
            and labelled(each.number, params)
            and each.code not in params.uncounted_results
            and (each.code != "inbound_rpc" or params.includes_inbound)
            and (params.counts == "attempts" or params.counts in PLACED[each.code])
            and timedelta() <= day - on(each.at) < timedelta(days=params.window_days)
            and (params.per == "party" or key == each.number or key in each.about)
        )

    keys: tuple[object, ...] = {"party": ("all",), "number": (number,), "debt": about}[params.per]
    return all(sum(counted(each, key) for each in made) + 1 <= params.max_contacts for key in keys)


made = st.builds(
    Made,
    at=st.integers(0, 40 * 24).map(lambda hours: NOW - timedelta(hours=hours)),
    code=st.sampled_from((*PLACED, *PLACED, *NEVER)),
    number=st.sampled_from(tuple(LABELS)),
    about=st.lists(st.sampled_from(DEBTS), min_size=1, max_size=2, unique=True).map(tuple),
)
labels = st.lists(st.sampled_from(("mobile", "home", "work")), max_size=2, unique=True).map(tuple)
limits = st.builds(
    ContactCount,
    max_contacts=st.integers(1, 5),
    window_days=st.sampled_from((1, 7, 30)),
    channels=st.sampled_from((("phone",), ("phone", "sms"))),
    per=st.sampled_from(("debt", "party", "number")),
    counts=st.sampled_from(("attempts", "connected", "conversations", "communications")),
    labels=labels,
    labels_except=labels,
    uncounted_results=st.sampled_from(((), ("no_answer",))),
    includes_inbound=st.booleans(),
)


@given(
    st.lists(made, max_size=25).map(tuple),
    st.sampled_from(tuple(LABELS)),
    st.sampled_from((DEBTS[:1], DEBTS)),
    limits,
)
@example(
    (Made(NOW, "sms network_failure", "mobile", DEBTS[:1]),), "mobile", DEBTS[:1],
    ContactCount(max_contacts=1, channels=("phone", "sms"), counts="attempts"),
)  # fmt: skip
@settings(max_examples=300)
def test_contacts_are_counted_as_the_rule_says(
    history: tuple[Made, ...], number: str, about: tuple[UUID, ...], params: ContactCount
) -> None:
    finding = CHECKS["contact_count"].evaluate(case(history, number, about), params)
    if not labelled(number, params):
        assert finding.result is Result.NOT_APPLICABLE
        return
    first = next(
        day
        for day in (on(NOW) + timedelta(days=later) for later in range(params.window_days + 1))
        if lawful_on(day, history, number, about, params)
    )
    if first == on(NOW):
        assert finding.result is Result.PASS
    else:
        opens = datetime.combine(first, datetime.min.time(), ZoneInfo(ZONE))
        assert finding == Finding(Result.FAIL, finding.facts, opens)


def test_a_limit_of_none_is_never_lawful() -> None:
    finding = CHECKS["contact_count"].evaluate(case((), "mobile", DEBTS), ContactCount(max_contacts=0))
    assert (finding.result, finding.not_before) == (Result.FAIL, None)


@pytest.mark.parametrize("changes", [{"channel": Channel.EMAIL}, {"recipient": Recipient.CONSUMER_ATTORNEY}])
def test_a_contact_that_the_rule_does_not_count_is_none_of_its_business(changes: dict[str, object]) -> None:
    finding = CHECKS["contact_count"].evaluate(case((), "mobile", DEBTS, **changes), ContactCount(max_contacts=1))
    assert finding.result is Result.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("code", "minutes_ago", "number", "is_free_after"),
    [
        ("no_answer", 4, "mobile", 1),
        ("no_answer", 5, "mobile", 0),
        ("voicemail_other", 1, "mobile", 4),
        ("rpc_refused", 1, "mobile", 0),
        ("busy", 1, "mobile", 0),
        ("inbound_rpc", 1, "mobile", 0),
        ("no_answer", 1, "home", 0),
    ],
)
def test_unanswered_calls_to_a_number_are_kept_minutes_apart(
    code: str, minutes_ago: int, number: str, is_free_after: int
) -> None:
    call = Made(NOW - timedelta(minutes=minutes_ago), code, number, DEBTS[:1])
    finding = CHECKS["min_gap"].evaluate(case((call,), "mobile", DEBTS), MinGap(minutes=5))
    expected = NOW + timedelta(minutes=is_free_after) if is_free_after else None
    assert (finding.result is Result.FAIL, finding.not_before) == (is_free_after > 0, expected)


def test_parameters_are_read_as_written_or_refused() -> None:
    assert read_params("contact_count", {"max_contacts": 3, "channels": ["sms"]}) == ContactCount(3, channels=("sms",))
    for raw, complaint in (
        ({}, "needs the parameter 'max_contacts'"),
        ({"max_contacts": 3, "window": 7}, "no parameter 'window'"),
        ({"max_contacts": "3"}, "max_contacts is a int"),
        ({"max_contacts": True}, "max_contacts is a int"),
        ({"max_contacts": 3, "channels": "sms"}, "channels is a list of words"),
        ({"max_contacts": 3, "channels": ["fax"]}, "'fax' is no channel"),
        ({"max_contacts": 3, "per": "person"}, "'person' is no count"),
        ({"max_contacts": 3, "labels": ["cell"]}, "'cell' is no label"),
    ):
        with pytest.raises(ValueError, match=complaint):
            read_params("contact_count", raw)
    for check, words, complaint in (
        ("sorcery", {}, "no check is called"),
        ("local_time_window", {"start": "8:00"}, "not HH:MM"),
        ("local_time_window", {"start": "21:00", "end": "08:00"}, "not before"),
        ("local_time_window", {"weekdays": ["monday"]}, "'monday' is no weekday"),
        ("disclosure", {"codes": ["a"], "when": "sometimes"}, "'sometimes' is no time"),
        ("workplace", {"when": "never"}, "'never' is no time"),
    ):
        with pytest.raises(ValueError, match=complaint):
            read_params(check, words)
