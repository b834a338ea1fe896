"""A debt collector and one consumer, told as the commentary tells its examples: calls, messages, what was said.

Times are the consumer's wall clock. Decisions are made by the rules that are shipped, as law: policies are switched
off, so that what an example calls lawful is not refused by a habit of ours.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.compliance.domain.decide import Decision, decide
from services.compliance.domain.facts import (
    Attempt,
    Channel,
    Consent,
    ContactPoint,
    Creditor,
    Debt,
    Direction,
    Facts,
    Location,
    Party,
    Purpose,
    Recipient,
    Request,
    Restriction,
    Role,
    Trait,
)
from services.compliance.domain.rules import RuleBook
from services.compliance.store.shipped import shipped_rules

EASTERN, MOUNTAIN, PACIFIC = "America/New_York", "America/Denver", "America/Los_Angeles"
_NAMES = UUID("5f0c4f0e-6a1b-4c55-9d53-0f5f0d3c1006")


@cache
def rules() -> RuleBook:
    """The rules as they are shipped."""
    return shipped_rules()


@cache
def _policies(role: Role) -> frozenset[str]:
    return frozenset(rule.rule_id for rule in rules().rules if rule.force(role) == "policy")


def name(word: str) -> UUID:
    """The id of what a word stands for."""
    return uuid5(_NAMES, word)


class Collector:
    """A third-party collector with one consumer, who lives in a state without rules of its own."""

    def __init__(self, *debts: str, zone: str = EASTERN, role: Role = Role.THIRD_PARTY_COLLECTOR) -> None:
        self.zone = ZoneInfo(zone)
        self._made = 0
        self._role = role
        self.facts = Facts(
            creditor=Creditor(name("creditor"), role, _policies(role)),
            party=Party(name("consumer"), "natural_person", "en"),
            debts=tuple(Debt(name(each), "open", is_consumer=True) for each in debts or ("debt",)),
            contact_points=(
                ContactPoint(name("mobile"), "phone", "mobile", is_verified=True),
                ContactPoint(name("landline"), "phone", "home", is_verified=True),
                ContactPoint(name("work phone"), "phone", "work", is_verified=True),
                ContactPoint(name("friend's phone"), "phone", "other", is_verified=True),
                ContactPoint(
                    name("email"), "email", is_verified=True, used_by_consumer_at=datetime(2026, 1, 5, tzinfo=UTC)
                ),
                ContactPoint(name("address"), "address", "home", is_verified=True),
            ),
            locations=(Location("address", (zone,), ("US-OH",)),),
        )

    def keeps_policies(self) -> None:
        """Switch the policies on that are shipped beside the law."""
        creditor = Creditor(name("creditor"), self._role, frozenset())
        self.facts = replace(self.facts, creditor=creditor)

    def at(self, text: str) -> datetime:
        """The instant of a wall-clock time such as `2026-04-01 10:00`; a day alone is its noon."""
        moment = datetime.fromisoformat(text if " " in text else f"{text} 12:00")
        return moment.replace(tzinfo=self.zone).astimezone(UTC)

    def knows(self, **groups: tuple[object, ...]) -> None:
        """Add facts, by the name of their group."""
        for group, added in groups.items():
            self.facts = replace(self.facts, **{group: (*getattr(self.facts, group), *added)})  # type: ignore[arg-type]

    def knows_of_point(self, word: str, **known: object) -> None:
        """Change what is known of a contact point."""
        points = tuple(
            replace(each, **known) if each.contact_point_id == name(word) else each  # type: ignore[arg-type]
            for each in self.facts.contact_points
        )
        self.facts = replace(self.facts, contact_points=points)

    def is_at(self, *locations: Location) -> None:
        """Say where the consumer may be, and nothing else."""
        self.facts = replace(self.facts, locations=locations)

    def contact(
        self,
        when: str,
        result_code: str | None = "no_answer",
        *debts: str,
        channel: Channel = Channel.PHONE,
        discussed: tuple[str, ...] = (),
        point: str = "mobile",
        direction: Direction = Direction.OUTBOUND,
        purpose: Purpose = Purpose.COLLECTION,
        to: str | None = None,
        ended: str | None = None,
    ) -> None:
        """Record a contact: ours or, inbound, the consumer's."""
        self._made += 1
        attempt = Attempt(
            attempt_id=name(f"attempt {self._made}"),
            at=self.at(when),
            channel=channel,
            account_ids=tuple(map(name, debts)) or (self.facts.debts[0].account_id,),
            result_code=result_code,
            direction=direction,
            debts_discussed=tuple(map(name, discussed)),
            contact_point_id=name(point),
            purpose=purpose,
            recipient=Recipient.CONSUMER if to is None else Recipient.THIRD_PARTY,
            recipient_id=None if to is None else name(to),
            ended_at=None if ended is None else self.at(ended),
        )
        self.knows(attempts=(attempt,))

    def calls(self, first: str, last: str, times: int = 1, *debts: str) -> None:
        """Unanswered calls, so many on each day from the first to the last."""
        day, end = date.fromisoformat(first), date.fromisoformat(last)
        while day <= end:
            for hour in range(times):
                self.contact(f"{day} {9 + hour:02}:00", "no_answer", *debts)
            day += timedelta(days=1)

    def consents(self, when: str, scope: str, **terms: object) -> None:
        """Record consent that the consumer gives."""
        self._made += 1
        self.knows(consents=(Consent(name(f"consent {self._made}"), scope, self.at(when), **terms),))  # type: ignore[arg-type]

    def restricts(self, when: str, kind: str, *, is_written: bool = True) -> None:
        """Record a restriction, received at that time."""
        self._made += 1
        restriction = Restriction(name(f"restriction {self._made}"), kind, self.at(when), is_written=is_written)
        self.knows(restrictions=(restriction,))

    def asks(
        self,
        when: str,
        *debts: str,
        channel: Channel = Channel.PHONE,
        point: str | None = None,
        purpose: Purpose = Purpose.COLLECTION,
        direction: Direction = Direction.OUTBOUND,
        recipient: Recipient = Recipient.CONSUMER,
        to: str | None = None,
        known_place: str | None = None,
        traits: frozenset[Trait] = frozenset(),
        rebuttals: tuple[str, ...] = (),
    ) -> Decision:
        """Ask whether a contact may be made at that time."""
        usual = {Channel.EMAIL: "email", Channel.LETTER: "address", Channel.IN_PERSON: "address"}
        request = Request(
            party_id=name("consumer"),
            account_ids=tuple(map(name, debts)) or (self.facts.debts[0].account_id,),
            channel=channel,
            contact_point_id=name(point or usual.get(channel, "mobile")),
            purpose=purpose,
            at=self.at(when),
            direction=direction,
            recipient=recipient,
            recipient_id=None if to is None else name(to),
            known_place=known_place,
            traits=traits,
            rebuttals=rebuttals,
        )
        return decide(request, self.facts, rules())
