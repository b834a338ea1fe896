"""Whole decisions by the shipped rules: the earliest lawful time, the order of facts, and what is not known."""

import gc
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.contact_facts import KnownParty
from services.compliance.domain.case import NO_LEEWAY
from services.compliance.domain.checks.finding import Result
from services.compliance.domain.decide import Decision, decide
from services.compliance.domain.evaluate import Outcome
from services.compliance.domain.facts import (
    Attempt,
    Channel,
    Consent,
    ContactPoint,
    Creditor,
    Debt,
    Direction,
    Dispute,
    Facts,
    Location,
    Party,
    Permit,
    PlaceDesignation,
    Purpose,
    Refusal,
    Representation,
    Request,
    Restriction,
    Role,
    TimeDesignation,
)
from services.compliance.domain.rules import RuleBook
from services.compliance.store.shipped import shipped_rules

NAMES = UUID("5f0c4f0e-6a1b-4c55-9d53-0f5f0d3c1408")
BOOK = shipped_rules()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 10, 28, 16, 0, tzinfo=UTC)  # a Wednesday, four days before the clocks go back


def name(word: str) -> UUID:
    return uuid5(NAMES, word)


MOBILE, LANDLINE, EMAIL, ADDRESS = map(name, ("mobile", "landline", "email", "address"))
POINT_OF = {
    Channel.PHONE: (MOBILE, LANDLINE),
    Channel.VOICEMAIL: (MOBILE, LANDLINE),
    Channel.SMS: (MOBILE,),
    Channel.EMAIL: (EMAIL,),
    Channel.LETTER: (ADDRESS,),
    Channel.IN_PERSON: (ADDRESS,),
}
DEBTS = (name("card debt"), name("loan"))
PLACES = (
    ("America/New_York", ("US-MA",)),
    ("America/New_York", ("US-NY", "US-NY-NYC")),
    ("America/Los_Angeles", ("US-CA",)),
    ("America/Los_Angeles", ("US-WA",)),
    ("America/New_York", ("US-DC",)),
    ("America/New_York", ("US-WV",)),
    ("America/Chicago", ("US-TX",)),
)


@pytest.fixture
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def known(**changes: Any) -> Facts:
    """A consumer in Ohio of whom everything is known, and nothing stands in the way."""
    facts = Facts(
        creditor=Creditor(name("creditor"), Role.THIRD_PARTY_COLLECTOR),
        party=Party(name("party"), "natural_person", "en"),
        debts=tuple(Debt(each, "open", "credit_card", is_consumer=True, days_past_due=45) for each in DEBTS),
        contact_points=(
            ContactPoint(MOBILE, "phone", "mobile", is_verified=True, used_by_consumer_at=NOW - DAY,
                         not_reassigned_at=NOW - DAY),
            ContactPoint(LANDLINE, "phone", "home", is_verified=True),
            ContactPoint(EMAIL, "email", is_verified=True, used_by_consumer_at=NOW - DAY),
            ContactPoint(ADDRESS, "address", "home", is_verified=True),
        ),
        locations=(Location("address", ("America/New_York",), ("US-OH",)),),
    )  # fmt: skip
    return replace(facts, **changes)


def ask(
    facts: Facts, at: datetime = NOW, *, book: RuleBook = BOOK, leeway: timedelta = NO_LEEWAY, **changes: Any
) -> Decision:
    request = Request(name("party"), DEBTS[:1], Channel.PHONE, MOBILE, Purpose.COLLECTION, at)
    return decide(replace(request, **changes), facts, book, leeway=leeway)


def called(hours_ago: float, code: str | None = "no_answer", **changes: Any) -> Attempt:
    attempt = Attempt(
        name(f"call {hours_ago}"), NOW - hours_ago * HOUR, Channel.PHONE, DEBTS[:1], code, contact_point_id=MOBILE
    )
    return replace(attempt, **changes)


back = st.integers(1, 14 * 24).map(lambda hours: NOW - hours * HOUR)
ahead = st.integers(1, 9 * 24).map(lambda hours: NOW + hours * HOUR)
some_debts = st.frozensets(st.sampled_from(DEBTS), max_size=2)
ids = st.uuids()


