"""12 CFR 1006.10 and the limits of 1006.14 on calls to third parties, against a reader of the text and its examples."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.skiptrace.domain.location_inquiry import (
    RULE_IDS,
    Asked,
    Channel,
    Consumer,
    Decision,
    Ground,
    Inquiry,
    Outcome,
    decide,
    is_late,
    leave_ends,
)
from services.skiptrace.domain.script import Language, script_for

ZONE = "America/New_York"
ASKED = Asked(datetime(2026, 10, 12, 16, tzinfo=UTC), "phone", "debt", "neighbour", ZONE, zones=frozenset({ZONE}))
FREE = Consumer()
outcomes = st.sampled_from(["answered", "incomplete", "erroneous", "refused", "no_answer", "not_connected", None])
inquiries = st.builds(
    Inquiry,
    at=st.integers(0, 40 * 24).map(lambda hours: ASKED.at - timedelta(hours=hours)),
    channel=st.sampled_from(["phone", "letter", "email", "in_person"]),
    account_id=st.sampled_from(["debt", "other debt"]),
    outcome=outcomes,
)


def _failed(decision: Decision) -> set[str]:
    return {finding.rule_id for finding in decision.findings if not finding.passed}


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(ZONE)).date()


def _called(on: date, outcome: Outcome | None = "no_answer") -> Inquiry:
    return Inquiry(datetime(on.year, on.month, on.day, 16, tzinfo=UTC), "phone", "debt", outcome)


def _has_said_anything(one: Inquiry) -> bool:
    """1006.2(d): information was conveyed, to whoever answered or in what was delivered."""
    if one.channel in {"letter", "email"}:
        return one.outcome != "not_connected"
    return one.outcome not in {"no_answer", "not_connected"}


def test_every_rule_is_told_with_its_citation_whatever_the_result() -> None:
    decision = decide(ASKED, FREE, [])
    assert decision.is_allowed
    assert tuple(finding.rule_id for finding in decision.findings) == RULE_IDS
    assert all(re.search(r"1006\.\d+|USC", finding.citation) for finding in decision.findings)


def test_comment_14_b_2_i_1_iii_seven_unanswered_calls_to_a_third_party_in_seven_days_are_within_the_limit() -> None:
    # First called on Tuesday 6 October, six more unanswered calls through Monday 12 October.
    made = [_called(date(2026, 10, 6) + timedelta(days=day)) for day in (0, 1, 2, 3, 4, 5)]
    assert decide(ASKED, FREE, made).is_allowed
    seven = [*made, _called(date(2026, 10, 11))]
    assert _failed(decide(ASKED, FREE, seven)) == {"location.calls"}
    assert decide(replace(ASKED, at=ASKED.at + timedelta(days=1)), FREE, seven).is_allowed


@pytest.mark.parametrize("channel", ["letter", "email"])
@pytest.mark.parametrize(
    ("outcome", "is_asked"), [("no_answer", True), (None, True), ("answered", True), ("not_connected", False)]
)
def test_1006_10_c_who_was_written_to_was_asked_though_no_answer_came(
    channel: Channel, outcome: Outcome | None, *, is_asked: bool
) -> None:
    written = [Inquiry(ASKED.at - timedelta(days=30), channel, "debt", outcome)]
    for asked in (replace(ASKED, channel=channel), ASKED):
        assert _failed(decide(asked, FREE, written)) == ({"location.once"} if is_asked else set())


@given(st.lists(inquiries, max_size=12), st.sampled_from(["phone", "letter"]))
@settings(max_examples=400)
def test_without_a_ground_nobody_is_spoken_to_twice_and_calls_stay_within_seven_in_seven(
    history: list[Inquiry], channel: Channel
) -> None:
    asked = replace(ASKED, channel=channel)
    spoken = [one for one in history if _has_said_anything(one)]
    days = [_day(asked.at) - timedelta(days=back) for back in range(7)]
    calls = [
        one
        for one in history
        if one.channel == "phone"
        and one.account_id == "debt"
        and one.outcome != "not_connected"
        and _day(one.at) in days
    ]
    may = not spoken and (channel != "phone" or len(calls) < 7)
    assert decide(asked, FREE, history).is_allowed == may


@pytest.mark.parametrize(
    ("ground", "last", "knows", "is_allowed"),
    [
        ("requested_by_person", "answered", False, True),
        ("earlier_answer_incomplete", "incomplete", True, True),
        ("earlier_answer_incomplete", "incomplete", False, False),
        ("earlier_answer_incomplete", "erroneous", True, False),
        ("earlier_answer_erroneous", "erroneous", True, True),
        ("earlier_answer_erroneous", "answered", True, False),
        ("earlier_answer_erroneous", None, True, False),
        (None, "refused", True, False),
    ],
)
def test_1006_10_c_a_second_communication_needs_one_of_the_two_grounds(
    ground: Ground | None, last: Outcome | None, *, knows: bool, is_allowed: bool
) -> None:
    earlier = [Inquiry(ASKED.at - timedelta(days=20), "phone", "debt", last)]
    asked = replace(ASKED, ground=ground, ground_evidence="what was said", believes_person_knows_now=knows)
    assert decide(asked, FREE, earlier).is_allowed == is_allowed
    assert "location.once" in _failed(decide(replace(asked, ground_evidence=" "), FREE, earlier))


def test_the_day_of_a_talk_is_the_first_of_the_seven() -> None:
    talk = [_called(date(2026, 10, 6), "incomplete")]
    asked = replace(
        ASKED, ground="earlier_answer_incomplete", ground_evidence="said so", believes_person_knows_now=True
    )
    assert _failed(decide(asked, FREE, talk)) == {"location.cooldown"}  # 12 October is the seventh day
    assert decide(replace(asked, at=ASKED.at + timedelta(days=1)), FREE, talk).is_allowed


@pytest.mark.parametrize(
    "kind",
    [
        "bankruptcy_stay",
        "discharged",
        "cease",
        "identity_theft",
        "dispute_hold",
        "litigation",
        "complaint_hold",
        "disaster",
    ],
)
def test_a_restriction_stops_it(kind: str) -> None:
    assert _failed(decide(ASKED, Consumer(frozenset({kind})), [])) == {"location.restriction"}


def test_1006_10_b_5_only_the_attorney_unless_the_attorney_is_silent() -> None:
    represented = Consumer(frozenset({"attorney"}))
    assert _failed(decide(ASKED, represented, [])) == {"location.attorney"}
    assert decide(replace(ASKED, relationship="attorney"), represented, []).is_allowed
    silent = replace(represented, attorney_is_silent=True)
    assert _failed(decide(ASKED, silent, [])) == {"location.attorney"}
    assert _failed(decide(ASKED, replace(silent, silence_evidence=" "), [])) == {"location.attorney"}
    assert decide(ASKED, replace(silent, silence_evidence="Wrote on 1 and 15 September."), []).is_allowed


def test_leave_to_call_or_visit_ends_and_what_is_written_has_no_hour() -> None:
    for channel, ends in (("phone", True), ("in_person", True), ("letter", False), ("email", False)):
        assert (leave_ends(channel, ASKED.at) is not None) is ends
        assert not is_late(channel, ASKED.at, ASKED.at + timedelta(minutes=10))
        assert not is_late(channel, ASKED.at, None)
        assert is_late(channel, ASKED.at, ASKED.at + timedelta(minutes=10, seconds=1)) is ends


@pytest.mark.parametrize("channel", ["postcard", "social_media"])
def test_1006_10_b_3_and_1006_22_f_no_postcard_and_no_public_place(channel: Channel) -> None:
    assert _failed(decide(replace(ASKED, channel=channel), FREE, [])) == {"location.medium"}


@pytest.mark.parametrize("channel", ["phone", "in_person"])
def test_a_third_party_is_called_and_visited_from_8_to_21_wherever_it_may_be(channel: Channel) -> None:
    for hour in range(24):
        at = datetime(2026, 10, 12, hour, tzinfo=ZoneInfo(ZONE))
        asked = replace(ASKED, at=at, channel=channel)
        assert _failed(decide(asked, FREE, [])) == (set() if 8 <= hour < 21 else {"location.hours"})
        both = replace(asked, zones=frozenset({ZONE, "America/Los_Angeles"}))
        assert _failed(decide(both, FREE, [])) == (set() if 11 <= hour < 21 else {"location.hours"})


def test_where_the_hour_is_not_known_nobody_is_called_and_a_letter_may_go() -> None:
    unknown = replace(ASKED, zones=frozenset())
    assert _failed(decide(unknown, FREE, [])) == {"location.hours"}
    assert _failed(decide(replace(unknown, channel="in_person"), FREE, [])) == {"location.hours"}
    for channel in ("letter", "email"):
        assert decide(replace(unknown, channel=channel), FREE, []).is_allowed


def test_who_is_not_searched_for_is_not_asked_about() -> None:
    assert _failed(decide(ASKED, Consumer(has_open_trace=False), [])) == {"location.purpose"}


DEBT_WORDS = re.compile(
    r"\b(debt|owe\w*|collect\w*|loan|credit|payment|paid|past due|account|creditor|deuda\w*|debe\w*|cobr\w*|préstamo"
    r"|crédito|pago\w*|cuenta|acreedor|atras\w*)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("is_deceased", [False, True])
def test_1006_10_b_the_script_names_the_caller_and_the_aim_and_nothing_of_a_debt(
    language: Language, *, is_deceased: bool
) -> None:
    script = script_for(
        language, caller="Alex Caller", consumer="Sam Person", employer="Harbor", consumer_is_deceased=is_deceased
    )
    said = " ".join([script.opening, *script.questions, script.if_asked_why])
    assert "Alex Caller" in script.opening
    assert "Sam Person" in script.opening
    assert "Harbor" not in said
    assert "Harbor" in script.if_asked_for_employer
    assert DEBT_WORDS.findall(f"{said} {script.if_asked_for_employer}") == []
    if not is_deceased:
        assert ("confirming or correcting location information" in said) == (language == "en")
