"""The committed texts: their form, their hashes, and how a paragraph is read together with what leads in to it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compliance.domain.sources import digest, index_lines, parse_source
from services.compliance.queries.rule_packs import source_of
from services.compliance.store.rule_sets import rule_data
from services.compliance.store.shipped import shipped_rules, shipped_sources

HEAD = "# title: A text\n# kind: text\n# confidence: primary\n# as of: 2026-03-09\n# origin: somewhere\n"


def test_a_paragraph_is_read_with_what_leads_in_to_it() -> None:
    regulation = shipped_sources()["12-cfr-1006.txt"]
    assert [each.name for each in regulation.lead_in("1006.14(b)(2)(i)(A)")] == [
        "1006.14", "1006.14(b)", "1006.14(b)(2)", "1006.14(b)(2)(i)", "1006.14(b)(2)(i)(A)",
    ]  # fmt: skip
    assert [each.name for each in regulation.lead_in("cmt 14(b)(2)(ii)-2.iv.A")] == [
        "cmt 14(b)(2)(ii)-2", "cmt 14(b)(2)(ii)-2.iv", "cmt 14(b)(2)(ii)-2.iv.A",
    ]  # fmt: skip
    with pytest.raises(KeyError):
        regulation.lead_in("1006.14(z)")


def test_the_texts_are_the_regulation() -> None:
    paragraphs = shipped_sources()["12-cfr-1006.txt"].paragraphs
    assert paragraphs["1006.14(b)(2)(i)(A)"].text == "(A) More than seven times within seven consecutive days; nor"
    assert "before 8:00 a.m. and after 9:00 p.m. local time" in paragraphs["1006.6(b)(1)(i)"].text
    assert "prior to Thursday, August 20" in paragraphs["cmt 14(b)(2)(i)-1.ii"].text


def test_notes_say_that_they_are_notes() -> None:
    kinds = {name: file.kind for name, file in shipped_sources().items()}
    assert kinds == {
        "12-cfr-1006.txt": "text",
        "12-cfr-1024.txt": "text",
        "federal-secondary.txt": "note",
        "policies.txt": "policy",
        "states.txt": "note",
        "us-code.txt": "note",
    }


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"], blacklist_characters="[]#")))
def test_the_hash_is_of_the_text_without_white_space_around_it(text: str) -> None:
    content = text.strip()
    if content:
        parsed = parse_source("a.txt", f"{HEAD}\n[1(a)]\n{text}\n\n[1(b)]\nmore\n")
        assert parsed.paragraphs["1(a)"].sha256 == hashlib.sha256(content.encode()).hexdigest() == digest(text)
        assert index_lines({"a.txt": parsed}).splitlines()[0] == f"{digest(text)}  a.txt  1(a)"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD + "[1]\na\n[1]\nb\n", "a.txt:8: paragraph 1 stands twice"),
        (HEAD + "stray\n[1]\na\n", "a.txt:6: text before the first paragraph"),
        (HEAD + "[1]\n\n[2]\nb\n", "a.txt: paragraph 1 is empty"),
        (HEAD.replace("# kind: text\n", "") + "[1]\na\n", "a.txt: lacks kind"),
        (HEAD.replace("kind: text", "kind: law") + "[1]\na\n", "a.txt: kind is 'law', not one of text, note, policy"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"a\.txt") as caught:
        parse_source("a.txt", text)
    assert str(caught.value) == complaint


def test_a_rule_says_how_far_it_may_be_relied_on() -> None:
    sources = {rule.rule_id: rule_data(rule)["source"] for rule in shipped_rules().rules}
    said = {name: source_of(source, shipped_sources()).confidence for name, source in sources.items()}
    wanted = ("regf.call_freq.7in7", "wa.contacts_7d", "nyc.language", "policy.open_attempt")
    assert [said[each] for each in wanted] == ["primary", "secondary", "secondary", "policy"]
    changed = sources["wa.contacts_7d"] | {"sha256": "0" * 64}
    assert source_of(changed, shipped_sources()).confidence is None
