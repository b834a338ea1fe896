"""Writes Nacha return files for tests, with right totals, from what their entries are to say.

The layout is written out here a second time, from the record formats of the Nacha Operating Rules, so that a reader
that is wrong about a column is found out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

RDFI = "09140060"
COMPANY = "123456789 "


@dataclass(frozen=True)
class Returned:
    """One entry. `code` is that of its addenda: R.. returns, C.. notifies of a change, empty has no addenda."""

    trace: str = "091000010000001"
    amount: int = 12_500
    code: str = "R01"
    individual_id: str = ""
    transaction_code: str = "26"

    @property
    def is_debit(self) -> bool:
        return self.transaction_code[1] in "6789"

    def lines(self, number: int) -> list[str]:
        own_trace = f"{RDFI}{number:07}"
        flag = "1" if self.code else "0"
        entry = (
            f"6{self.transaction_code}{RDFI}6{'123456789':<17}{self.amount:010}{self.individual_id:<15}"
            f"{'Ana Diaz':<22}  {flag}{own_trace}"
        )
        if not self.code:
            return [entry]
        kind = "98" if self.code.startswith("C") else "99"
        return [entry, f"7{kind}{self.code}{self.trace}{'':6}{'09100001'}{'':44}{own_trace}"]


def return_file(*entries: Returned, created_on: date, reference: str = "") -> str:
    """A file of one batch. Another `reference` makes another file of the same entries."""
    body: Sequence[str] = [line for number, entry in enumerate(entries, start=1) for line in entry.lines(number)]
    totals = (
        f"{int(RDFI) * len(entries) % 10**10:010}"
        f"{sum(entry.amount for entry in entries if entry.is_debit):012}"
        f"{sum(entry.amount for entry in entries if not entry.is_debit):012}"
    )
    lines = [
        f"101 091400606 691000134{created_on:%y%m%d}0000A094101{'FIRST BANK':<23}{'OUR COMPANY':<23}{reference:<8}",
        f"5200{'OUR COMPANY':<16}{'':20}{COMPANY}WEBTRANSFER  {created_on:%y%m%d}{created_on:%y%m%d}   1{RDFI}0000001",
        *body,
        f"8200{len(body):06}{totals}{COMPANY}{'':19}{'':6}{RDFI}0000001",
        f"9000001000001{len(body):08}{totals}{'':39}",
    ]
    assert {len(line) for line in lines} == {94}, [len(line) for line in lines]
    return "\n".join(lines) + "\n"
