"""What is sent over Kafka: good messages, each once or twice, and among them as many bad ones as wanted.

Good messages say things that only they say, so that each effect can be counted. Bad ones are the golden messages of
the contracts about other things of the same creditor, spoilt; what is still valid of them may well be taken.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

from shared.events.topics import TOPICS
from shared.ids import account_id, party_id
from tests.fuzz import mutate
from tests.fuzz.filled import CLOSE, TODAY
from tests.fuzz.resting import CONSUMED

PAYMENTS, SNAPSHOTS = "core.payment.received", "core.account.snapshot"
_GOLDEN = Path(__file__).parents[1] / "contract" / "golden"
OURS = tuple(sorted(CONSUMED - {PAYMENTS, SNAPSHOTS}))
GOOD = (
    PAYMENTS,
    SNAPSHOTS,
    "payment.posted",
    "promise.made",
    "account.updated",
    "party.updated",
    "contact_point.found",
    "contact_point.invalidated",
    "contact.completed",
    "contact.blocked",
    "restriction.placed",
)
"""The topics of good messages: one for each kind of handler, whose effects are counted."""
_KNOWN = 0.3
"""How many of the bad messages are about accounts and parties that the services know."""
NEWEST = 2**62
"""Above every version that the services give: what is good here is the newest of its kind."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as it goes to the broker."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: mutate.Headers
    is_good: bool
    size: str = "small"


@dataclass(slots=True)
class Feed:
    """Makes messages about one creditor; `numbers` are its accounts, which have a balance that is known."""

    rng: Random
    creditor: UUID
    strangers: tuple[UUID, ...]
    """Creditors that the services do not know, or that are not this one."""
    numbers: list[str]

    def good(self, n: int) -> Sent:
        """The `n`th good message: each topic of `GOOD` in turn."""
        topic = GOOD[n % len(GOOD)]
        if topic == PAYMENTS:
            return self._sent(PAYMENTS, self.payment(f"good-{n}"), is_good=True)
        if topic == SNAPSHOTS:
            return self._sent(SNAPSHOTS, self.snapshot(f"G-{n}"), is_good=True)
        return self._own(topic, f"good-{n}", good=True)

    def bad(self, n: int, *, huge: bool = False) -> Sent:
        """The `n`th bad message, on any topic that a service reads."""
        rng = self.rng
        where = rng.random()
        if where < 0.2:
            good = self._sent(PAYMENTS, self.payment(f"bad-{n}"), is_good=False)
        elif where < 0.3:
            good = self._sent(SNAPSHOTS, self.snapshot(f"B-{n}"), is_good=False)
        else:
            good = self._own(rng.choice(OURS), f"bad-{n}", good=False)
        return self._spoilt(good, huge=huge)

    def payment(self, reference: str) -> dict[str, Any]:
        """A payment of the core, of 100 minor units."""
        return {
            "creditor_id": str(self.creditor),
            "core_account_number": self.rng.choice(self.numbers),
            "amount_minor": 100,
            "currency": "USD",
            "effective_on": CLOSE,
            "posted_on": TODAY,
            "channel": self.rng.choice(("ach", "branch")),
            "source_ref": f"{self.creditor.hex[:8]}-{reference}",
            "allocation": [{"component": "principal", "amount_minor": 100}],
        }

    def snapshot(self, number: str) -> dict[str, Any]:
        """An account of the core that nobody has heard of."""
        value: dict[str, Any] = _golden(SNAPSHOTS)["value"]
        return value | {
            "creditor_id": str(self.creditor),
            "core_account_number": number,
            "business_date": CLOSE,
            "oldest_unpaid_due_on": "2026-01-10",
            "balance_minor": 90_000,
            "past_due_minor": 10_000,
            "currency": "USD",
            "next_due_on": "2026-02-10",
        }

    def _own(self, topic: str, name: str, *, good: bool) -> Sent:
        golden = _golden(topic)
        value = _renamed(golden["value"], self._names(topic, name, good=good))
        if topic == "payment.posted" and good:
            value |= {"amount_minor": 100, "allocation": [{"component": "principal", "amount_minor": 100}]}
            value |= {"effective_on": CLOSE, "posted_on": TODAY, "origin": "ours"}
        if topic == "contact.blocked" and good:
            value["permit_id"] = str(uuid5(self.creditor, f"{name}/permit_id"))
        headers = golden["headers"] | {"ce_id": str(uuid5(self.creditor, f"{topic}/{name}"))}
        if "ce_aggregateversion" in headers and good:
            headers["ce_aggregateversion"] = str(NEWEST)
        key = str(value[TOPICS[topic].key]).encode()
        pairs: mutate.Headers = [(header, text.encode()) for header, text in headers.items()]
        return Sent(topic, key, json.dumps(value).encode(), pairs, is_good=good)

    def _names(self, topic: str, name: str, *, good: bool) -> Callable[[str], UUID]:
        """Ids that only this message says, by the place where it says them; of the bad, some are known."""
        number = self.rng.choice(self.numbers)
        if (topic == "payment.posted") if good else self.rng.random() < _KNOWN:
            named = {
                "account_id": account_id(self.creditor, number),
                "party_id": party_id(self.creditor, number.replace("A-", "P-")),
            }
        else:
            named = {"account_id": account_id(self.creditor, f"{name}/{topic}")}
        is_creditor = TOPICS[topic].key == "creditor_id"
        named["creditor_id"] = uuid5(self.creditor, name) if is_creditor else self.creditor
        named["account_ids.0"] = named["debts_discussed.0"] = named["account_id"]
        return lambda place: named.get(place) or uuid5(self.creditor, f"{name}/{place}")

    def _sent(self, topic: str, value: dict[str, Any], *, is_good: bool) -> Sent:
        bare: mutate.Headers = []
        cloud: mutate.Headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", str(self.creditor).encode()),
            ("ce_source", b"/x"),
        ]
        key = str(value["core_account_number"]).encode()
        return Sent(topic, key, json.dumps(value).encode(), self.rng.choice((bare, cloud)), is_good)

    def _spoilt(self, good: Sent, *, huge: bool) -> Sent:
        rng, value, headers, key = self.rng, good.value, good.headers, good.key
        what = rng.random()
        assert value is not None
        if huge:
            return Sent(good.topic, key, _huge(rng, value), headers, is_good=False, size="huge")
        if what < 0.6:
            value = mutate.document(rng, json.loads(value))
        elif what < 0.7:
            value = mutate.content(rng, value)
        elif what < 0.9:
            headers = mutate.headers(rng, headers or [("content-type", b"application/json")])
        elif what < 0.93:
            value = None
        elif what < 0.97:
            value = value.replace(str(self.creditor).encode(), str(rng.choice(self.strangers)).encode())
        else:
            key = rng.choice(_KEYS)
            value = mutate.document(rng, json.loads(value)) if rng.random() < 0.5 or not key else None
        # No client sends a message without both, and no broker takes one without a key on a compacted topic.
        if value is not None and rng.random() < 0.1 and not TOPICS[good.topic].is_personal:
            key = None
        return Sent(good.topic, key, value, headers, is_good=False)


