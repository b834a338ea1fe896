"""Counting calls and conversations, against a counter written from 12 CFR 1006.14(b) and its comments alone.

The counter below knows no case, no ledger and no instants of release: it looks at each call, day by day, as a person
with the regulation and a calendar would, and finds the earliest lawful day by trying one after the other.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.compliance.domain.case import Case
from services.compliance.domain.checks import CHECKS
from services.compliance.domain.checks.finding import Finding, Result
from services.compliance.domain.checks.params import CallCount, ConversationCooldown
from services.compliance.domain.facts import (
    Attempt,
    Channel,
    Consent,
    ContactPoint,
    Creditor,
    Debt,
    Direction,
    Facts,
    Location,
    Party,
    Permit,
    Purpose,
    Request,
    Role,
)

NAMES = UUID("5f0c4f0e-6a1b-4c55-9d53-0f5f0d3c1406")
DEBTS = ("medical", "card A", "card B")
NUMBERS = ("mobile", "landline")
ZONES = ("America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "America/Phoenix")
# Within weeks of both changes of the clocks, and in summer.
NOON_UTC = (
    datetime(2026, 3, 11, 12, tzinfo=UTC),
    datetime(2026, 11, 4, 12, tzinfo=UTC),
    datetime(2026, 7, 1, 12, tzinfo=UTC),
)
WEEK = timedelta(days=7)

UNANSWERED, VOICEMAIL, BUSY, TALK, INBOUND, WRONG, ATTORNEY = (
    "no_answer", "voicemail_other", "busy", "rpc_refused", "inbound_rpc", "wrong_number", "attorney_call",
)  # fmt: skip
OPEN, RESERVED = "placed, and nothing is known of what came of it", "a permit that is out"


def name(word: str) -> UUID:
    return uuid5(NAMES, word)


@dataclass(frozen=True)
class Told:
    """One line of a story: what happened, when, about which debts, by which number."""

    at: datetime
    what: str
    about: tuple[str, ...]
    discussed: tuple[str, ...]
    number: str


@dataclass(frozen=True)
class Leave:
    """The consumer's leave to call more often."""

    at: datetime
    debts: tuple[str, ...]
    first: date | None
    last: date | None
    revoked: datetime | None


@dataclass(frozen=True)
class Story:
    zone: str
    now: datetime
    told: tuple[Told, ...]
    leaves: tuple[Leave, ...]


