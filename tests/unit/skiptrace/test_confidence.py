"""A confidence is the sum of its reasons, within bounds, and more or better sources never lower it."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.skiptrace.domain.confidence import HIGHEST, Sighting, confidence

DAY = date(2026, 3, 9)
sightings = st.builds(
    Sighting,
    source=st.sampled_from(["a", "b", "c", "location_inquiry"]),
    first_seen_on=st.none(),
    last_seen_on=st.none() | st.integers(0, 1500).map(lambda days: DAY - timedelta(days=days)),
    matched_on=st.frozensets(st.sampled_from(["family_name", "given_name", "date_of_birth", "last_address", "shoe"])),
)


@given(st.lists(sightings, max_size=6))
def test_it_is_the_sum_of_its_reasons_and_never_certain(seen: list[Sighting]) -> None:
    found = confidence(seen, DAY)
    assert found.score == min(sum(reason.points for reason in found.reasons), HIGHEST)
    assert 0 <= found.score <= HIGHEST < 100
    assert len({reason.code for reason in found.reasons}) == len(found.reasons)


@given(st.lists(sightings, min_size=1, max_size=5), sightings)
def test_another_sighting_never_lowers_it_and_the_order_does_not_matter(seen: list[Sighting], more: Sighting) -> None:
    assert confidence([*seen, more], DAY).score >= confidence(seen, DAY).score
    assert confidence([more, *seen], DAY) == confidence([*seen, more], DAY)


@given(st.lists(sightings, min_size=1, max_size=5), st.integers(0, 800))
def test_it_fades_with_time_and_never_grows_by_itself(seen: list[Sighting], days: int) -> None:
    assert confidence(seen, DAY + timedelta(days=days)).score <= confidence(seen, DAY).score


def test_what_it_says_names_the_facts() -> None:
    seen = [
        Sighting("a", None, DAY - timedelta(days=30), frozenset({"date_of_birth", "family_name"})),
        Sighting("b", None, None, frozenset()),
    ]
    found = confidence(seen, DAY)
    assert [(reason.code, reason.points) for reason in found.reasons] == [
        ("found", 20),
        ("matched_date_of_birth", 25),
        ("matched_family_name", 10),
        ("sources", 10),
        ("recency", 20),
    ]
    assert found.reasons[-1].fact == "last seen 30 days before"
