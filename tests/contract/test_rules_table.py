"""The table of rules that integrators and compliance officers read is what the rules say."""

import pytest

from deploy.rules import TABLE, shown, table


def test_the_committed_table_is_current() -> None:
    assert TABLE.read_text(encoding="utf-8") == table()


def test_every_row_has_the_columns_of_its_head() -> None:
    rows = [line for line in table().splitlines() if line.startswith("|")]
    assert len(rows) > 100
    assert {line.count(" | ") for line in rows if not line.startswith("|---")} == {12}


def test_a_rule_is_shown_with_the_paragraph_in_which_it_stands() -> None:
    text = shown("regf.call_freq.7in7")
    assert "12 CFR 1006.14(b)(2)(i)(A)" in text
    assert "[1006.14(b)(2)(i)(A)]\n(A) More than seven times within seven consecutive days; nor" in text
    assert "creditor policy" in text
    with pytest.raises(KeyError):
        shown("regf.nothing")
