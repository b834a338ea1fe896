"""A pack that cannot be used says which rule and key is wrong; one that can gives exactly what it says."""

from datetime import date
from typing import Any

import pytest

from services.compliance.domain.facts import Role
from services.compliance.domain.rule_files import RuleError, parse_pack
from services.compliance.domain.rules import Source

HEAD = '[pack]\npack_id = "test.pack"\nversion = "2026-01-01.1"\ntitle = "A pack"\n'
HASH = "0" * 64
PLAIN: dict[str, str] = {
    "rule_id": '"test.calls"',
    "version": '"2026-01-01.1"',
    "title": '"Seven calls"',
    "kind": '"law"',
    "status": '"active"',
    "effective_from": "2026-01-01",
    "jurisdiction": '"US-MA"',
    "roles": (
        '{ third_party_collector = "law", debt_buyer = "law", attorney = "off", servicer = "off",'
        ' creditor = "policy", repossessor = "off" }'
    ),
    "rank": "11",
    "applies_when": '{ channel = ["phone"], days_past_due_gte = 31 }',
    "effect": '"prohibit"',
    "check": '"call_count"',
    "params": "{ max_calls = 3 }",
    "fail_mode": '"block"',
    "citation": '"M.G.L. 1"',
    "source": f'{{ file = "a.txt", paragraph = "1(a)", sha256 = "{HASH}" }}',
}


def pack(*rules: dict[str, str | None]) -> str:
    tables = [
        "[[rule]]\n" + "\n".join(f"{key} = {value}" for key, value in (PLAIN | rule).items() if value is not None)
        for rule in rules
    ]
    return HEAD + "\n".join(tables)


def test_a_rule_is_what_its_table_says() -> None:
    parsed = parse_pack(pack({}))
    [rule] = parsed.rules
    assert (parsed.pack_id, parsed.version, parsed.title) == ("test.pack", "2026-01-01.1", "A pack")
    assert (rule.rule_id, rule.kind, rule.status, rule.rank) == ("test.calls", "law", "active", 11)
    assert rule.force(Role.DEBT_BUYER) == "law"
    assert rule.force(Role.CREDITOR) == "policy"
    assert rule.force(Role.ATTORNEY) == "off"
    assert rule.scope.channel == {"phone"}
    assert rule.scope.days_past_due_gte == 31
    assert (rule.params.max_calls, rule.params.window_days) == (3, 7)
    assert rule.raw_params == {"max_calls": 3}
    assert rule.source == Source("a.txt", "1(a)", HASH)
    assert (rule.effective_to, rule.comments, rule.note) == (None, (), "")


def test_any_consumer_stands_for_all_whom_the_regulation_counts_as_the_consumer() -> None:
    """12 CFR 1006.6(a)."""
    [rule] = parse_pack(pack({"applies_when": '{ recipient = ["any_consumer", "third_party"] }'})).rules
    assert rule.scope.recipient == {
        "consumer", "spouse", "parent_of_minor", "guardian", "personal_representative", "successor_in_interest",
        "third_party",
    }  # fmt: skip