@st.composite
def contacts(draw: st.DrawFn) -> Attempt:
    channel = draw(
        st.sampled_from((Channel.PHONE,) * 4 + (Channel.EMAIL, Channel.SMS, Channel.LETTER, Channel.VOICEMAIL))
    )
    direction = draw(st.sampled_from((Direction.OUTBOUND,) * 5 + (Direction.INBOUND,)))
    code = draw(
        st.sampled_from(
            {
                Channel.PHONE: ("no_answer", "busy", "rpc_refused", "wrong_number", "voicemail_lcm", "hung_up_early"),
                Channel.VOICEMAIL: ("ringless_voicemail", "voicemail_other"),
            }.get(channel, ("email_sent",))
        )
    )
    if direction is Direction.INBOUND:
        code = "inbound_rpc" if channel is Channel.PHONE else "inbound_message"
    about = tuple(draw(st.lists(st.sampled_from(DEBTS), min_size=1, max_size=2, unique=True)))
    return Attempt(
        draw(ids), draw(back), channel, about, code, direction, draw(st.sampled_from(((), about))),
        draw(st.sampled_from(POINT_OF[channel])),
    )  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> Facts:
    """Anything that may be known by now; all of it happened before, some of it ends later."""
    places = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=2, unique=True))
    role = draw(st.sampled_from((Role.THIRD_PARTY_COLLECTOR, Role.CREDITOR, Role.DEBT_BUYER)))
    weekdays = st.frozensets(st.integers(0, 6), min_size=1, max_size=5)
    minutes = st.sampled_from((0, 600, 900, 1020, 1440))
    times = st.builds(
        lambda key, days, ends, until: TimeDesignation(key, NOW - 9 * DAY, days, min(ends), max(ends), until),
        ids, weekdays, st.tuples(minutes, minutes), st.none() | ahead.map(datetime.date),
    )  # fmt: skip
    restrictions = st.builds(
        Restriction, ids, st.sampled_from(("complaint_hold", "disaster", "dispute_hold", "cease")), back, some_debts,
        st.just(value=True), ahead.map(datetime.date),
    )  # fmt: skip
    consents = st.builds(
        lambda key, scope, at, first, last: Consent(key, scope, at, starts_on=first, ends_on=last),
        ids, st.sampled_from(("call_frequency", "time", "electronic", "place")), back,
        st.none() | ahead.map(datetime.date), st.none() | ahead.map(datetime.date),
    )  # fmt: skip
    stated = st.builds(
        lambda place, since, until: Location("stated", (place[0],), place[1], since, until),
        st.sampled_from(PLACES), back, ahead,
    )  # fmt: skip
    return known(
        creditor=Creditor(name("creditor"), role),
        locations=(
            *(Location("address", (zone,), where) for zone, where in places),
            *draw(st.lists(stated, max_size=1)),
        ),
        attempts=tuple(draw(st.lists(contacts(), max_size=14))),
        inconvenient_times=tuple(draw(st.lists(times, max_size=2))),
        inconvenient_places=tuple(
            draw(st.lists(st.builds(PlaceDesignation, ids, st.just("home"), back, ends_at=ahead), max_size=1))
        ),
        restrictions=tuple(draw(st.lists(restrictions, max_size=2))),
        consents=tuple(draw(st.lists(consents, max_size=2))),
        refusals=tuple(
            draw(st.lists(st.builds(Refusal, ids, st.just(Channel.PHONE), back, withdrawn_at=ahead), max_size=1))
        ),
        representations=tuple(
            draw(st.lists(st.builds(Representation, ids, back, st.just(value=True), ended_at=ahead), max_size=1))
        ),
        disputes=tuple(
            draw(
                st.lists(
                    st.builds(
                        Dispute, ids, st.sampled_from(DEBTS), st.just("fdcpa_validation"), back, st.just(value=True),
                        answered_at=ahead,
                    ),
                    max_size=1,
                )
            )
        ),
    )  # fmt: skip


requests = st.builds(
    lambda channel, debts, minutes, purpose: {
        "channel": channel,
        "contact_point_id": POINT_OF[channel][-1],
        "account_ids": debts,
        "purpose": purpose,
        "at": NOW + minutes * timedelta(minutes=1),
    },
    st.sampled_from(tuple(POINT_OF)),
    st.sampled_from((DEBTS[:1], DEBTS[1:], DEBTS)),
    st.integers(0, 1440),
    st.sampled_from((Purpose.COLLECTION,) * 3 + (Purpose.REPLY, Purpose.SERVICE)),
)