class Reader:
    """A person with the regulation: answers whether a call about a debt at a time is within the limits."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.told = [each for each in story.told if each.at <= story.now]

    def day(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.story.zone)).date()

    def placed(self, line: Told) -> list[str]:
        """14(b)(2)(i)(A) and comment 14(b)(4)-1.i: the debts in connection with which we placed this call."""
        if line.what in {INBOUND, BUSY, WRONG, ATTORNEY} or self.is_misdirected(line):
            return []
        if line.what in {OPEN, RESERVED}:
            return list(line.about)  # it may have been made, about any of them: never too few
        if line.what == VOICEMAIL:
            return list(line.discussed or line.about)
        if line.what == TALK and (raised := [debt for debt in line.about if debt in line.discussed]):
            return raised
        return [line.about[0]]

    def is_misdirected(self, line: Told) -> bool:
        """Comment 14(b)(2)(i)-3: the number was learnt, at or after the call, not to be the person's."""
        return any(later.what == WRONG and later.number == line.number and later.at >= line.at for later in self.told)

    def conversation(self, line: Told) -> list[str]:
        """Comment 14(b)(4)-1.ii: each debt discussed, whoever raised it; where none was, at least one."""
        if line.what == INBOUND:
            return list(line.discussed or line.about[:1])
        if line.what != TALK:
            return []
        return [*line.discussed, *([] if set(line.about) & set(line.discussed) else [line.about[0]])]

    def has_leave(self, debt: str, moment: datetime, *, asked: bool) -> bool:
        """14(b)(3)(i) and comment -2: seven days, the day of consent the first, until it expires."""
        for leave in self.story.leaves:
            if leave.at > self.story.now or leave.at > moment or (leave.debts and debt not in leave.debts):
                continue
            if leave.at == moment and not asked:
                continue  # the call came first: the leave is for the calls thereafter
            on = self.day(moment)
            if (
                (on - self.day(leave.at)).days >= 7
                or (leave.first and on < leave.first)
                or (leave.last and on > leave.last)
            ):
                continue
            if leave.revoked is not None and leave.revoked <= moment:
                continue
            talks = [line.at for line in self.told if debt in self.conversation(line) and line.at > leave.at]
            if any(talk < moment or (asked and talk == moment) for talk in talks):
                continue
            return True
        return False

    def calls(self, debt: str, moment: datetime) -> int:
        """The calls that count within the seven consecutive days that end with this one."""
        today = self.day(moment)
        return sum(
            1
            for line in self.told
            if debt in self.placed(line)
            and today - WEEK < self.day(line.at) <= today
            and not self.has_leave(debt, line.at, asked=False)
        )

    def may_call_by_count(self, debts: tuple[str, ...], moment: datetime) -> bool:
        return all(self.has_leave(debt, moment, asked=True) or self.calls(debt, moment) + 1 <= 7 for debt in debts)

    def may_call_by_conversation(self, debts: tuple[str, ...], moment: datetime) -> bool:
        today = self.day(moment)
        return all(
            self.has_leave(debt, moment, asked=True)
            or not any(
                debt in self.conversation(line) and today - WEEK < self.day(line.at) <= today for line in self.told
            )
            for debt in debts
        )

    def unless_it_was_a_talk(self, debts: tuple[str, ...]) -> set[Result]:
        """A call of which nothing is known may have been a talk; an older one too, that would have ended a leave."""
        days = [
            (self.day(self.story.now) - self.day(line.at)).days
            for line in self.told
            if line.what in {OPEN, RESERVED} and not self.is_misdirected(line) and set(line.about) & set(debts)
        ]
        if any(back < 7 for back in days):
            return {Result.UNKNOWN}
        return {Result.PASS, Result.UNKNOWN} if self.story.leaves and any(back < 14 for back in days) else {Result.PASS}

    def midnights(self) -> list[datetime]:
        """The moment of the question, and the beginning of each of the twenty days after it."""
        zone = ZoneInfo(self.story.zone)
        today = self.day(self.story.now)
        days = [datetime.combine(today + timedelta(days=n), datetime.min.time(), zone) for n in range(1, 21)]
        return [self.story.now, *(day.astimezone(UTC) for day in days)]


def facts(story: Story) -> Facts:
    """The story as the facts of a case."""
    return Facts(
        creditor=Creditor(name("creditor"), Role.THIRD_PARTY_COLLECTOR),
        party=Party(name("party"), "natural_person"),
        debts=tuple(Debt(name(each), "open") for each in DEBTS),
        contact_points=tuple(ContactPoint(name(each), "phone", "mobile") for each in NUMBERS),
        locations=(Location("address", (story.zone,)),),
        consents=tuple(
            Consent(
                name(f"leave {index}"), "call_frequency", leave.at, account_ids=frozenset(map(name, leave.debts)),
                starts_on=leave.first, ends_on=leave.last, revoked_at=leave.revoked,
            )
            for index, leave in enumerate(story.leaves)
        ),
        attempts=tuple(
            Attempt(
                name(f"attempt {index}"), line.at, Channel.PHONE, tuple(map(name, line.about)),
                None if line.what == OPEN else line.what,
                direction=Direction.INBOUND if line.what == INBOUND else Direction.OUTBOUND,
                debts_discussed=tuple(map(name, line.discussed)), contact_point_id=name(line.number),
            )
            for index, line in enumerate(story.told)
            if line.what != RESERVED
        ),
        permits=tuple(
            Permit(name(f"permit {index}"), line.at, Channel.PHONE, tuple(map(name, line.about)), name(line.number))
            for index, line in enumerate(story.told)
            if line.what == RESERVED
        ),
    )  # fmt: skip


