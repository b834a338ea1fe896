"""Which rules are in force: for a role, in places, on a day; against a search that does it word by word."""

from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compliance.domain.facts import Role
from services.compliance.domain.rules import Force, Rule, RuleBook, Status
from services.compliance.store.shipped import shipped_rules

[MODEL] = [rule for rule in shipped_rules().rules if rule.rule_id == "regf.call_freq.7in7"]
FIRST = date(2026, 1, 1)
PLACES = ["US", "US-MA", "US-NY", "US-NY-NYC"]
DAYS = st.integers(0, 20).map(lambda days: FIRST + timedelta(days=days))
FORCES: st.SearchStrategy[Force] = st.sampled_from(get_args(Force))


@st.composite
def rules(draw: st.DrawFn) -> list[Rule]:
    made = []
    for number in range(draw(st.integers(0, 8))):
        begins = draw(DAYS)
        lasts = draw(st.none() | st.integers(1, 10))
        ends = None if lasts is None else begins + timedelta(days=lasts)
        status: Status = draw(st.sampled_from(["active", "draft", "retired"]))
        roles: dict[Role, Force] = {role: draw(FORCES) for role in Role}
        made.append(
            replace(
                MODEL,
                rule_id=f"test.rule{number}",
                status=status,
                effective_from=begins,
                effective_to=ends,
                jurisdiction=draw(st.sampled_from(PLACES)),
                roles=roles,
                rank=draw(st.integers(1, 15)),
            )
        )
    return made


@given(rules(), st.sampled_from(Role), st.frozensets(st.sampled_from(PLACES)), DAYS, st.booleans())
def test_a_selection_is_what_the_words_say(
    made: list[Rule], role: Role, places: frozenset[str], on: date, with_drafts: bool
) -> None:
    expected = set()
    for rule in made:
        in_time = on >= rule.effective_from and not (rule.effective_to is not None and on >= rule.effective_to)
        in_place = rule.jurisdiction in places | {"US"}
        in_use = rule.status == "active" or (with_drafts and rule.status == "draft")
        if in_time and in_place and in_use and rule.roles[role] in {"law", "policy"}:
            expected.add(rule.rule_id)
    book = RuleBook(tuple(made))
    for _ in range(2):  # the second answer is remembered
        found = book.select(role, places, on, with_drafts=with_drafts)
        assert {rule.rule_id for rule in found} == expected
        assert [rule.rank for rule in found] == sorted(rule.rank for rule in found)


def test_two_packs_cannot_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="both in force on some day"):
        RuleBook((MODEL, replace(MODEL, version="2022-01-01.1", effective_from=date(2022, 1, 1))))


def test_the_role_decides_whether_a_rule_is_law() -> None:
    assert MODEL.force(Role.THIRD_PARTY_COLLECTOR) == "law"
    assert MODEL.force(Role.CREDITOR) == "policy"
    assert MODEL.force(Role.REPOSSESSOR) == "off"
