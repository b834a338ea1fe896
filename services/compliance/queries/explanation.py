"""A decision as a page that a person can read: what was asked, the answer in a sentence, and each rule that decided.

Plain HTML without a script or an outside address. Every value is escaped; the paragraphs of the law are quoted where
the shipped text is the one that the rule cites.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from services.compliance.domain.disclosures import DISCLOSURES
from services.compliance.domain.sources import SourceFile
from services.compliance.queries.rule_packs import source_of
from services.compliance.schemas.decisions import DecisionView, RuleOut

Rules = Mapping[tuple[str, str], Mapping[str, Any]]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; }
h1 { font-size: 1.5rem; border-left: .5rem solid var(--tone); padding-left: .75rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #e3e6ea; }
th { font-weight: 600; width: 11rem; }
section.rule { border: 1px solid #d5dae1; border-radius: .4rem; padding: .2rem 1rem .8rem; margin: .8rem 0; }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid #c5ccd6; white-space: pre-line; }
code, .small { font-size: .85rem; color: #5a6472; overflow-wrap: anywhere; }
"""
_TONES = {"allow": "#1d7f46", "allow_with": "#1d7f46", "needs_review": "#b07100"}
_STOPPED = "#b3261e"
_PASSED = frozenset({"pass", "not_applicable"})
_READ = {
    "secondary": "on a secondary page: counsel has to read the source before anybody relies on it",
    "unverified": "not verified by anybody",
}
_RESULTS = {
    "pass": "does not stand against it",
    "fail": "stands against it",
    "unknown": "cannot be answered: a fact is missing",
    "not_applicable": "has nothing to say here",
}


def explanation(view: DecisionView, rules: Rules, sources: Mapping[str, SourceFile]) -> str:
    """The page. Instants are shown in every zone in which the person may be, and in UTC."""
    against = [rule for rule in view.rules if rule.result not in _PASSED]
    passed = [rule for rule in view.rules if rule.result == "pass"]
    silent = [rule for rule in view.rules if rule.result == "not_applicable"]
    tone = _TONES.get(view.outcome, _STOPPED)
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(_headline(view))}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style></head><body>",
        f'<h1 style="--tone: {tone}">{escape(_headline(view))}</h1>',
        _asked(view),
        _heard(against, rules, sources) if against else "<p>No rule stands against it.</p>",
        _conditions(view),
        _list("Rules that were looked at and do not stand against it", passed, rules),
        _list("Rules that have nothing to say about this contact", silent, rules),
        _pins(view),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part)


def _headline(view: DecisionView) -> str:
    match view.outcome:
        case "allow":
            return "This contact may be made"
        case "allow_with":
            return "This contact may be made, with what the law asks it to say"
        case "needs_review":
            return "This contact may not be made until a person has looked at it"
        case "block_until" if view.not_before is not None:
            return f"This contact may not be made before {_moment(view.not_before, view.zones)}"
        case _:
            return "This contact may not be made"


def _asked(view: DecisionView) -> str:
    rows = [
        ("Contact", f"{view.direction}, by {_words(view.channel)}, purpose {_words(view.purpose)}"),
        ("Decided for", _moment(view.at, view.zones)),
        ("Person", str(view.party_id)),
        ("Accounts", ", ".join(map(str, view.account_ids))),
        ("Contact point", str(view.contact_point_id or "not named")),
        ("May be in", ", ".join((*view.jurisdictions, *view.zones)) or "not known"),
        ("Asked by", f"{view.made_by}, {_moment(view.made_at, ())}"),
    ]
    if view.missing:
        rows.append(("Not known", ", ".join(map(_words, view.missing))))
    if view.is_dry_run:
        rows.append(("Dry run", "asked for another moment than now: nothing was reserved"))
    if view.permit is not None:
        state = _words(view.permit_state or "reserved")
        rows.append(("Permit", f"{view.permit.id}, {state}; to be placed by {_moment(view.permit.expires_at, ())}"))
    return _table(rows)


def _heard(against: Iterable[RuleOut], rules: Rules, sources: Mapping[str, SourceFile]) -> str:
    return "<h2>What stands against it</h2>" + "\n".join(_rule(rule, rules, sources) for rule in against)


def _rule(rule: RuleOut, rules: Rules, sources: Mapping[str, SourceFile]) -> str:
    known = rules.get((rule.id, rule.version), {})
    rows = [("Result", _RESULTS[rule.result]), ("Founded on", rule.citation)]
    if rule.not_before is not None:
        rows.append(("Until", _moment(rule.not_before, ())))
    rows += [(_words(name).capitalize(), _fact(value)) for name, value in sorted(rule.facts.items())]
    source = source_of(known["source"], sources) if known.get("source") else None
    if source is not None and source.confidence in _READ:
        rows.append(("Read", _READ[source.confidence]))
    quoted = source.text if source is not None else None
    return (
        f'<section class="rule"><h3>{escape(str(known.get("title", rule.id)))}</h3>'
        + _table(rows)
        + (f"<blockquote>{escape(quoted)}</blockquote>" if quoted else "")
        + f'<p class="small">{escape(rule.id)}, version {escape(rule.version)}</p></section>'
    )


def _conditions(view: DecisionView) -> str:
    if not view.disclosures and view.language is None:
        return ""
    items = [DISCLOSURES.get(code, code) for code in view.disclosures]
    if view.language is not None:
        items.append(f"Make it in this language: {view.language}.")
    return "<h2>What it has to carry</h2><ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _list(title: str, found: list[RuleOut], rules: Rules) -> str:
    if not found:
        return ""
    rows = [
        (str(rules.get((rule.id, rule.version), {}).get("title", rule.id)), f"{rule.citation} ({rule.id})")
        for rule in found
    ]
    return f"<details><summary>{escape(title)}: {len(found)}</summary>{_table(rows)}</details>"


def _pins(view: DecisionView) -> str:
    return (
        f'<p class="small">Decision {view.decision_id}. Rules in force: SHA-256 {view.rules_sha256}. '
        f"Facts: SHA-256 {view.facts_sha256}.</p>"
    )


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(str(name))}: {_fact(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_fact, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not known" if value is None else str(value)


def _moment(moment: datetime, zones: Iterable[str]) -> str:
    """An instant as people say it, in each zone, and in UTC."""
    local = [f"{moment.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M %Z}" for zone in zones]
    return " / ".join(dict.fromkeys([*local, f"{moment:%a %d %b %Y %H:%M} UTC"]))
