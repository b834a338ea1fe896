"""`python -m tests.conformance.report`: the conformance report, printed and written to docs/conformance.md.

Every worked example is decided anew by the rules as shipped. The command ends with 1 when one does not come out as its
comment says.
"""

import sys
from pathlib import Path

from services.compliance.store.shipped import shipped_packs, shipped_sources
from tests.conformance import call_frequency_examples, message_examples, time_and_place_examples
from tests.conformance.examples import EXAMPLES, Claim, Example

PATH = Path(__file__).parents[2] / "docs" / "conformance.md"
SOURCE = "12-cfr-1006.txt"
_MODULES = (time_and_place_examples, message_examples, call_frequency_examples)


def all_examples() -> list[Example]:
    """The worked examples in the order of the commentary; importing a module of examples registers its own."""
    places = {paragraph: index for index, paragraph in enumerate(shipped_sources()[SOURCE].paragraphs)}
    return sorted(EXAMPLES, key=lambda each: places.get(f"cmt {each.comment}", len(places)))


def text() -> str:
    """The report: what was asked, what the comment expects, what the rules say, and where that is written."""
    examples = all_examples()
    told = [(each, each.claims) for each in examples]
    claims = [claim for _, made in told for claim in made]
    held = sum(claim.holds for claim in claims)
    source = shipped_sources()[SOURCE]
    packs = "; ".join(f"`{pack.pack_id}` {pack.version} (SHA-256 {pack.sha256[:12]})" for pack in shipped_packs())
    head = [
        "# Conformance with the official interpretations of Regulation F",
        "",
        "Every worked example, and every comment that decides a contact, of Supplement I to 12 CFR part 1006 on",
        "1006.6(b), (c), (d) and 1006.14(b), told in our own words and decided by the rules as they are shipped. The",
        "role is a third-party collector's; policies are switched off, save where an example says so. The command",
        "`make conformance` makes this report anew; a test fails when it is not current. It is evidence for counsel,",
        "not legal advice.",
        "",
        f"- Text: {SOURCE}, {source.as_of}.",
        f"- Rules: {packs}.",
        f"- Comments: {len(examples)}. Claims: {len(claims)}, of which come out as the commentary says: {held}.",
        "",
        '"Forbidden" covers what is prohibited and what is presumed to violate; "not forbidden" means that neither',
        "this rule nor any other rule of law refuses the contact. A time is the earliest at which this rule lets go,",
        "in UTC.",
    ]
    return "\n".join([*head, *(line for each, made in told for line in _section(each, made)), ""])


def _section(example: Example, claims: list[Claim]) -> list[str]:
    lines = ["", f"## Comment {example.comment}", "", f"{example.told}.", ""]
    lines += ["| asked | expected | got | rule and version | citation |", "|---|---|---|---|---|"]
    return [*lines, *map(_row, claims)]


def _row(claim: Claim) -> str:
    result = claim.result
    rule = f"`{result.rule.rule_id}` {result.rule.version}" if result is not None else f"`{claim.rule_id}`"
    until = f", until {claim.not_before:%Y-%m-%d %H:%M}" if claim.not_before is not None else ""
    says = f", says `{claim.disclosure}`" if claim.disclosure is not None else ""
    got = claim.got
    if result is not None and claim.not_before is not None and result.finding.not_before is not None:
        got += f", until {result.finding.not_before:%Y-%m-%d %H:%M}"
    mark = "" if claim.holds else " **(differs)**"
    return f"| {claim.asked} | {claim.expected}{until}{says} | {got}{mark} | {rule} | {claim.citation} |"


def written() -> str:
    """The report as it is kept."""
    return PATH.read_text(encoding="utf-8") if PATH.exists() else ""


def main() -> int:
    """Print and write the report; 1 when a claim does not hold."""
    report = text()
    PATH.write_text(report, encoding="utf-8")
    sys.stdout.write(report)
    return 1 if "**(differs)**" in report else 0


if __name__ == "__main__":
    sys.exit(main())
