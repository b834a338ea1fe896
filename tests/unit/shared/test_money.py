"""Money is whole minor units of one currency."""

import operator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.events import payload
from shared.money import MAX_MINOR, CurrencyMismatchError, Money

halves = st.integers(-MAX_MINOR // 2, MAX_MINOR // 2)
currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD"])


@given(a=halves, b=halves, currency=currencies)
def test_money_adds_subtracts_and_compares_as_its_minor_units_do(a: int, b: int, currency: str) -> None:
    left, right = Money(a, currency), Money(b, currency)
    assert left + right == Money(a + b, currency)
    assert left - right == Money(a - b, currency)
    assert -left == Money(-a, currency)
    assert left + right - right == left
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        assert compare(left, right) == compare(a, b)
    assert bool(left) == bool(a)
    assert len({left, Money(a, currency)}) == 1


@given(a=halves, b=halves, one=currencies, other=currencies)
def test_two_currencies_never_mix(a: int, b: int, one: str, other: str) -> None:
    assume(one != other)
    left, right = Money(a, one), Money(b, other)
    for refused in (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(CurrencyMismatchError):
            refused(left, right)
    assert left != right


def test_an_amount_beyond_the_largest_is_refused_also_as_a_result() -> None:
    largest, least = Money(MAX_MINOR, "USD"), Money(1, "USD")
    assert -largest == Money(-MAX_MINOR, "USD")
    with pytest.raises(ValueError, match="beyond"):
        Money(MAX_MINOR + 1, "USD")
    with pytest.raises(ValueError, match="beyond"):
        _ = largest + least
    with pytest.raises(ValueError, match="beyond"):
        _ = -largest - least


@pytest.mark.parametrize("minor", [1.0, True, "1", None])
def test_minor_units_are_a_whole_number(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "US", "usd", "USDX", "U5D", "ÄÖÜ"])
def test_a_currency_is_a_code_of_three_capitals(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


def test_money_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Money.zero("USD").minor = 1  # type: ignore[misc]


def test_events_and_money_have_one_largest_amount() -> None:
    assert payload.MAX_MINOR == MAX_MINOR