def test_the_hash_of_a_pack_is_of_every_byte() -> None:
    text = pack({})
    assert parse_pack(text).sha256 != parse_pack(text + "# a word more\n").sha256
    assert parse_pack(text).rules == parse_pack(text + "# a word more\n").rules


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rule_id": '"Calls"'}, "rule_id 'Calls'"),
        ({"rule_id": None}, "rule_id None"),
        ({"version": '"1"'}, "version '1' is not effective_from and a revision, such as 2026-01-01.1"),
        ({"version": '"2025-01-01.1"'}, "version '2025-01-01.1'"),
        ({"title": '" "'}, "title is a text"),
        ({"kind": '"rule"'}, "kind is 'rule', not one of law, regulation, guidance, policy"),
        ({"status": '"on"'}, "status is 'on'"),
        ({"effective_from": '"2026-01-01"'}, "effective_from and effective_to are dates"),
        ({"effective_from": "2026-01-01T00:00:00"}, "are dates"),
        ({"effective_to": "2026-01-01"}, "effective_to is exclusive, and after effective_from"),
        ({"jurisdiction": '"MA"'}, "jurisdiction 'MA'"),
        ({"roles": '{ creditor = "law" }'}, "roles says law, policy or off for each of"),
        ({"roles": PLAIN["roles"].replace('"policy"', '"maybe"')}, "roles.creditor is 'maybe'"),
        ({"roles": PLAIN["roles"].replace('"law"', '"off"').replace('"policy"', '"off"')}, "binds no role"),
        ({"kind": '"policy"'}, "a policy is law to nobody"),
        ({"rank": "0"}, "rank 0 is not 1 to 15"),
        ({"rank": "true"}, "rank True"),
        ({"applies_when": '{ chanel = ["phone"] }'}, "applies_when has no key 'chanel'"),
        ({"applies_when": '{ channel = "phone" }'}, "applies_when.channel is a list of words"),
        ({"applies_when": "{ channel = [] }"}, "applies_when.channel is a list of words"),
        ({"applies_when": '{ channel = ["fax"] }'}, "applies_when.channel is 'fax'"),
        ({"applies_when": '{ days_past_due_gte = "31" }'}, "applies_when.days_past_due_gte is a whole number"),
        ({"effect": '"warn"'}, "effect is 'warn'"),
        ({"check": '"calls"'}, "no check is called 'calls'"),
        ({"params": "{ max_call = 3 }"}, "call_count has no parameter 'max_call'"),
        ({"params": '{ max_calls = "3" }'}, "call_count.max_calls"),
        ({"check": '"contact_count"', "params": "{}"}, "contact_count needs the parameter 'max_contacts'"),
        ({"check": '"disclosure"', "params": '{ codes = ["hello"] }'}, "no disclosure is called 'hello'"),
        ({"fail_mode": '"open"'}, "fail_mode is 'open', not one of block, needs_review"),
        ({"citation": '""'}, "citation is a text"),
        ({"source": '{ file = "a.txt" }'}, "a source has file, paragraph and sha256"),
        ({"source": PLAIN["source"].replace(HASH, "0")}, "source.sha256 '0'"),
        ({"comments": '[{ file = "a.txt" }]'}, "a source has file, paragraph and sha256"),
        ({"colour": '"red"'}, "unknown key 'colour'"),
        ({"citation": None}, "lacks citation"),
    ],
)
def test_what_is_wrong_with_a_rule_is_named(change: dict[str, str | None], complaint: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_pack(pack(change))
    assert complaint in str(caught.value)
    if "rule_id" not in change:
        assert str(caught.value).startswith("test.calls: ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[pack", "not TOML"),
        ("", "[pack] has pack_id, version and title"),
        (HEAD.replace("2026-01-01.1", "1"), "[pack] version '1'"),
        (HEAD + "\n[rules]\n", "unknown table 'rules'"),
    ],
)
def test_what_is_wrong_with_a_pack_is_named(text: str, complaint: str) -> None:
    with pytest.raises(RuleError, match=r"TOML|pack|table") as caught:
        parse_pack(text)
    assert complaint in str(caught.value)


def later(**change: Any) -> dict[str, str | None]:
    return {"version": '"2026-06-01.1"', "effective_from": "2026-06-01", **change}


def test_versions_of_a_rule_follow_each_other() -> None:
    first, second = parse_pack(pack({"effective_to": "2026-06-01"}, later())).rules
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 5, 31), date(2026, 6, 1)]
    assert [first.is_in_force(day) for day in days] == [False, True, True, False]
    assert [second.is_in_force(day) for day in days] == [False, False, False, True]


@pytest.mark.parametrize(
    ("one", "other", "complaint"),
    [
        ({}, {}, "version 2026-01-01.1 stands twice"),
        ({}, later(), "are both in force on some day"),
        ({"effective_to": "2026-06-02"}, later(), "are both in force on some day"),
        (later(), {"effective_to": "2026-06-02"}, "are both in force on some day"),
    ],
)
def test_no_two_versions_are_in_force_together(
    one: dict[str, str | None], other: dict[str, str | None], complaint: str
) -> None:
    with pytest.raises(RuleError) as caught:
        parse_pack(pack(one, other))
    assert complaint in str(caught.value)


def test_a_draft_may_stand_beside_the_version_that_it_is_to_replace() -> None:
    assert len(parse_pack(pack({}, later(status='"draft"'))).rules) == 2
