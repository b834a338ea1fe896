"""Reads a Nacha file: its structure and every control total are right, or the whole file is refused with its lines.

`read` never raises, whatever the bytes: it returns a file or the list of its faults. Reading is by record in order:
file header, batches (header, entries with their addenda, control), file control, filler.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.payments.domain.nacha.records import CHANGE, CREDITS, DEBITS, FILLER, RETURN, Fault, Line, split

HASH_MODULUS: Final = 10**10
MAX_FAULTS: Final = 100
ADV: Final = "280"
SERVICE_CLASSES: Final = frozenset({"200", "220", "225"})
ADDENDA_TYPES: Final = frozenset({"02", "05", *(str(number) for number in range(10, 19)), "98", "99"})
NAME_FIRST: Final = frozenset({"CIE", "MTE"})
"""Standard entry classes that put the name where others have the individual id, and the id behind it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry with what its addenda say. `line` is the line of its entry record; amounts in minor units."""

    line: int
    sec: str
    transaction_code: str
    amount_minor: int
    individual_id: str
    trace: str
    return_code: str | None
    change_code: str | None
    original_trace: str | None


@dataclass(frozen=True, slots=True)
class NachaFile:
    """A file whose structure and totals are right."""

    created_on: date
    entries: tuple[Entry, ...]


def read(content: bytes) -> NachaFile | list[Fault]:
    """Read a whole file, or say with lines why it cannot be used."""
    lines, faults = split(content)
    if faults:
        return faults[:MAX_FAULTS]
    reader = _Reader()
    for line in lines:
        reader.take(line)
    reader.finish(lines[-1].number)
    faults = sorted([*reader.faults, *(fault for line in lines for fault in line.faults)], key=lambda fault: fault.line)
    return faults[:MAX_FAULTS] or NachaFile(reader.created_on, tuple(reader.entries))


@dataclass(slots=True)
class _Totals:
    records: int = 0
    hash: int = 0
    debit: int = 0
    credit: int = 0

    def add(self, other: "_Totals") -> None:
        self.records += other.records
        self.hash += other.hash
        self.debit += other.debit
        self.credit += other.credit

    def check(self, line: Line, count: tuple[int, int], start: int) -> None:
        """Compare with a control record: its count, then hash, debit and credit from column `start`."""
        claimed = {
            "entry and addenda count": (line.number_at(*count, "entry and addenda count"), self.records),
            "entry hash": (line.number_at(start, start + 9, "entry hash"), self.hash % HASH_MODULUS),
            "total debit": (line.number_at(start + 10, start + 21, "total debit"), self.debit),
            "total credit": (line.number_at(start + 22, start + 33, "total credit"), self.credit),
        }
        for name, (said, found) in claimed.items():
            if said != found:
                line.fault(f"{name} says {said}, the entries make {found}")


@dataclass(slots=True)
class _OpenEntry:
    line: Line
    sec: str
    has_addenda: bool
    addenda: list[Line] = field(default_factory=list)

    def closed(self) -> Entry:
        """The entry with its addenda; a fault where the indicator and the addenda disagree."""
        line = self.line
        if self.has_addenda != bool(self.addenda):
            line.fault("the addenda indicator (column 79) and the addenda records disagree")
        verdicts = [addenda for addenda in self.addenda if addenda.at(2, 3) in {"98", "99"}]
        if len(verdicts) > 1:
            line.fault("more than one addenda 98 or 99")
        verdict = verdicts[0] if verdicts else None
        is_return = verdict is not None and verdict.at(2, 3) == "99"
        individual_id = line.at(55, 76) if self.sec in NAME_FIRST else line.at(40, 54)
        return Entry(
            line=line.number,
            sec=self.sec,
            transaction_code=line.at(2, 3),
            amount_minor=line.number_at(30, 39, "amount"),
            individual_id="" if self.sec == "IAT" else individual_id.strip(),
            trace=line.digits(80, 94, "trace number"),
            return_code=verdict.code(4, 6, RETURN, "return reason code") if verdict and is_return else None,
            change_code=verdict.code(4, 6, CHANGE, "change code") if verdict and not is_return else None,
            original_trace=verdict.digits(7, 21, "original entry trace number") if verdict else None,
        )


@dataclass(slots=True)
class _Batch:
    header: Line
    sec: str
    totals: _Totals = field(default_factory=_Totals)
    entry: _OpenEntry | None = None


class _Reader:
    """The state of reading: what came, and what may come next."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.entries: list[Entry] = []
        self.created_on = date.min
        self._totals = _Totals()
        self._batches = 0
        self._batch: _Batch | None = None
        self._has_header = False
        self._is_closed = False

    def take(self, line: Line) -> None:
        if self._is_closed:
            if line.text != FILLER:
                line.fault("only filler lines of nines follow the file control")
            return
        if line.type == "1":
            self._header(line)
            return
        if not self._has_header:
            line.fault("the file header (1) is missing")
            self._has_header = True
        takers = {"5": self._open, "6": self._entry, "7": self._addenda, "8": self._control, "9": self._end}
        takers[line.type](line)

    def finish(self, last: int) -> None:
        """Say what the end of the file leaves open."""
        if not self._is_closed:
            what = "the batch control (8) and the file control (9) are" if self._batch else "the file control (9) is"
            self.faults.append(Fault(last, f"the file ends here: {what} missing"))

    def _header(self, line: Line) -> None:
        if self._has_header:
            line.fault("a second file header (1)")
        self._has_header = True
        if line.at(35, 37) != "094":
            line.fault(f"the record size (columns 35 to 37) is {line.at(35, 37)!r}, not 094")
        self.created_on = line.day(24, 29, "file creation date")

    def _open(self, line: Line) -> None:
        if self._batch is not None:
            line.fault("the batch before has no control (8)")
            self._close_entry()
        sec = line.at(51, 53)
        service_class = line.at(2, 4)
        if service_class == ADV or sec == "ADV":
            line.fault("a batch of automated accounting advices (ADV) holds no returns")
        elif service_class not in SERVICE_CLASSES:
            line.fault(f"the service class (columns 2 to 4) is {service_class!r}")
        if not (sec.isascii() and sec.isalpha() and sec.isupper()):
            line.fault(f"the standard entry class (columns 51 to 53) is {sec!r}")
        self._batch = _Batch(line, sec)

    def _entry(self, line: Line) -> None:
        batch = self._batch
        if batch is None:
            line.fault("an entry (6) outside a batch")
            return
        self._close_entry()
        transaction_code = line.at(2, 3)
        amount = line.number_at(30, 39, "amount")
        if transaction_code in DEBITS:
            batch.totals.debit += amount
        elif transaction_code in CREDITS:
            batch.totals.credit += amount
        else:
            line.fault(f"the transaction code (columns 2 and 3) is {transaction_code!r}")
        batch.totals.records += 1
        batch.totals.hash += line.number_at(4, 11, "receiving institution")
        if line.at(79, 79) not in {"0", "1"}:
            line.fault(f"the addenda indicator (column 79) is {line.at(79, 79)!r}")
        batch.entry = _OpenEntry(line, batch.sec, has_addenda=line.at(79, 79) == "1")

    def _addenda(self, line: Line) -> None:
        batch = self._batch
        if batch is None or batch.entry is None:
            line.fault("an addenda (7) without its entry")
            return
        if line.at(2, 3) not in ADDENDA_TYPES:
            line.fault(f"the addenda type (columns 2 and 3) is {line.at(2, 3)!r}")
        batch.totals.records += 1
        batch.entry.addenda.append(line)

    def _control(self, line: Line) -> None:
        batch = self._batch
        if batch is None:
            line.fault("a batch control (8) without its batch")
            return
        self._close_entry()
        if line.at(2, 4) != batch.header.at(2, 4):
            line.fault("the service class is not the one of the batch header")
        if line.at(88, 94) != batch.header.at(88, 94):
            line.fault("the batch number is not the one of the batch header")
        batch.totals.check(line, (5, 10), 11)
        self._totals.add(batch.totals)
        self._batches += 1
        self._batch = None

    def _end(self, line: Line) -> None:
        if self._batch is not None:
            line.fault("the batch before has no control (8)")
            self._close_entry()
        if line.text == FILLER:
            line.fault("filler where the file control (9) is expected")
            return
        said = line.number_at(2, 7, "batch count")
        if said != self._batches:
            line.fault(f"batch count says {said}, the file has {self._batches}")
        self._totals.check(line, (14, 21), 22)
        self._is_closed = True

    def _close_entry(self) -> None:
        batch = self._batch
        if batch is not None and batch.entry is not None:
            self.entries.append(batch.entry.closed())
            batch.entry = None
