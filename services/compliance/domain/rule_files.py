"""Reading a pack of rules from TOML: `parse_pack(text)` gives the rules, or says which rule and key is wrong.

Every key is known and every word is one of a closed set, so that a slip of the pen cannot become a rule that never
looks. Raises RuleError (a ValueError); nothing is read from disk here.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, get_args

from services.compliance.domain.checks import SCOPE_KEYS, read_params
from services.compliance.domain.disclosures import DISCLOSURES
from services.compliance.domain.facts import Channel, Direction, Purpose, Recipient, Role, Trait
from services.compliance.domain.rules import (
    Effect,
    FailMode,
    Force,
    Kind,
    Rule,
    RulePack,
    Scope,
    Source,
    Status,
    check_versions,
)

_RULE_ID = re.compile(r"^[a-z0-9]+(\.[a-z0-9_]+)+$")
_VERSION = re.compile(r"^(\d{4}-\d{2}-\d{2})\.[1-9]\d*$")
_PACK_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}\.[1-9]\d*$")
_JURISDICTION = re.compile(r"^US(-[A-Z]{2}(-[A-Z]{3})?)?$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_REQUIRED = {
    "rule_id", "version", "title", "kind", "status", "effective_from", "jurisdiction", "roles", "rank", "effect",
    "check", "citation", "source", "fail_mode",
}  # fmt: skip
_OPTIONAL = {"effective_to", "applies_when", "params", "comments", "note"}
_LAST_RANK = 15
_ANY_CONSUMER = "any_consumer"
_CONSUMERS = frozenset(
    {
        Recipient.CONSUMER,
        Recipient.SPOUSE,
        Recipient.PARENT_OF_MINOR,
        Recipient.GUARDIAN,
        Recipient.PERSONAL_REPRESENTATIVE,
        Recipient.SUCCESSOR_IN_INTEREST,
    }
)
"""Those whom 12 CFR 1006.6(a) and its comments count as the consumer: `any_consumer` in a rule."""

SCOPE_WORDS: Mapping[str, frozenset[str]] = {
    "channel": frozenset(Channel),
    "purpose": frozenset(Purpose),
    "direction": frozenset(Direction),
    "recipient": frozenset(Recipient) | {_ANY_CONSUMER},
    "trait": frozenset(Trait),
    "trait_not": frozenset(Trait),
    "party_kind": frozenset({"natural_person", "business", "estate"}),
    "debt_purpose": frozenset({"consumer", "commercial"}),
    "product_class": frozenset({"closed_end_loan", "credit_card", "share_negative", "mortgage", "commercial"}),
    "product_class_not": frozenset({"closed_end_loan", "credit_card", "share_negative", "mortgage", "commercial"}),
    "secured_by_not": frozenset({"real_estate", "motor_vehicle"}),
}
"""The words that each key of `applies_when` may hold."""


class RuleError(ValueError):
    """A pack cannot be used; the message names the rule and the key."""


def parse_pack(text: str) -> RulePack:
    """Parse one pack: `[pack]` with pack_id, version and title, then `[[rule]]` tables. Raises RuleError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"not TOML: {error}") from error
    if unknown := sorted(data.keys() - {"pack", "rule"}):
        raise RuleError(f"unknown table {unknown[0]!r}")
    pack = data.get("pack")
    if not isinstance(pack, dict) or pack.keys() != {"pack_id", "version", "title"}:
        raise RuleError("[pack] has pack_id, version and title")
    if not _PACK_VERSION.match(str(pack["version"])):
        raise RuleError(f"[pack] version {pack['version']!r} is not a date and a revision")
    rules = tuple(_rule(raw) for raw in data.get("rule", []))
    try:
        check_versions(rules)
    except ValueError as error:
        raise RuleError(str(error)) from error
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return RulePack(str(pack["pack_id"]), str(pack["version"]), str(pack["title"]), sha256, rules)


def _rule(raw: Mapping[str, Any]) -> Rule:
    rule_id = raw.get("rule_id")
    if not isinstance(rule_id, str) or not _RULE_ID.match(rule_id):
        raise RuleError(f"rule_id {rule_id!r} is not lower-case words joined by dots")
    try:
        return _checked_rule(rule_id, raw)
    except ValueError as error:
        raise RuleError(f"{rule_id}: {error}") from error


