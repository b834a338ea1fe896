"""Nacha files: the real ones of other people, broken ones, and whatever bytes may come."""

from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.demo.nacha_file import return_file
from deploy.local.demo.plan import CorePayment
from services.payments.domain.nacha.reader import Entry, NachaFile, read
from services.payments.domain.nacha.records import Fault
from services.payments.domain.nacha.returns import (
    Candidate,
    effective_on,
    kind_of,
    match,
    reason_of,
    why_reported,
)

DATA = Path(__file__).parents[2] / "data" / "nacha"
WEB = (DATA / "return-WEB.ach").read_bytes()
GOOD = sorted(path for path in DATA.glob("*.ach") if path.name != "return-no-batch-controls.ach")


def file_of(content: bytes) -> NachaFile:
    file = read(content)
    assert isinstance(file, NachaFile), file
    return file


def faults_of(content: bytes) -> list[Fault]:
    faults = read(content)
    assert isinstance(faults, list), faults
    return faults


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_every_whole_file_is_read(path: Path) -> None:
    assert file_of(path.read_bytes()).entries


def test_a_web_return_file_holds_a_returned_debit_and_a_returned_credit() -> None:
    file = file_of(WEB)
    debit, credit = file.entries
    assert file.created_on == date(2018, 10, 17)
    assert (debit.return_code, debit.transaction_code, debit.amount_minor) == ("R01", "26", 12354)
    assert (debit.original_trace, debit.individual_id) == ("091400600000001", "MjMxNDAwMjAtOGQ")
    assert (why_reported(debit), reason_of(debit)) == (None, "nsf")
    assert why_reported(credit) == "Transaction code 21 is no returned debit."


def test_dishonoured_returns_forward_entries_and_returned_credits_are_only_reported() -> None:
    kinds = {path.stem: [kind_of(entry) for entry in file_of(path.read_bytes()).entries] for path in GOOD}
    assert kinds["dishonored-return"] == ["dishonored_return", "dishonored_return"]
    assert kinds["ppd-debit"] == ["forward_entry"]
    for stem in ("dishonored-return", "ppd-debit", "return-PPD-custom-reason-code"):
        assert all(why_reported(entry) for entry in file_of((DATA / f"{stem}.ach").read_bytes()).entries)


def test_missing_controls_refuse_the_file_with_their_lines() -> None:
    faults = faults_of((DATA / "return-no-batch-controls.ach").read_bytes())
    assert [fault.line for fault in faults] == [1, 4, 6]


@pytest.mark.parametrize("kept", range(1, 10))
def test_a_file_cut_after_any_line_is_refused(kept: int) -> None:
    assert faults_of(b"\n".join(WEB.splitlines()[:kept]))


def changed(line: int, first: int, text: str) -> bytes:
    lines = WEB.decode().splitlines()
    row = lines[line - 1].ljust(94)
    lines[line - 1] = row[: first - 1] + text + row[first - 1 + len(text) :]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("line", "first", "text"),
    [
        (3, 30, "0000012355"),  # the amount of an entry
        (3, 4, "09140061"),  # its receiving institution: the hash
        (5, 5, "000003"),  # entry and addenda count of a batch
        (5, 21, "000000012355"),  # total debit of a batch
        (10, 2, "000003"),  # batch count
        (10, 14, "00000005"),  # entry and addenda count of the file
        (10, 22, "0018280121"),  # entry hash of the file
        (10, 44, "000000004566"),  # total credit of the file
        (4, 4, "r01"),  # codes are capital letters
        (2, 51, "web"),
        (4, 7, "09140060000000X"),  # the original trace
        (3, 2, "25"),  # no such transaction code
        (3, 79, "0"),  # says that it has no addenda
        (1, 24, "181332"),  # no such day
        (5, 88, "0000009"),  # another batch's control
        (7, 1, "3"),  # no such record
    ],
)
def test_one_wrong_field_refuses_the_whole_file_and_names_a_line(line: int, first: int, text: str) -> None:
    told = {fault.line for fault in faults_of(changed(line, first, text))}
    # A wrong amount or institution is first seen where the batch is added up.
    assert (5 if (line, first) in {(3, 30), (3, 4)} else line) in told


def test_a_fault_shows_the_shape_of_a_field_and_never_what_stood_in_it() -> None:
    """A line that slipped has the account number, or a name, where an amount is expected."""
    told = " ".join(fault.message for fault in faults_of(changed(3, 30, "4417 Ana99")))
    assert "'9999 AAA99'" in told
    assert not any(secret in told for secret in ("4417", "Ana"))


def test_crlf_trailing_blanks_a_bom_and_missing_line_ends_change_nothing() -> None:
    plain = file_of(WEB)
    lines = [line.ljust(94) for line in WEB.decode().splitlines()]
    assert file_of("\r\n".join(lines).encode()) == plain
    assert file_of(b"\xef\xbb\xbf" + WEB + b"\n\n") == plain
    assert file_of("".join(lines).encode()) == plain
    assert file_of("\n".join(line.rstrip() for line in lines).encode()) == plain


