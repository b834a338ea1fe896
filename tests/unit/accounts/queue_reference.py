"""Strategies for random definitions and accounts, for the tests that hold the service's SQL against another reading.

That reading is the checker's: `deploy.local.books.queues`.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from services.accounts.domain.predicates import FIELDS, OPERATORS, Kind
from shared.events.payload import MAX_MINOR

BUSINESS_DATE = date(2026, 3, 15)

_HOSTILE = [
    "'; DROP TABLE account; --",
    '"',
    "\\",
    "$1",
    "{a}",
    "%s",
    "cease",
    "NULL",
    "{}",
    "ARRAY[1]",
    "x' OR 'a'='a",
]
texts = st.sampled_from(_HOSTILE) | st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20
)
small_days = st.integers(-70, 70)
near_dates = small_days.map(lambda days: BUSINESS_DATE + timedelta(days=days))
amounts = st.integers(-3, 3) | st.integers(-MAX_MINOR, MAX_MINOR)


def _scalars(name: str) -> st.SearchStrategy[Any]:
    field = FIELDS[name]
    match field.kind:
        case Kind.INTEGER:
            return amounts if name.endswith("_minor") else small_days
        case Kind.DATE:
            return near_dates.map(date.isoformat)
        case Kind.CHOICE:
            return st.sampled_from(sorted(field.choices))
    return texts


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(FIELDS)))
    op = draw(st.sampled_from(sorted(OPERATORS[FIELDS[name].kind])))
    if op in {"is_null", "not_null"}:
        return {"field": name, "op": op}
    values = _scalars(name)
    return {"field": name, "op": op, "value": draw(st.lists(values, min_size=1, max_size=4) if op == "in" else values)}


predicates: st.SearchStrategy[dict[str, Any]] = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)

optional_dates = st.none() | near_dates
account_facts: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "balance_minor": amounts,
        "past_due_minor": st.integers(0, 3) | st.integers(0, MAX_MINOR),
        "credit_limit_minor": st.none() | st.integers(0, 3) | st.integers(0, MAX_MINOR),
        "oldest_unpaid_due_on": optional_dates,
        "bucket": st.sampled_from(sorted(FIELDS["bucket"].choices)),
        "stage": st.sampled_from(sorted(FIELDS["stage"].choices)),
        "product_class": st.sampled_from(sorted(FIELDS["product_class"].choices)),
        "status": st.sampled_from(sorted(FIELDS["status"].choices)),
        "open_promise_due_on": optional_dates,
        "broken_promise_on": optional_dates,
        "broken_promise_count": st.integers(0, 3),
        "arrangement_status": st.none() | st.sampled_from(sorted(FIELDS["arrangement_status"].choices)),
        "follow_up_due_on": optional_dates,
        "restrictions": st.lists(texts, max_size=2, unique=True),
        "escalated_at": st.none() | st.just(datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
    }
)
