"""B8D: one decision in process, by all shipped rules on a party of 200 facts, against a bare walk over dictionaries.

The walk looks at every rule and every fact once and decides nothing: less no evaluation can do in this language.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import quantiles
from time import perf_counter
from typing import Any

from benchmarks.contact_facts import FACTS, NOW, KnownParty, count_facts
from benchmarks.place import Place
from benchmarks.rounds import Case, Measurement, Seconds, measurement
from services.compliance.domain import calendar_days
from services.compliance.domain.decide import decide
from services.compliance.domain.evaluate import Outcome
from services.compliance.domain.facts import Facts, Request
from services.compliance.domain.rules import Rule, RuleBook
from services.compliance.store.shipped import shipped_rules

FULL = 100_000
PARTIES = 50
ACTIVE = 100
LIMIT_US = 150
_REMEMBERED = [each for each in vars(calendar_days).values() if hasattr(each, "cache_clear")]
"""What works out days and hours once, and keeps them."""
Asked = tuple[Request, Facts]
Walked = tuple[dict[str, Any], list[dict[str, Any]]]


async def measure(place: Place, *, scale: float, rounds: int) -> list[Measurement]:
    """Measure with 100,000 x `scale` decisions a round."""
    del place
    n = max(2_000, int(FULL * scale))
    few = max(200, n // 100)
    book = active_book()
    asked = _asked(n)
    walked = [_as_dictionaries(one) for one in asked]
    rules = [_as_dictionary(rule) for rule in book.rules]
    outcomes = [decide(request, facts, book).outcome for request, facts in asked]
    p50: Seconds = [[], [], []]
    p99: Seconds = [[], [], []]
    for nth in range(rounds):
        sides: list[Callable[[], list[float]]] = [
            lambda: _decisions(asked, book, outcomes),
            lambda: [_timed(_walk, rules, *one) for one in walked],
            lambda: _forgetful_decisions(asked[:few], book, outcomes),
        ]
        for turn in [*range(nth % 3, 3), *range(nth % 3)]:
            took = quantiles(sides[turn](), n=100)
            p50[turn].append(took[49])
            p99[turn].append(took[98])
        print(f"  B8D round {nth + 1} of {rounds}, p50 and p99: {_said(p50, p99)}", flush=True)
    shares = {outcome: outcomes.count(outcome) / n for outcome in Outcome}
    return [
        measurement(_case(share, seconds, shares), seconds, n=n, plain_n=few)
        for share, seconds in (("p50", p50), ("p99", p99))
    ]


def active_book() -> RuleBook:
    """The shipped rules that are active; where they are fewer than 100, state rules once more under other ids.

    Raises:
        AssertionError: the party has fewer facts than it should.
    """
    if count_facts(KnownParty(0).facts) < FACTS:
        raise AssertionError("the party has too few facts")
    rules = [rule for rule in shipped_rules().rules if rule.status == "active"]
    more = [_again(rule) for rule in rules if rule.jurisdiction in {"US-MA", "US-CA"}]
    return RuleBook((*rules, *more[: max(0, ACTIVE - len(rules))]))


def _again(rule: Rule) -> Rule:
    return replace(rule, rule_id=f"{rule.rule_id}.again")


def _asked(n: int) -> list[Asked]:
    """So many requests about 50 parties, in turn."""
    made = [(request, party.facts) for party in map(KnownParty, range(PARTIES)) for request in party.requests()]
    return [made[nth % len(made)] for nth in range(n)]


def _timed(call: Callable[..., Any], *arguments: Any) -> float:
    began = perf_counter()
    call(*arguments)
    return perf_counter() - began


def _decisions(asked: Sequence[Asked], book: RuleBook, outcomes: Sequence[Outcome]) -> list[float]:
    times = []
    for (request, facts), expected in zip(asked, outcomes, strict=False):
        began = perf_counter()
        decision = decide(request, facts, book)
        times.append(perf_counter() - began)
        if decision.outcome is not expected:
            raise AssertionError(f"{decision.outcome}, not {expected}")
    return times


def _forgetful_decisions(asked: Sequence[Asked], book: RuleBook, outcomes: Sequence[Outcome]) -> list[float]:
    """The same with nothing remembered from one decision to the next: rules selected, days and hours found anew."""
    times = []
    for one, expected in zip(asked, outcomes, strict=False):
        for remembered in _REMEMBERED:
            remembered.cache_clear()
        anew = RuleBook(book.rules)
        times += _decisions([one], anew, [expected])
    return times


def _as_dictionary(rule: Rule) -> dict[str, Any]:
    return {
        "scope": {
            "channel": rule.scope.channel,
            "purpose": rule.scope.purpose,
            "recipient": rule.scope.recipient,
        },
        "from": rule.effective_from,
    }


def _as_dictionaries(one: Asked) -> Walked:
    request, facts = one
    asked: dict[str, Any] = {"channel": request.channel, "purpose": request.purpose, "recipient": request.recipient}
    asked |= {"account": request.account_ids[0], "since": NOW - timedelta(days=7), "day": NOW.date()}
    known = [
        {"at": each.at, "account": each.account_ids[0], "channel": each.channel, "code": each.result_code}
        for each in facts.attempts
    ]
    others = (
        *facts.debts, *facts.contact_points, *facts.consents, *facts.restrictions, *facts.disputes, *facts.refusals,
        *facts.representations, *facts.inconvenient_times, *facts.inconvenient_places, *facts.locations,
    )  # fmt: skip
    known += [{"at": NOW, "account": None, "channel": None, "code": None} for _ in others]
    return asked, known


def _walk(rules: list[dict[str, Any]], asked: dict[str, Any], known: list[dict[str, Any]]) -> int:
    """Look once at every rule and once at every fact: how many are in scope, how many contacts are in the week."""
    found = 0
    for rule in rules:
        if rule["from"] > asked["day"]:
            continue
        for key, words in rule["scope"].items():
            if words and asked[key] not in words:
                break
        else:
            found += 1
    for fact in known:
        if fact["at"] >= asked["since"] and fact["account"] == asked["account"] and fact["channel"] == asked["channel"]:
            found += 1
    return found


def _said(p50: Seconds, p99: Seconds) -> str:
    names = ("Arrears", "limit", "plain")
    return ", ".join(
        f"{name} {1e6 * middle[-1]:.0f} and {1e6 * high[-1]:.0f} µs"
        for name, middle, high in zip(names, p50, p99, strict=True)
    )


def _case(share: str, seconds: Seconds, shares: dict[Outcome, float]) -> Case:
    mixed = ", ".join(f"{outcome} {part:.0%}" for outcome, part in shares.items() if part)
    ours = sorted(seconds[0])[len(seconds[0]) // 2]
    notes = [f"Arrears {1e6 * ours:.0f} µs ({share}); of the decisions: {mixed}."]
    if share == "p99":
        notes.append(f"The design asks for at most {LIMIT_US} µs at p99.")
    return Case(
        code=f"B8D {share}",
        title=f"a decision in process, {share}: {ACTIVE} active rules, {FACTS} facts of the party, every rule's result "
        "and, where it forbids, the earliest lawful time",
        limit="a bare walk over the same rules and facts as dictionaries, deciding nothing",
        plain="the same decision with nothing remembered from one to the next",
        unit="decisions",
        verified="every decision's outcome, alike with and without memory; the party's facts counted",
        is_time=True,
        notes=tuple(notes),
    )
