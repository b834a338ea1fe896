"""Which restrictions hold on a day, against the sentence: from the first through the last day, or until lifted."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.restrictions import Restricted, Restriction, restricted

DAY = date(2026, 3, 10)
LATER = DAY + timedelta(days=10)
days = st.integers(-5, 5).map(lambda n: DAY + timedelta(days=n))
restrictions = st.lists(
    st.builds(Restriction, st.sampled_from(["cease", "bankruptcy_stay"]), days, st.none() | days, st.none() | days),
    max_size=5,
)


def _holding(found: list[Restriction], day: date) -> dict[str, date]:
    """The kinds that hold, told day by day."""
    held: dict[str, date] = {}
    for one in found:
        last = DAY + timedelta(days=40) if one.ends_on is None else one.ends_on
        its_days = [one.effective_on + timedelta(days=n) for n in range((last - one.effective_on).days + 1)]
        if one.lifted_on is None and day in its_days:
            held[one.kind] = min(one.effective_on, held.get(one.kind, one.effective_on))
    return held


@given(restrictions, days)
def test_what_holds_is_what_holds_day_by_day(found: list[Restriction], today: date) -> None:
    assert dict(restricted(found, today).kinds) == _holding(found, today)


@given(restrictions, days)
def test_nothing_changes_by_itself_before_the_day_that_is_said(found: list[Restriction], today: date) -> None:
    now = restricted(found, today)
    until = DAY + timedelta(days=12) if now.turns_on is None else now.turns_on
    assert until > today
    for n in range((until - today).days):
        assert restricted(found, today + timedelta(days=n)).kinds == now.kinds


def test_one_that_ends_on_the_last_day_there_is_lasts() -> None:
    assert restricted([Restriction("cease", DAY, date.max)], DAY) == Restricted((("cease", DAY),), None)


@pytest.mark.parametrize("kind", ["bankruptcy_stay", "discharged"])
@pytest.mark.parametrize(
    ("ends_on", "lifted_on", "has_ended"),
    [
        (None, None, True),
        (DAY, None, True),
        (None, LATER, True),
        (DAY, LATER, True),
        (None, DAY, False),
        (None, DAY - timedelta(days=1), False),
        (DAY - timedelta(days=1), None, False),
    ],
)
def test_a_stay_that_held_for_a_day_has_ended_what_was_promised(
    kind: str, ends_on: date | None, lifted_on: date | None, *, has_ended: bool
) -> None:
    one = Restriction(kind, DAY, ends_on, lifted_on)
    assert restricted([one], LATER).ended_by == (((kind, DAY),) if has_ended else ())
    assert restricted([one], DAY - timedelta(days=1)).ended_by == ()
    assert restricted([one._replace(kind="cease")], LATER).ended_by == ()


def test_each_stay_ends_what_was_promised_since_the_one_before() -> None:
    first, second = Restriction("bankruptcy_stay", DAY, DAY), Restriction("bankruptcy_stay", LATER, None)
    assert restricted([second, first, second], LATER).ended_by == (("bankruptcy_stay", DAY), ("bankruptcy_stay", LATER))
