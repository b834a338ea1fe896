"""Reading the core's extract: whatever way the bytes arrive, the same lines come out."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.extract import MAX_LINE_BYTES, BadLine, HeaderError, Reader, Record
from services.accounts.domain.extract_csv import REQUIRED_COLUMNS, CsvReader
from services.accounts.domain.extract_ndjson import NdjsonReader

HEADER = ",".join(REQUIRED_COLUMNS)
text = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


def read(reader: Reader, data: bytes, size: int = 10**9) -> list[Record | BadLine]:
    found: list[Record | BadLine] = []
    for start in range(0, len(data), size):
        found.extend(reader.read(data[start : start + size]))
    return [*found, *reader.finish()]


def written(rows: list[list[str]], end: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows([REQUIRED_COLUMNS, *rows])
    return out.getvalue().encode()


@given(
    rows=st.lists(st.lists(text, min_size=len(REQUIRED_COLUMNS), max_size=len(REQUIRED_COLUMNS)), max_size=6),
    size=st.integers(1, 200),
    end=st.sampled_from(["\n", "\r\n"]),
    has_mark=st.booleans(),
)
def test_what_a_csv_writer_writes_is_read_whatever_the_pieces(
    rows: list[list[str]], size: int, end: str, *, has_mark: bool
) -> None:
    rows = [["A1", *row[1:]] for row in rows]
    data = (b"\xef\xbb\xbf" if has_mark else b"") + written(rows, end)
    reader = CsvReader()
    found = read(reader, data, size)
    expected = [
        {name: value.strip() for name, value in zip(REQUIRED_COLUMNS, row, strict=True) if value.strip()}
        for row in rows
    ]
    assert [each.values for each in found if isinstance(each, Record)] == expected
    assert len(found) == len(rows)
    assert not reader.is_truncated


@given(data=st.binary(max_size=400), size=st.integers(1, 50))
def test_any_bytes_are_read_without_an_error_and_the_same_in_any_pieces(data: bytes, size: int) -> None:
    body = HEADER.encode() + b"\n" + data
    whole = read(CsvReader(), body)
    assert read(CsvReader(), body, size) == whole
    assert [each.line for each in whole] == sorted(each.line for each in whole)
    lines = read(NdjsonReader(), data)
    assert read(NdjsonReader(), data, size) == lines


@given(st.integers(1, 2_000))
def test_a_file_cut_anywhere_gives_the_lines_before_the_cut(cut: int) -> None:
    rows = [[f"A{n}", *["x"] * (len(REQUIRED_COLUMNS) - 1)] for n in range(20)]
    data = written(rows, "\n")
    body = data[: len(HEADER) + 1 + cut]
    reader = CsvReader()
    found = read(reader, body)
    whole = body.count(b"\n") - 1
    assert [each.line for each in found if isinstance(each, Record)][:whole] == list(range(2, whole + 2))
    assert all(each.code == "file-truncated" for each in found if isinstance(each, BadLine))


def test_a_missing_or_repeated_column_refuses_the_file() -> None:
    with pytest.raises(HeaderError, match="lacks phone"):
        read(CsvReader(), HEADER.replace("phone,", "").encode() + b"\n")
    with pytest.raises(HeaderError, match="names phone twice"):
        read(CsvReader(), f"{HEADER},phone\n".encode())
    with pytest.raises(HeaderError, match="the file is empty"):
        read(CsvReader(), b"")
    with pytest.raises(HeaderError, match="cannot be read"):
        read(CsvReader(), b"\xff\xfe" + HEADER.encode("utf-16-le") + b"\n")
    for phone in ("phone\r", '"phone', '"ph"one'):
        spoilt = HEADER.replace("phone", phone)
        with pytest.raises(HeaderError, match="cannot be read"):
            read(CsvReader(), f"{spoilt}\n".encode())


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    reader = CsvReader()
    rows = f"A1{',' * (len(REQUIRED_COLUMNS) - 1)}\n"
    body = f"{HEADER}\n{rows}".encode() + b"x" * (3 * MAX_LINE_BYTES) + b"\n" + rows.encode()
    found = read(reader, body, 1000)
    assert [(type(each), each.line) for each in found] == [(Record, 2), (BadLine, 3), (Record, 4)]
    assert len(reader._lines._rest) <= MAX_LINE_BYTES


def test_a_broken_line_says_which_account_it_is_about_where_it_can() -> None:
    found = read(CsvReader(), f"{HEADER}\nA7,credit_card\n".encode())
    assert isinstance(found[0], BadLine)
    assert (found[0].code, found[0].account_number) == ("column-count", "A7")


def test_json_that_is_no_object_or_no_json_is_a_bad_line() -> None:
    lines = ["[1]", "{", '{"a": NaN}', json.dumps({"core_account_number": "A", "x": None}), "7", "", "[" * 100_000]
    found = read(NdjsonReader(), "\n".join(lines).encode() + b"\n")
    assert [type(each) for each in found] == [BadLine, BadLine, BadLine, Record, BadLine, BadLine]
    assert isinstance(found[3], Record)
    assert found[3].values == {"core_account_number": "A"}


def test_an_escape_that_nothing_can_store_spoils_its_line_only() -> None:
    wanted = {"core_account_number": "A1", "given_name": "\U0001f600 and \\u0000"}
    lines = [
        {"core_account_number": "A\ud800"},
        {"core_account_number": "A2", "given_name": "\x00"},
        {"core_account_number": "A3", "parties": [{"party_number": "\udfff"}]},
        wanted,
    ]
    found = read(NdjsonReader(), "\n".join(map(json.dumps, lines)).encode())
    assert [(each.line, each.code, each.account_number) for each in found if isinstance(each, BadLine)] == [
        (1, "character-invalid", None),
        (2, "character-invalid", "A2"),
        (3, "character-invalid", "A3"),
    ]
    assert found[3] == Record(4, wanted)