def asked(story: Story, check: str, debts: tuple[str, ...]) -> Finding:
    request = Request(
        name("party"), tuple(map(name, debts)), Channel.PHONE, name("mobile"), Purpose.COLLECTION, story.now
    )
    params = {"call_count": CallCount(), "conversation_cooldown": ConversationCooldown()}[check]
    return CHECKS[check].evaluate(Case(request, facts(story)), params)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    now = draw(st.sampled_from(NOON_UTC)) + draw(st.integers(0, 47)) * timedelta(minutes=30)
    back = st.integers(0, 14 * 48).map(lambda halves: now - timedelta(minutes=30 * halves))
    some = st.lists(st.sampled_from(DEBTS), min_size=1, max_size=3, unique=True).map(tuple)
    none_or_some = st.lists(st.sampled_from(DEBTS), max_size=3, unique=True).map(tuple)
    usual = st.sampled_from((UNANSWERED,) * 6 + (VOICEMAIL, BUSY, TALK, INBOUND, WRONG, ATTORNEY, OPEN, RESERVED))
    line = st.builds(Told, at=back, what=usual, about=some, discussed=none_or_some, number=st.sampled_from(NUMBERS))
    days = st.integers(-3, 9).map(lambda day: now.date() + timedelta(days=day))
    leave = st.builds(
        Leave, at=back, debts=none_or_some, first=st.none() | days, last=st.none() | days, revoked=st.none() | back
    )
    return Story(
        zone=draw(st.sampled_from(ZONES)),
        now=now,
        told=tuple(draw(st.lists(line, max_size=30))),
        leaves=tuple(draw(st.lists(leave, max_size=2))),
    )


def assert_as_read(story: Story, debts: tuple[str, ...]) -> None:
    """The check and the reader agree: now, on the number of calls, and on the first lawful moment."""
    reader = Reader(story)
    for check, may_call in (
        ("call_count", reader.may_call_by_count),
        ("conversation_cooldown", reader.may_call_by_conversation),
    ):
        finding = asked(story, check, debts)
        lawful = next(moment for moment in reader.midnights() if may_call(debts, moment))
        expected = {Result.PASS if may_call(debts, story.now) else Result.FAIL}
        if check == "conversation_cooldown" and expected == {Result.PASS}:
            expected = reader.unless_it_was_a_talk(debts)
        assert finding.result in expected
        assert (finding.not_before or story.now) == lawful, (check, story, debts)
        if check == "call_count":
            assert finding.facts["calls"] == {str(name(debt)): reader.calls(debt, story.now) for debt in debts}


@given(stories(), st.lists(st.sampled_from(DEBTS), min_size=1, max_size=3, unique=True).map(tuple))
@settings(max_examples=400)
@example(
    # The night on which New York goes back to standard time: 23:30 and 00:30 stand on two days, 01:30 comes twice.
    Story(
        ZONES[0],
        datetime(2026, 11, 7, 17, tzinfo=UTC),
        tuple(
            Told(datetime(2026, 11, 1, 3, 30, tzinfo=UTC) + timedelta(hours=hour), what, (DEBTS[0],), (), "mobile")
            for hour, what in enumerate((UNANSWERED, UNANSWERED, UNANSWERED, UNANSWERED, OPEN, RESERVED, UNANSWERED))
        ),
        (),
    ),
    (DEBTS[0],),
)
@example(
    Story(
        ZONES[0],
        NOON_UTC[0],
        tuple(Told(NOON_UTC[0] - timedelta(days=day), UNANSWERED, (DEBTS[0],), (), "mobile") for day in range(7)),
        (),
    ),
    (DEBTS[0],),
)
def test_calls_are_counted_as_the_text_says(story: Story, debts: tuple[str, ...]) -> None:
    assert_as_read(story, debts)


@given(stories())
@settings(max_examples=100)
def test_where_the_zone_is_in_doubt_every_zone_must_be_satisfied(story: Story) -> None:
    both = facts(story)
    other = ZONES[(ZONES.index(story.zone) + 1) % len(ZONES)]
    both = replace(both, locations=(*both.locations, Location("phone", (other,))))
    request = Request(name("party"), (name(DEBTS[0]),), Channel.PHONE, name("mobile"), Purpose.COLLECTION, story.now)
    leaveless = replace(both, consents=())
    finding = CHECKS["call_count"].evaluate(Case(request, leaveless), CallCount())
    readers = [Reader(replace(story, zone=zone, leaves=())) for zone in (story.zone, other)]
    lawful = max(
        next(moment for moment in reader.midnights() if reader.may_call_by_count((DEBTS[0],), moment))
        for reader in readers
    )
    assert (finding.not_before or story.now) == lawful


@given(stories())
@settings(max_examples=100)
def test_the_order_in_which_facts_come_never_matters(story: Story) -> None:
    turned = replace(story, told=story.told[::-1], leaves=story.leaves[::-1])
    for check in ("call_count", "conversation_cooldown"):
        one, other = asked(story, check, DEBTS), asked(turned, check, DEBTS)
        assert (one.result, one.not_before, one.facts["window_days"]) == (
            other.result,
            other.not_before,
            other.facts["window_days"],
        )
