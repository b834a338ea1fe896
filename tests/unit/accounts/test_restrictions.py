"""Which restrictions hold on a day, against the sentence: from the first through the last day, or until lifted."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.restrictions import Restricted, Restriction, restricted

DAY = date(2026, 3, 10)
days = st.integers(-5, 5).map(lambda n: DAY + timedelta(days=n))
restrictions = st.lists(
    st.builds(Restriction, st.sampled_from(["cease", "scra"]), days, st.none() | days, st.booleans()), max_size=5
)


def _holding(found: list[Restriction], day: date) -> dict[str, date]:
    """The kinds that hold, told day by day."""
    held: dict[str, date] = {}
    for one in found:
        last = DAY + timedelta(days=40) if one.ends_on is None else one.ends_on
        its_days = [one.effective_on + timedelta(days=n) for n in range((last - one.effective_on).days + 1)]
        if not one.is_lifted and day in its_days:
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
    assert restricted([Restriction("cease", DAY, date.max, is_lifted=False)], DAY) == Restricted(
        (("cease", DAY),), None
    )
