"""Invariant 11: a rule has an id, a citation, dates, roles, a source whose text is as it was, a check and a test."""

import ast
import re
from pathlib import Path

import pytest

from services.compliance.domain.checks import CHECKS
from services.compliance.domain.disclosures import DISCLOSURES
from services.compliance.domain.facts import Role
from services.compliance.domain.rules import Rule
from services.compliance.domain.sources import digest, index_lines
from services.compliance.store.shipped import INDEX, SOURCES, shipped_packs, shipped_rules, shipped_sources

ROOT = Path(__file__).resolve().parents[2]
RULES = shipped_rules().rules
ACTIVE = [rule for rule in RULES if rule.status == "active"]
FILES = shipped_sources()
PRIMARY = {"12-cfr-1006.txt", "12-cfr-1024.txt", "us-code.txt"}
"""The texts that were read themselves."""
RULE_ID = re.compile(r"\b[a-z0-9]+(?:\.[a-z0-9_]+)+\b")


def _named_by_tests() -> set[str]:
    """Every dotted word in a string or docstring of a test of the rules, save those of this file."""
    named = set()
    for folder in ("unit/compliance", "conformance"):
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    named |= set(RULE_ID.findall(node.value))
    return named


def _name(rule: Rule) -> str:
    return f"{rule.rule_id}@{rule.version}"


def test_there_are_rules() -> None:
    assert len(ACTIVE) > 80
    assert {rule.status for rule in RULES} == {"active", "draft"}


def test_every_id_and_version_stands_once() -> None:
    assert len({_name(rule) for rule in RULES}) == len(RULES)
    assert len({pack.pack_id for pack in shipped_packs()}) == len(shipped_packs())


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_every_rule_is_complete(rule: Rule) -> None:
    assert rule.citation
    assert rule.title[0].isupper()
    assert rule.effective_to is None or rule.effective_to > rule.effective_from
    assert set(rule.roles) == set(Role)
    assert rule.check in CHECKS
    assert set(rule.raw_params.get("codes", [])) <= set(DISCLOSURES)


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_every_rule_points_to_a_paragraph_whose_text_is_as_it_was_read(rule: Rule) -> None:
    for source in (rule.source, *rule.comments):
        paragraph = FILES[source.file].paragraphs[source.paragraph]
        assert paragraph.sha256 == source.sha256, f"{source.paragraph} has changed: read the rule against it"


@pytest.mark.parametrize("rule", ACTIVE, ids=_name)
def test_what_nobody_verified_is_no_active_rule(rule: Rule) -> None:
    for source in (rule.source, *rule.comments):
        assert FILES[source.file].confidence_in(source.paragraph) != "unverified"


@pytest.mark.parametrize("rule", RULES, ids=_name)
def test_the_rules_of_states_and_cities_say_that_they_were_read_on_secondary_pages(rule: Rule) -> None:
    confidence = FILES[rule.source.file].confidence_in(rule.source.paragraph)
    assert confidence != "policy" or rule.kind == "policy"
    if rule.jurisdiction != "US":
        assert confidence in {"secondary", "unverified"}
    if confidence == "primary":
        assert FILES[rule.source.file].name in PRIMARY


def test_a_test_names_every_active_rule() -> None:
    assert {rule.rule_id for rule in ACTIVE} - _named_by_tests() == set()


def test_the_index_of_the_sources_is_current() -> None:
    assert INDEX.read_text(encoding="utf-8") == index_lines(FILES)
    for line in INDEX.read_text(encoding="utf-8").splitlines():
        sha256, file, paragraph = line.split("  ", 2)
        assert digest(FILES[file].paragraphs[paragraph].text) == sha256


def test_a_note_is_there_for_a_rule() -> None:
    """Notes and policies are our own words: one that no rule cites says nothing."""
    cited = {(source.file, source.paragraph) for rule in RULES for source in (rule.source, *rule.comments)}
    written = {(file.name, name) for file in FILES.values() if file.kind != "text" for name in file.paragraphs}
    assert written <= cited


def test_the_folders_hold_nothing_else() -> None:
    assert {path.suffix for path in SOURCES.iterdir()} == {".txt", ".sha256"}
    assert {path.suffix for path in (SOURCES.parent / "rules").iterdir()} == {".toml"}
