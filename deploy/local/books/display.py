"""Shows a verdict to a person: a short table, and the first differences with the facts behind them."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.local.books.difference import Check

BOOKS = ("The books balance", "THE BOOKS DO NOT BALANCE")
SHOWN = 50
_FACTS = 12


def show(console: Console, checks: Sequence[Check], seconds: float, verdicts: tuple[str, str] = BOOKS) -> None:
    """Prints what was checked and what is wrong, and one of the two `verdicts`: all is well, or not."""
    table = Table("check", "invariant", "looked at", "differ", box=None)
    for column in table.columns[2:]:
        column.justify = "right"
    for check in checks:
        differ = len(check.differences)
        table.add_row(check.name, check.invariants, f"{check.examined:,}", Text(str(differ), "red" if differ else ""))
    console.print(table)
    left = SHOWN
    for check in checks:
        for one in check.differences[: max(left, 0)]:
            say = Text(f"{one.subject}: {one.field}: expected {one.expected}, found {one.found}", "red")
            console.print(say, soft_wrap=True)
            for line in one.facts[:_FACTS]:
                console.print(Text(f"    {line}"), soft_wrap=True)
        left -= len(check.differences)
    total = SHOWN - left
    if left < 0:
        console.print(f"... and {-left:,} more: see --json.")
    verdict = f"{verdicts[0]}." if not total else f"{verdicts[1]}: {total:,} differences."
    console.print(f"{verdict} {seconds:.1f} s.", highlight=False)