def test_a_line_that_is_too_long_or_empty_refuses_the_file() -> None:
    assert faults_of(WEB + b"\n" + b"9" * 95)
    assert faults_of(WEB.replace(b"\n", b"\n\n", 1))
    assert faults_of(b"") == [Fault(1, "the file is empty")]


@given(st.binary(max_size=2000))
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    read(content)


@given(st.data(), st.sampled_from(GOOD))
def test_no_damage_to_a_real_file_makes_the_reader_fail(data: st.DataObject, path: Path) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    result = read(bytes(content))
    assert isinstance(result, NachaFile) or all(fault.line >= 1 for fault in result)


def _correction(code: str, addenda: str, amount: int = 0) -> bytes:
    day = "260305"
    lines = [
        f"101 091400606 691000134{day}0306A094101{'BANK':<23}{'CREDIT UNION':<23}{'':<8}",
        f"5200{'NAME':<16}{'':<20}{'1234567890':<10}COR{'':<10}{day}{day}   1091400600000001",
        f"626091400606{'1':<17}{amount:010d}{'REF-1':<15}{'':<22}  1091400600000001",
        f"7{addenda}{code}091400600000001{'':<6}09140060{'':<44}091400600000001",
    ]
    totals = f"{9140060:010d}{amount:012d}{0:012d}"
    lines += [f"8200000002{totals}{'1234567890':<10}{'':<25}091400600000001", f"900000100000100000002{totals}"]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("code", "addenda", "kind"),
    [
        ("C01", "98", "notification_of_change"),
        ("C61", "98", "notification_of_change"),
        ("R61", "99", "dishonored_return"),
        ("R70", "99", "dishonored_return"),
        ("R71", "99", "contested_return"),
        ("R77", "99", "contested_return"),
        ("R78", "99", "return"),
        ("R03", "99", "return"),
    ],
)
def test_each_code_has_its_kind_and_a_zero_amount_never_moves_money(code: str, addenda: str, kind: str) -> None:
    (entry,) = file_of(_correction(code, addenda)).entries
    assert kind_of(entry) == kind
    assert why_reported(entry) is not None


def test_the_demos_return_file_is_right() -> None:
    day = date(2026, 3, 5)
    payment = CorePayment("1", 500, day, "ach", "c-1", "091000010000001")
    (entry,) = file_of(return_file([payment], day)).entries
    assert (entry.amount_minor, entry.original_trace, why_reported(entry)) == (500, "091000010000001", None)


DAY = date(2026, 3, 5)
returned = Entry(3, "WEB", "26", 500, "REF-1", "1" * 15, "R01", None, "091000010000001")


def candidate(**facts: object) -> Candidate:
    values: dict[str, object] = {
        "payment_id": uuid4(), "account_id": uuid4(), "amount_minor": 500, "effective_on": DAY,
        "ach_trace": "091000010000001", "source_ref": "other", "is_reallocated": False,
    }  # fmt: skip
    return Candidate(**(values | facts))  # type: ignore[arg-type]


def test_a_return_means_the_payment_with_its_trace_and_amount() -> None:
    right = candidate()
    assert match(returned, [right, candidate(amount_minor=501)], [DAY]) is right


def test_a_return_means_the_payment_whose_reference_is_its_individual_id() -> None:
    right = candidate(ach_trace=None, source_ref="REF-1")
    assert match(returned, [right], [DAY]) is right
    assert match(returned, [right, candidate()], [DAY]) is not right


def test_none_is_unmatched_and_several_are_ambiguous() -> None:
    assert match(returned, [], [DAY]) == "unmatched"
    assert match(returned, [candidate(), candidate()], [DAY]) == "ambiguous"


@pytest.mark.parametrize(("days", "expected"), [(0, True), (70, True), (71, False), (-1, False)])
def test_a_payment_is_meant_within_seventy_days_before_its_return(days: int, *, expected: bool) -> None:
    right = candidate(effective_on=DAY - timedelta(days=days))
    assert (match(returned, [right], [DAY]) is right) is expected


def test_money_that_was_reallocated_is_returned_from_where_it_stands_now() -> None:
    right = candidate()
    assert match(returned, [candidate(is_reallocated=True), right], [DAY]) is right


def test_a_return_takes_effect_within_the_present_and_after_its_payment() -> None:
    assert effective_on(DAY, None, DAY - timedelta(days=3)) == DAY
    assert effective_on(DAY, DAY - timedelta(days=1), DAY - timedelta(days=3)) == DAY - timedelta(days=1)
    assert effective_on(DAY - timedelta(days=9), DAY, DAY) == DAY