def _checked_rule(rule_id: str, raw: Mapping[str, Any]) -> Rule:
    if missing := sorted(_REQUIRED - raw.keys()):
        raise ValueError(f"lacks {missing[0]}")
    if unknown := sorted(raw.keys() - _REQUIRED - _OPTIONAL):
        raise ValueError(f"unknown key {unknown[0]!r}")
    begins, ends = _dates(raw)
    kind: Kind = _word("kind", raw["kind"], get_args(Kind))
    raw_params = raw.get("params", {})
    if strange := sorted(set(raw_params.get("codes", [])) - DISCLOSURES.keys()):
        raise ValueError(f"no disclosure is called {strange[0]!r}")
    return Rule(
        rule_id=rule_id,
        version=_version(raw["version"], begins),
        title=_text("title", raw["title"]),
        kind=kind,
        status=_word("status", raw["status"], get_args(Status)),
        effective_from=begins,
        effective_to=ends,
        jurisdiction=_matching("jurisdiction", raw["jurisdiction"], _JURISDICTION),
        roles=_roles(raw["roles"], kind),
        scope=_scope(raw.get("applies_when", {})),
        rank=_rank(raw["rank"]),
        effect=_word("effect", raw["effect"], get_args(Effect)),
        check=_text("check", raw["check"]),
        params=read_params(raw["check"], raw_params),
        raw_params=MappingProxyType(dict(raw_params)),
        citation=_text("citation", raw["citation"]),
        source=_source(raw["source"]),
        fail_mode=_word("fail_mode", raw["fail_mode"], get_args(FailMode)),
        comments=tuple(_source(each) for each in raw.get("comments", [])),
        note=_text("note", raw["note"]) if "note" in raw else "",
    )


def _dates(raw: Mapping[str, Any]) -> tuple[date, date | None]:
    begins, ends = raw["effective_from"], raw.get("effective_to")
    # A TOML date-time is a date to Python as well; a rule begins on a day.
    if type(begins) is not date or (ends is not None and type(ends) is not date):
        raise ValueError("effective_from and effective_to are dates")
    if ends is not None and ends <= begins:
        raise ValueError("effective_to is exclusive, and after effective_from")
    return begins, ends


def _version(value: Any, begins: date) -> str:
    match = _VERSION.match(value) if isinstance(value, str) else None
    if match is None or match[1] != begins.isoformat():
        raise ValueError(f"version {value!r} is not effective_from and a revision, such as {begins}.1")
    return match[0]


def _roles(raw: Any, kind: Kind) -> Mapping[Role, Force]:
    if not isinstance(raw, dict) or raw.keys() != set(Role):
        raise ValueError(f"roles says law, policy or off for each of {', '.join(Role)}")
    roles: dict[Role, Force] = {
        Role(name): _word(f"roles.{name}", force, get_args(Force)) for name, force in raw.items()
    }
    if kind == "policy" and "law" in roles.values():
        raise ValueError("a policy is law to nobody")
    if set(roles.values()) == {"off"}:
        raise ValueError("binds no role")
    return MappingProxyType(roles)


def _scope(raw: Any) -> Scope:
    if not isinstance(raw, dict):
        raise ValueError("applies_when is a table")  # noqa: TRY004 - every fault of a pack is one kind of error
    if unknown := sorted(raw.keys() - SCOPE_KEYS):
        raise ValueError(f"applies_when has no key {unknown[0]!r}")
    sets: dict[str, frozenset[str]] = {}
    for key, value in raw.items():
        if key == "days_past_due_gte":
            continue
        if not isinstance(value, list) or not value:
            raise ValueError(f"applies_when.{key} is a list of words")
        sets[key] = frozenset(_word(f"applies_when.{key}", each, tuple(sorted(SCOPE_WORDS[key]))) for each in value)
    if _ANY_CONSUMER in sets.get("recipient", ()):
        sets["recipient"] = (sets["recipient"] - {_ANY_CONSUMER}) | _CONSUMERS
    days = raw.get("days_past_due_gte")
    if days is not None and type(days) is not int:
        raise ValueError("applies_when.days_past_due_gte is a whole number")
    return Scope(**sets, days_past_due_gte=days)


def _source(raw: Any) -> Source:
    if not isinstance(raw, dict) or raw.keys() != {"file", "paragraph", "sha256"}:
        raise ValueError("a source has file, paragraph and sha256")
    return Source(
        _text("source.file", raw["file"]),
        _text("source.paragraph", raw["paragraph"]),
        _matching("source.sha256", raw["sha256"], _SHA256),
    )


def _rank(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= _LAST_RANK:
        raise ValueError(f"rank {value!r} is not 1 to {_LAST_RANK}")
    return value


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is a text")
    return value.strip()


def _matching(key: str, value: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise ValueError(f"{key} {value!r} does not look like {pattern.pattern}")
    return value


def _word(key: str, value: Any, words: tuple[str, ...]) -> Any:
    if value not in words:
        raise ValueError(f"{key} is {value!r}, not one of {', '.join(words)}")
    return value
