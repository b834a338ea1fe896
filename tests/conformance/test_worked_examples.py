"""Every worked example of Supplement I to 12 CFR part 1006 on 6(b), 6(c), 6(d) and 14(b), on the rules as shipped."""

import re

import pytest

from services.compliance.store.shipped import shipped_sources
from tests.conformance import report
from tests.conformance.examples import Example
from tests.conformance.report import all_examples

NOT_DECISIONS = {
    "6(b)(1)-1": "said by its examples i to iii",
    "6(b)(1)-2": "said by its examples i to iv",
    "6(b)(1)(i)-2": "said by its examples i and ii",
    "6(b)(1)(ii)-1": "said by its example i",
    "6(b)(3)-2": "refers to 1006.22(f)(3)",
    "6(c)(1)-1": "said by its example i",
    "6(d)(4)(ii)(C)-2": "said by its examples i and ii",
    "6(d)(4)(ii)(C)(4)-1": "said by its examples i and ii",
    "6(d)(4)(iii)-2": "said by its examples i to iii",
    "14(b)(2)(i)-1": "said by its examples i to iii",
    "14(b)(2)(i)-2": "said by its factors i to iv",
    "14(b)(2)(i)-2.iv": "conduct in earlier talks, which a person judges",
    "14(b)(2)(i)-3": "said by its example i",
    "14(b)(2)(ii)-1": "said by its examples i and ii",
    "14(b)(2)(ii)-2": "said by its factors i to iv",
    "14(b)(2)(ii)-2.iv": "said by its examples A to C",
    "14(b)(3)(i)-3": "said by its examples i to iii",
    "14(b)(4)-1": "said by i and ii",
    "14(b)(4)-2": "said by its examples i to vii",
}
"""The comments on these paragraphs that are no example by themselves, and why."""


@pytest.mark.parametrize("example", all_examples(), ids=lambda example: f"{example.comment} {example.told}")
def test_worked_example(example: Example) -> None:
    claims = example.claims
    assert claims
    for claim in claims:
        refused = [(each.rule.rule_id, each.outcome) for each in claim.decision.rules if each.outcome[0] in "bn"]
        assert claim.holds, (
            f"{claim.asked}: {claim.rule_id} should be {claim.expected}, is {claim.got}; "
            f"{claim.result and claim.result.finding}; the whole is {claim.decision.outcome} by {refused}"
        )


def test_no_comment_on_these_paragraphs_is_left_out() -> None:
    comments = {
        found.group(1)
        for paragraph in shipped_sources()["12-cfr-1006.txt"].paragraphs
        if (found := re.fullmatch(r"cmt ((?:6\((?:b|c|d)\)|14\(b\)).*)", paragraph))
    }
    told = {example.comment for example in all_examples()}
    assert comments
    assert told <= comments
    assert comments - told == NOT_DECISIONS.keys()


def test_the_report_that_is_kept_is_the_one_that_the_rules_give() -> None:
    assert report.written() == report.text()
