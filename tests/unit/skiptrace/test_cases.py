"""Cases are judged by facts: every step is in the table, ends are ends, and triggers count once whatever the order."""

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from services.compliance.domain.restriction import status_on
from services.skiptrace.domain.candidate import Word, stand
from services.skiptrace.domain.mapping import (
    MappingError,
    Subject,
    layout_from,
    read_answer,
    request_body,
)
from services.skiptrace.domain.purpose import PURPOSES, RULES, Debt, check_purpose
from services.skiptrace.domain.restriction import holds_on
from services.skiptrace.domain.skip_trace import OPEN, TRANSITIONS, Facts, judge
from services.skiptrace.domain.triggers import PastCase, Trigger, Try, nobody_reached, opening
from services.skiptrace.domain.waterfall import Choice, Vendor
from services.skiptrace.gateways.person_search import PersonSearch, VendorError
from services.skiptrace.schemas.vendors import VendorLayout
from services.skiptrace.settings import VendorEndpoint
from shared.events.skiptrace import PermissiblePurpose, SkipTraceReason, SkipTraceStatus

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
STATUSES: tuple[SkipTraceStatus, ...] = get_args(SkipTraceStatus)
moments = st.integers(0, 90 * 24).map(lambda hours: NOW - timedelta(hours=hours))
flags = st.booleans()
facts = st.builds(
    Facts, is_cancelled=flags, is_erased=flags, is_owed=flags, is_restricted=flags, is_uncalled_for=flags,
    found_at=st.none() | moments, candidates=st.integers(0, 2), is_asked=flags, has_searched=flags,
)  # fmt: skip
choices = st.sampled_from(
    [Choice(), Choice(is_for_money=True), Choice(wait_until=NOW), Choice(Vendor("a", "USD", 1, 0, frozenset()))]
)


def test_the_table_names_every_status_and_only_open_ones_go_anywhere_but_found() -> None:
    assert set(TRANSITIONS) == set(STATUSES)
    for start in STATUSES:
        for end in TRANSITIONS[start]:
            assert start in OPEN or (start, end) == ("exhausted", "located")


@given(st.sampled_from(STATUSES), facts, choices)
@settings(max_examples=500)
def test_a_judgement_is_always_a_step_of_the_table_and_an_end_has_its_reason(
    status: SkipTraceStatus, known: Facts, choice: Choice
) -> None:
    reason: SkipTraceReason | None = None if status in OPEN else "cancelled"
    judged = judge(status, reason, known, choice)
    assert judged.status == status or judged.status in TRANSITIONS[status]
    assert (judged.reason is None) == (judged.status in OPEN)
    assert judge(judged.status, judged.reason, known, choice).status == judged.status
    if judged.choice is not None and judged.choice.vendor is not None:
        assert not (known.is_restricted)
        assert not (known.is_asked)
        assert not (known.candidates)
        assert not (known.is_cancelled)
        assert known.is_owed


@given(st.lists(st.tuples(moments, flags), max_size=8), st.randoms())
def test_the_latest_word_on_a_candidate_holds_in_any_order(said: list[tuple[datetime, bool]], drawn: Any) -> None:
    words = [Word(at, is_right, "collector") for at, is_right in said]
    expected = "unverified"
    if words:
        last = max(at for at, _ in said)
        expected = "verified" if all(is_right for at, is_right in said if at == last) else "rejected"
    drawn.shuffle(words)
    assert stand(words).status == expected


@given(st.lists(moments, max_size=6), st.lists(st.tuples(moments, flags), max_size=3), flags)
def test_a_trigger_opens_a_case_when_no_case_that_looked_has_ended_since(
    at: list[datetime], ended: list[tuple[datetime, bool]], is_open: bool
) -> None:
    triggers = [Trigger("wrong_number", one) for one in at]
    cases = [PastCase(end, has_looked) for end, has_looked in ended] + ([PastCase(None)] if is_open else [])
    left = [one for one in at if all(end < one for end, has_looked in ended if has_looked)]
    found = opening(triggers, cases)
    assert (found is not None) == (bool(left) and not is_open)
    assert found is None or found.at == min(left)


@given(st.lists(st.tuples(moments, flags), max_size=12), st.integers(1, 5), st.randoms())
@settings(max_examples=300)
def test_nobody_reached_means_enough_tries_over_enough_days_since_the_last_talk(
    said: list[tuple[datetime, bool]], at_least: int, drawn: Any
) -> None:
    tries = [Try(at, is_right) for at, is_right in said]
    drawn.shuffle(tries)
    after = timedelta(days=30)
    talk = max((at for at, is_right in said if is_right), default=datetime.min.replace(tzinfo=UTC))
    since = sorted(at for at, is_right in said if not is_right and at > talk)
    is_due = len(since) >= at_least and NOW - since[0] >= after
    found = nobody_reached(tries, [], NOW, after=after, at_least=at_least)
    assert (found is not None) == is_due
    if found is not None:
        assert found.at <= NOW
        assert nobody_reached(tries, [PastCase(NOW)], NOW, after=after, at_least=at_least) is None


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_purpose_permits_a_search_when_nothing_is_owed(purpose: PermissiblePurpose) -> None:
    refused = check_purpose(purpose, Debt(is_owed=False, is_past_due=False, party_kind="natural_person"))
    assert refused is not None
    assert RULES[purpose].citation in refused.detail
    assert check_purpose(purpose, Debt(is_owed=True, is_past_due=True, party_kind="natural_person")) is None


