"""The shipped rules for people: `python -m deploy.rules [--check] | show RULE | paragraph FILE NAME | index`.

Without a command it writes docs/contracts/rules.md, the table of all rules (`--check`: writes nothing, fails when the
table is out of date). `show` prints a rule and the paragraphs in which it stands; `paragraph` prints one paragraph and
its hash, for a new rule; `index` writes the hashes of all paragraphs anew.
"""

import argparse
import difflib
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from services.compliance.domain.facts import Role
from services.compliance.domain.rules import Rule, Scope
from services.compliance.domain.sources import SourceFile, index_lines
from services.compliance.store.shipped import INDEX, shipped_packs, shipped_sources

TABLE = Path(__file__).resolve().parents[1] / "docs" / "contracts" / "rules.md"
_HEAD = """\
# The shipped rules

Written by `make contracts` from `services/compliance/rules`; how to read it: [docs/rules.md](../rules.md).
In the columns of the roles `L` is law, `p` policy (a creditor may switch it off), `-` not bound:
C creditor, S servicer, T third-party collector, B debt buyer, A attorney, R repossessor.
`read`: `primary`, in the text of the law; `secondary`, on another page, so that counsel has to read the source before
an institution relies on it; `unverified`, by nobody yet (a draft); `policy`, an institution's own.
"""
_COLUMNS = {
    Role.CREDITOR: "C",
    Role.SERVICER: "S",
    Role.THIRD_PARTY_COLLECTOR: "T",
    Role.DEBT_BUYER: "B",
    Role.ATTORNEY: "A",
    Role.REPOSSESSOR: "R",
}
_FORCES = {"law": "L", "policy": "p", "off": "-"}


def table() -> str:
    """The document of all packs, as it is committed."""
    parts, files = [_HEAD], shipped_sources()
    for pack in shipped_packs():
        parts.append(f"\n## {pack.title}\n\n`{pack.pack_id}` {pack.version}\n\n")
        parts.append(
            f"| rule | in force | where | {' | '.join(_COLUMNS.values())} | what | check | citation | read |\n"
        )
        parts.append("|---" * (7 + len(_COLUMNS)) + "|\n")
        parts += [_row(rule, files[rule.source.file]) for rule in pack.rules]
    return "".join(parts)


def _row(rule: Rule, file: SourceFile) -> str:
    days = f"{rule.effective_from}" + (f" to {rule.effective_to}" if rule.effective_to else "")
    state = days if rule.status == "active" else f"{rule.status} ({days})"
    forces = " | ".join(_FORCES[rule.force(role)] for role in _COLUMNS)
    params = ", ".join(f"{key} {_words(value)}" for key, value in rule.raw_params.items())
    check = f"{rule.check} ({params})" if params else rule.check
    return (
        f"| `{rule.rule_id}` | {state} | {rule.jurisdiction} | {forces} | {rule.title} | {check} | {rule.citation} "
        f"| {file.confidence_in(rule.source.paragraph)} |\n"
    )


def _words(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def shown(rule_id: str) -> str:
    """A rule in all its versions, with its paragraphs. Raises KeyError when there is none of this id."""
    versions = [rule for pack in shipped_packs() for rule in pack.rules if rule.rule_id == rule_id]
    if not versions:
        raise KeyError(rule_id)
    files = shipped_sources()
    return "\n".join(_shown(rule, files) for rule in versions)


def _shown(rule: Rule, files: Mapping[str, SourceFile]) -> str:
    roles = ", ".join(f"{role} {force}" for role, force in rule.roles.items())
    lines = [
        f"{rule.rule_id} {rule.version} ({rule.kind}, {rule.status})",
        rule.title,
        f"Cites: {rule.citation}",
        f"In force: from {rule.effective_from} to {rule.effective_to or 'further notice'}, in {rule.jurisdiction}",
        f"Binds: {roles}",
        f"Looks at: {_scope(rule.scope)}",
        f"Checks: {rule.check} {dict(rule.raw_params)}; failed: {rule.effect}; fact unknown: {rule.fail_mode}",
    ]
    if rule.note:
        lines.append(f"Note: {rule.note}")
    file = files[rule.source.file]
    read = file.confidence_in(rule.source.paragraph)
    lines += ["", f"{file.title}, as of {file.as_of} ({file.kind}, {read}; {file.origin})"]
    paragraphs = [*file.lead_in(rule.source.paragraph)]
    paragraphs += [files[comment.file].paragraphs[comment.paragraph] for comment in rule.comments]
    for paragraph in paragraphs:
        lines += ["", f"[{paragraph.name}]", paragraph.text]
    return "\n".join(lines) + "\n"


def _scope(scope: Scope) -> str:
    said = {each.name: getattr(scope, each.name) for each in fields(scope)}
    parts = [
        f"{key} {_words(sorted(value)) if isinstance(value, frozenset) else value}"
        for key, value in said.items()
        if value
    ]
    return "; ".join(parts) or "every contact"


def _write_table(*, is_check: bool) -> int:
    content = table()
    committed = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    if committed == content:
        return 0
    if not is_check:
        TABLE.write_text(content, encoding="utf-8")
        return 0
    lines = difflib.unified_diff(
        committed.splitlines(), content.splitlines(), str(TABLE), "the rules", lineterm="", n=0
    )
    sys.stderr.write("\n".join(list(lines)[:40]) + "\nrules.md: run `make contracts`\n")
    return 1


def main() -> int:
    """Do what the command line says. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the table is out of date")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("show", help="print a rule and its paragraphs").add_argument("rule")
    one = commands.add_parser("paragraph", help="print a paragraph and its hash")
    one.add_argument("file")
    one.add_argument("name")
    commands.add_parser("index", help="write the hashes of all paragraphs anew")
    asked = parser.parse_args()
    try:
        if asked.command == "show":
            sys.stdout.write(shown(asked.rule))
        elif asked.command == "paragraph":
            paragraph = shipped_sources()[asked.file].paragraphs[asked.name]
            sys.stdout.write(f"{paragraph.text}\n\nsha256 {paragraph.sha256}\n")
        elif asked.command == "index":
            INDEX.write_text(index_lines(shipped_sources()), encoding="utf-8")
        else:
            return _write_table(is_check=asked.check)
    except KeyError as error:
        sys.stderr.write(f"there is no {error.args[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