@given(histories(), requests)
@settings(max_examples=60)
def test_nothing_is_lawful_before_the_earliest_lawful_time_and_at_it_nothing_forbids(
    facts: Facts, request: dict[str, Any]
) -> None:
    at = request["at"]
    decision = ask(facts, **request)
    if decision.outcome is not Outcome.BLOCK_UNTIL:
        assert decision.not_before is None
        return
    opens = decision.not_before
    assert opens is not None
    assert opens > at
    then = ask(facts, **{**request, "at": opens})
    assert then.outcome not in {Outcome.BLOCK, Outcome.BLOCK_UNTIL}
    is_known = not any(each.finding.result is Result.UNKNOWN or each.outcome == "needs_review" for each in then.rules)
    assert then.is_allowed == is_known
    earlier = [at, opens - timedelta(microseconds=1), opens - timedelta(minutes=1)]
    step = max((opens - at) / 24, timedelta(minutes=15))
    earlier += [at + n * step for n in range(1, int((opens - at) / step))]
    for moment in earlier:
        if moment >= at:
            assert not ask(facts, **{**request, "at": moment}).is_allowed, moment


@given(histories(), requests, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_the_facts_never_matters(facts: Facts, request: dict[str, Any], random: Any) -> None:
    shuffled: dict[str, Any] = {}
    for each in fields(Facts):
        value = getattr(facts, each.name)
        if isinstance(value, tuple):
            shuffled[each.name] = tuple(random.sample(value, len(value)))
    assert ask(replace(facts, **shuffled), **request) == ask(facts, **request)


def test_facts_of_one_moment_are_told_and_judged_alike_in_any_order() -> None:
    ever = {"start_minute": 0, "end_minute": 1440}
    consents = tuple(Consent(name(word), "time", NOW - DAY, **ever) for word in ("a", "b"))  # type: ignore[arg-type]
    wrote = called(1, "inbound_message", channel=Channel.SMS, direction=Direction.INBOUND, attempt_id=name("wrote"))
    answered = called(1, "sms_sent", channel=Channel.SMS, purpose=Purpose.REPLY)
    asked: dict[str, Any] = {"channel": Channel.SMS, "purpose": Purpose.REPLY}
    for facts, at in (
        ({"consents": consents}, NOW.replace(hour=3)),
        ({"attempts": (wrote, answered), "refusals": (Refusal(name("refusal"), Channel.SMS, NOW - DAY),)}, NOW),
    ):
        other = {key: value[::-1] for key, value in facts.items()}
        assert ask(known(**facts), at, **asked) == ask(known(**other), at, **asked)


@given(histories(), requests, st.data())
@settings(max_examples=40)
def test_the_strictest_rule_decides(facts: Facts, request: dict[str, Any], data: st.DataObject) -> None:
    decision = ask(facts, **request)
    worst = max((each.outcome for each in decision.rules), key=list(Outcome).index)
    if worst in {Outcome.BLOCK, Outcome.BLOCK_UNTIL}:
        assert decision.outcome in {Outcome.BLOCK, Outcome.BLOCK_UNTIL}
    else:
        assert decision.outcome is worst
    kept = data.draw(st.sets(st.sampled_from([each.rule.rule_id for each in decision.rules])))
    fewer = ask(facts, book=RuleBook(tuple(rule for rule in BOOK.rules if rule.rule_id not in kept)), **request)
    order = list(Outcome)
    if fewer.rules:
        assert order.index(fewer.outcome) <= order.index(decision.outcome)


def test_a_consumer_of_whom_all_is_known_may_be_called_with_the_disclosures() -> None:
    decision = ask(known())
    assert decision.outcome is Outcome.ALLOW_WITH
    assert decision.disclosures
    assert decision.language == "en"
    assert decision.zones == ("America/New_York",)
    assert decision.jurisdictions == ("US-OH",)
    assert all(each.rule.version and each.rule.citation for each in decision.rules)


@pytest.mark.parametrize(
    "role", [Role.THIRD_PARTY_COLLECTOR, Role.CREDITOR, Role.SERVICER, Role.DEBT_BUYER, Role.ATTORNEY]
)
@pytest.mark.parametrize(
    "unknown",
    [
        {"creditor": None},
        {"party": None},
        {"debts": ()},
        {"contact_points": ()},
        {"locations": ()},
        {"missing": frozenset({"history"})},
        {"attempts": (called(30, None),)},
        {"party": Party(name("party"), "natural_person", "fr")},
        {"representations": (Representation(name("attorney"), NOW - DAY, is_reachable=None),)},
    ],
    ids=lambda unknown: next(iter(unknown)),
)
def test_what_is_not_known_is_never_an_allow(role: Role, unknown: dict[str, Any]) -> None:
    facts = known(**{"creditor": Creditor(name("creditor"), role), **unknown})
    for channel in (Channel.PHONE, Channel.SMS, Channel.EMAIL):
        if channel is not Channel.PHONE and "attempts" in unknown:
            continue  # a call that may have been a talk forbids calls alone
        if role is Role.SERVICER and "representations" in unknown:
            continue
        decision = ask(facts, channel=channel, contact_point_id=POINT_OF[channel][0])
        assert not decision.is_allowed, (channel, [each.rule.rule_id for each in decision.rules])


def test_no_contact_without_an_account_or_a_rule() -> None:
    assert ask(known(), account_ids=()).outcome is Outcome.NEEDS_REVIEW
    assert ask(known(), account_ids=()).missing == ("debts",)
    assert ask(known(), book=RuleBook(())).outcome is Outcome.NEEDS_REVIEW
    assert ask(known(), book=RuleBook(())).missing == ("rules",)


def test_a_permit_that_is_out_counts_and_is_not_counted_twice_once_placed() -> None:
    policies = Creditor(name("creditor"), Role.THIRD_PARTY_COLLECTOR, frozenset({"policy.open_attempt"}))
    six = tuple(called(24 + hour) for hour in range(6))
    permit = Permit(name("permit"), NOW - HOUR, Channel.PHONE, DEBTS[:1], MOBILE)

    def calls(facts: Facts) -> int:
        rule = next(each for each in ask(facts).rules if each.rule.rule_id == "regf.call_freq.7in7")
        return int(rule.finding.facts["calls"][str(DEBTS[0])])

    assert calls(known(creditor=policies, attempts=six)) == 6
    reserved = known(creditor=policies, attempts=six, permits=(permit,))
    assert calls(reserved) == 7
    assert not ask(reserved).is_allowed
    placed = (*six, called(1, None, permit_id=permit.permit_id))
    assert calls(known(creditor=policies, attempts=placed, permits=(permit,))) == 7


def test_while_a_call_has_no_outcome_its_debts_get_no_other() -> None:
    open_call = known(attempts=(called(0.5, None),))
    refused = {
        each.rule.rule_id for each in ask(open_call).rules if each.outcome in {Outcome.BLOCK, Outcome.BLOCK_UNTIL}
    }
    assert "policy.open_attempt" in refused
    assert ask(open_call).outcome is Outcome.BLOCK
    assert ask(open_call, account_ids=DEBTS[1:]).is_allowed
    assert ask(open_call, channel=Channel.LETTER, contact_point_id=ADDRESS).is_allowed


def test_a_dry_run_in_the_past_knows_what_was_known_then() -> None:
    cease = Restriction(name("cease"), "cease", NOW - DAY, is_written=True)
    facts = known(restrictions=(cease,), attempts=(called(30, "rpc_refused"),))
    assert ask(facts, NOW - 2 * DAY).is_allowed
    assert ask(facts, NOW).outcome is Outcome.BLOCK


def test_massachusetts_binds_a_creditor_whom_regulation_f_leaves_alone() -> None:
    two = (called(30), called(50))
    creditor = Creditor(name("creditor"), Role.CREDITOR)
    here = (Location("address", ("America/New_York",), ("US-MA",)),)
    decision = ask(known(creditor=creditor, locations=here, attempts=two))
    refused = [each.rule for each in decision.rules if each.outcome is Outcome.BLOCK_UNTIL]
    assert [rule.jurisdiction for rule in refused] == ["US-MA"]
    assert ask(known(creditor=creditor, attempts=two)).is_allowed


def test_new_york_city_counts_to_three_from_its_effective_date() -> None:
    here = (Location("address", ("America/New_York",), ("US-NY", "US-NY-NYC")),)
    for day, is_allowed in ((date(2026, 8, 31), True), (date(2026, 9, 1), False)):
        at = datetime(day.year, day.month, day.day, 16, 0, tzinfo=UTC)
        three = tuple(
            replace(called(n), at=at - n * 26 * HOUR, channel=channel, result_code=code)
            for n, channel, code in (
                (1, Channel.PHONE, "no_answer"),
                (2, Channel.LETTER, "letter_sent"),
                (3, Channel.PHONE, "no_answer"),
            )
        )
        decision = ask(known(locations=here, attempts=three), at)
        assert decision.is_allowed is is_allowed, [
            each.rule.rule_id for each in decision.rules if each.outcome[0] == "b"
        ]


def test_what_calls_itself_a_reply_must_be_one() -> None:
    """regf.time.reply_once: the hours are left open to an answer, not to a word."""
    late = NOW.replace(hour=3)
    reply: dict[str, Any] = {"channel": Channel.EMAIL, "contact_point_id": EMAIL, "purpose": Purpose.REPLY}
    assert ask(known(), late, **reply).outcome is Outcome.BLOCK
    wrote = Attempt(
        name("written"), late - HOUR, Channel.EMAIL, DEBTS[:1], "inbound_message", Direction.INBOUND,
        contact_point_id=EMAIL,
    )  # fmt: skip
    assert ask(known(attempts=(wrote,)), late, **reply).is_allowed
    answered = replace(wrote, attempt_id=name("answered"), at=late - HOUR / 2, result_code="email_sent",
                       direction=Direction.OUTBOUND)  # fmt: skip
    assert ask(known(attempts=(wrote, answered)), late, **reply).outcome is Outcome.BLOCK
    unsent = replace(answered, result_code="network_failure")
    assert ask(known(attempts=(wrote, unsent)), late, **reply).is_allowed


def test_a_reply_stays_within_the_time_of_the_message() -> None:
    """Comment 6(b)(1)-2.i: once the hours have opened, the answer waits for them like any other message."""
    late = NOW.replace(hour=3)
    reply: dict[str, Any] = {"channel": Channel.EMAIL, "contact_point_id": EMAIL, "purpose": Purpose.REPLY}
    by_day = called(20, "inbound_message", channel=Channel.EMAIL, direction=Direction.INBOUND, contact_point_id=EMAIL)
    decision = ask(known(attempts=(by_day,)), late, **reply)
    assert (decision.outcome, decision.not_before) == (Outcome.BLOCK_UNTIL, NOW.replace(hour=12))
    a_night_before = replace(by_day, at=late - DAY)
    assert not ask(known(attempts=(a_night_before,)), late, **reply).is_allowed
    assert ask(known(attempts=(replace(by_day, at=late - HOUR),)), late, **reply).is_allowed


def test_a_talk_on_the_consumers_own_call_has_answered_it() -> None:
    """Comments 6(b)(1)-2.ii and 6(b)(2)-1: the reply is that call, and no other after it."""
    facts = known(
        attempts=(called(24 * 8, "inbound_rpc", direction=Direction.INBOUND),),
        refusals=(Refusal(name("refusal"), Channel.PHONE, NOW - 20 * DAY),),
        representations=(Representation(name("attorney"), NOW - 20 * DAY, is_reachable=True),),
    )
    stopped = {each.rule.rule_id for each in ask(facts, purpose=Purpose.REPLY).rules if each.outcome == "block"}
    assert {"regf.time.reply_once", "regf.attorney", "regf.medium"} <= stopped


@pytest.mark.parametrize(
    ("scope", "at", "changes"),
    [
        ("time", NOW.replace(hour=3), {}),
        ("attorney", NOW, {"representations": (Representation(name("attorney"), NOW - DAY, is_reachable=True),)}),
        ("place", NOW, {"inconvenient_places": (PlaceDesignation(name("not at home"), "home", NOW - DAY),)}),
    ],
)
def test_a_consent_about_one_debt_opens_no_other(scope: str, at: datetime, changes: dict[str, Any]) -> None:
    hours = {"start_minute": 0, "end_minute": 1440} if scope == "time" else {}
    consent = Consent(name("consent"), scope, NOW - HOUR * 15, account_ids=frozenset(DEBTS[:1]), **hours)  # type: ignore[arg-type]
    facts = known(consents=(consent,), **changes)
    asked: dict[str, Any] = {"contact_point_id": LANDLINE}
    assert ask(facts, at, **asked, account_ids=DEBTS[:1]).is_allowed
    assert not ask(facts, at, **asked, account_ids=DEBTS[1:]).is_allowed
    assert not ask(facts, at, **asked, account_ids=DEBTS).is_allowed


def test_a_policy_may_be_switched_off_and_a_law_may_not() -> None:
    first = called(0.05)
    facts = known(attempts=(first,))
    assert ask(facts).outcome is Outcome.BLOCK_UNTIL
    everything = frozenset(rule.rule_id for rule in BOOK.rules)
    free = known(attempts=(first,), creditor=Creditor(name("creditor"), Role.THIRD_PARTY_COLLECTOR, everything))
    assert ask(free).is_allowed
    late = NOW.replace(hour=7)
    assert ask(free, late).outcome is Outcome.BLOCK_UNTIL


@pytest.mark.usefixtures("collector_off")
def test_what_a_decision_was_made_from_goes_with_it_and_waits_for_no_collector() -> None:
    """Else the collector finds hundreds of objects of each: that was a fifth of the service's time."""
    for seed in range(3):
        party = KnownParty(seed)
        for request in party.requests():
            decide(request, party.facts, BOOK)
    assert gc.collect() == 0


@given(histories(), requests)
@settings(max_examples=150)
def test_the_leeway_of_clocks_changes_nothing_of_what_was_recorded_before(
    facts: Facts, request: dict[str, Any]
) -> None:
    assert ask(facts, leeway=LEEWAY, **request) == ask(facts, **request)


LEEWAY, LATER = timedelta(seconds=5), NOW + timedelta(seconds=2)
STOPS: dict[str, dict[str, Any]] = {
    "the seventh call": {"attempts": (*(called(20 * n) for n in range(1, 7)), called(0, at=LATER))},
    "a talk": {"attempts": (called(0, "rpc_refused", at=LATER, debts_discussed=DEBTS[:1]),)},
    "a call under way": {"attempts": (called(0, None, at=LATER),)},
    "a permit": {"permits": (Permit(name("permit"), LATER, Channel.PHONE, DEBTS[:1], MOBILE),)},
    "a cease": {"restrictions": (Restriction(name("cease"), "cease", LATER, frozenset(), is_written=True),)},
    "a dispute": {"disputes": (Dispute(name("dispute"), DEBTS[0], "fdcpa_validation", LATER, is_written=True),)},
    "a refusal of calls": {"refusals": (Refusal(name("refusal"), Channel.PHONE, LATER),)},
    "an attorney": {"representations": (Representation(name("attorney"), LATER, is_reachable=True),)},
    "an hour": {"inconvenient_times": (TimeDesignation(name("hour"), LATER, frozenset(range(7)), 0, 1440),)},
}  # fmt: skip


@pytest.mark.parametrize("stop", STOPS)
def test_what_a_process_whose_clock_is_ahead_has_recorded_stops_a_call_at_once(stop: str) -> None:
    facts = known(**STOPS[stop])
    assert ask(facts).is_allowed  # a dry run for then: it was not known yet
    assert not ask(facts, leeway=LEEWAY).is_allowed


def test_what_frees_a_call_waits_for_our_own_clock() -> None:
    lifted = Restriction(name("cease"), "cease", NOW - DAY, frozenset(), is_written=True, lifted_at=LATER)
    facts = known(restrictions=(lifted,))
    assert not ask(facts, leeway=LEEWAY).is_allowed
    assert ask(facts, LATER, leeway=LEEWAY).is_allowed


def test_a_consent_that_was_revoked_by_a_clock_ahead_of_ours_is_none() -> None:
    night = NOW.replace(hour=3)
    consent = Consent(name("consent"), "time", night - DAY, revoked_at=night + timedelta(seconds=2))
    facts = known(consents=(consent,))
    assert ask(facts, night).is_allowed
    assert not ask(facts, night, leeway=LEEWAY).is_allowed