def test_consumer_reports_and_vehicle_records_are_about_persons() -> None:
    business = Debt(is_owed=True, is_past_due=True, party_kind="business")
    assert [purpose for purpose in PURPOSES if check_purpose(purpose, business) is not None] == [
        "fcra_collection",
        "dppa_debt_recovery",
    ]


LAYOUT: dict[str, Any] = {
    "path": "/s", "reference": "/ref", "purpose": "/why", "subject": {"given_name": "/a/b", "family_name": "/a/c"},
    "persons": "/people", "points": {"phone": {"each": "/tel", "value": "/n", "last_seen": "/seen"}},
}  # fmt: skip


def test_a_layout_that_the_schema_takes_is_one_that_the_code_reads() -> None:
    layout = layout_from(VendorLayout.model_validate(LAYOUT).model_dump())
    assert request_body(layout, Subject("A", "B", None), "fcra_collection", str(uuid4())).keys() == {"ref", "why", "a"}
    answer = {"people": [{"tel": [{"n": "2175550123", "seen": "2026-01-02"}, {"n": "123"}]}]}
    [point] = read_answer(layout, answer).points
    assert (point.value, str(point.last_seen_on)) == ("+12175550123", "2026-01-02")


@pytest.mark.parametrize(
    "answer",
    [{"people": {}}, {"people": [{"tel": "x"}]}, {"people": [{"tel": [{"n": "2175550123", "seen": "02.01.2026"}]}]}],
)
def test_an_answer_in_another_layout_is_refused(answer: Any) -> None:
    with pytest.raises(MappingError):
        read_answer(layout_from(LAYOUT), answer)


@pytest.mark.parametrize(
    "person",
    [
        {"tel": [{"n": "2175550123\x00"}]},
        {"tel": [{"n": "2175550123", "seen": "2026-01-02\x00"}]},
    ],
)
def test_an_answer_with_a_character_that_no_table_takes_is_refused(person: Any) -> None:
    layout = layout_from(LAYOUT | {"transaction": "/no"})
    with pytest.raises(MappingError):
        read_answer(layout, {"people": [person]})
    with pytest.raises(MappingError):
        read_answer(layout, {"people": [], "no": "7\x00"})


@pytest.mark.parametrize(
    "places",
    [
        {"reference": "/r", "purpose": "/r/x"},
        {"reference": "/r/x", "purpose": "/r"},
        {"reference": "/r", "purpose": "/r"},
        {"reference": "/a/b/c"},
        {"constants": {"/ref": 1}},
    ],
)
async def test_a_search_that_cannot_be_laid_out_is_refused_and_costs_nothing(places: dict[str, Any]) -> None:
    layout, subject = layout_from(LAYOUT | places), Subject("A", "B", None)
    with pytest.raises(MappingError):
        request_body(layout, subject, "fcra_collection", "ref")
    endpoint = VendorEndpoint(url="http://127.0.0.1:1", username="u", password=SecretStr("p"))
    async with PersonSearch({"other": endpoint}, timeout_s=1) as vendors:
        with pytest.raises(VendorError) as failed:
            await vendors.search("other", layout, subject, "fcra_collection", "ref")
    assert failed.value.code == "layout-unusable"
    assert not failed.value.may_be_billed


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["people", "tel", "n", "seen"]), x)))  # fmt: skip
@settings(max_examples=300)
def test_whatever_a_vendor_answers_it_is_read_or_refused(answer: Any) -> None:
    with contextlib.suppress(MappingError):
        read_answer(layout_from(LAYOUT), answer)


@given(st.integers(-3, 3), st.none() | st.integers(0, 5), flags)
def test_a_restriction_holds_on_the_days_on_which_it_is_active(first: int, length: int | None, is_lifted: bool) -> None:
    effective_on = NOW.date() + timedelta(days=first)
    ends_on = None if length is None else effective_on + timedelta(days=length)
    lifted_at = NOW if is_lifted else None
    published = status_on(
        NOW.date() - timedelta(days=2), effective_on=effective_on, ends_on=ends_on, lifted_at=lifted_at
    )
    now = status_on(NOW.date(), effective_on=effective_on, ends_on=ends_on, lifted_at=lifted_at)
    assert holds_on(NOW.date(), status=published, effective_on=effective_on, ends_on=ends_on) == (now == "active")
    assert holds_on(NOW.date(), status=published, effective_on=None, ends_on=None) == (
        published in {"placed", "active"}
    )
