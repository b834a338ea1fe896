"""The arithmetic and the bookkeeping of the benchmarks: ratios, turns, and results that outlive a failed case."""

import json
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.rounds import Case, Measurement, Side, interleaved, measurement

RUN = results.Run(scale=0.1, note="")


def case(code: str, *, is_time: bool) -> Case:
    return Case(code, "ours", "limit", "plain", "payments", "all", is_time=is_time)


def found(code: str, *, is_time: bool = False) -> Measurement:
    return measurement(case(code, is_time=is_time), [[0.02, 0.04], [0.01, 0.01], [0.2, 0.2]], n=100, plain_n=10)


def test_a_rate_is_a_share_of_the_limit_and_larger_is_better() -> None:
    one = found("B1")
    assert (one.ratio.low, one.ratio.high) == (0.25, 0.5)
    assert one.arrears.high == 50
    assert (one.faster.low, one.faster.high) == (5, 10)


def test_a_time_is_a_multiple_of_the_limit_and_smaller_is_better() -> None:
    one = found("B9", is_time=True)
    assert (one.ratio.low, one.ratio.high) == (2, 4)
    assert one.arrears.low == 20


async def test_every_side_is_first_in_turn_and_the_first_round_keeps_the_order() -> None:
    order: list[str] = []

    def side(name: str) -> Side:
        async def run() -> float:
            order.append(name)
            return 2.0

        return Side(name, run, 4)

    seconds = await interleaved("B1", 3, side("a"), side("b"), side("c"))
    assert "".join(order) == "abcbcacab"
    assert seconds == [[0.5] * 3] * 3


def test_a_failed_case_leaves_the_rows_of_the_others_and_its_own_earlier_one(tmp_path: Path) -> None:
    results.write_cases(tmp_path, [found("B1"), found("B9", is_time=True)], RUN)
    results.write_failure(tmp_path, "B1", "AssertionError: 3 is not 4", RUN)
    page = (tmp_path / "RESULTS.md").read_text()
    assert "**B1 failed on" in page
    assert "| B1 |" in page
    assert "| B9 |" in page
    results.write_cases(tmp_path, [found("B1")], RUN)
    assert json.loads((tmp_path / "results.json").read_text())["failed"] == {}


@pytest.mark.parametrize(("code", "is_time", "said"), [("B1", False, "**missed**"), ("B6", True, "beyond the stretch")])
def test_a_target_is_said_to_be_met_or_missed(tmp_path: Path, code: str, said: str, *, is_time: bool) -> None:
    results.write_cases(tmp_path, [found(code, is_time=is_time)], RUN)
    assert said in (tmp_path / "RESULTS.md").read_text()