def _renamed(value: Any, name: Callable[[str], UUID], place: str = "") -> Any:
    """The same document, in which each id is the one that `name` gives for its place."""
    if isinstance(value, dict):
        return {field: _renamed(item, name, f"{place}.{field}".strip(".")) for field, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, name, f"{place}.{index}") for index, item in enumerate(value)]
    try:
        UUID(value)
    except (ValueError, TypeError, AttributeError):
        return value
    return str(name(place))


_KEYS = (b"", b"\x00", b"\xff\xfe", b"hex:zz", b"hex:6162", b"k" * 2_000, "\u0661".encode())


def _huge(rng: Random, value: bytes) -> bytes:
    megabytes = rng.choice((1, 2, 5, 10)) * 1_000_000
    document = json.loads(value)
    field = rng.choice(list(document))
    spoilt: tuple[Any, ...] = ("x" * megabytes, [0] * (megabytes // 3), {"a" * megabytes: 1})
    return json.dumps(document | {field: rng.choice(spoilt)}).encode()


def stream(feed: Feed, bad: int, *, good_in: int = 10, huge: int = 0) -> Iterator[Sent]:
    """So many bad messages, and one good message for every `good_in` of them; some good ones come twice."""
    goods = 0
    huge_at = set(feed.rng.sample(range(bad), huge))
    for n in range(bad):
        yield feed.bad(n, huge=n in huge_at)
        if n % good_in == 0:
            good = feed.good(goods)
            goods += 1
            yield good
            if feed.rng.random() < 0.3:
                yield good


@cache
def _golden(topic: str) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads((_GOLDEN / f"{topic}.json").read_text())
    return golden
