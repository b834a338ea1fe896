"""A party of whom 200 facts are known, and the contacts that are asked about: what a decision is measured on.

Everything is made from a seed. Ids are of the class that comes from the database.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from services.compliance.domain.facts import (
    Attempt,
    Channel,
    Consent,
    ContactPoint,
    Creditor,
    Debt,
    Direction,
    Dispute,
    Facts,
    Location,
    Party,
    PlaceDesignation,
    Purpose,
    Refusal,
    Representation,
    Request,
    Restriction,
    Role,
    TimeDesignation,
)
from shared.ids import in_c

FACTS = 200
NOW = datetime(2026, 10, 21, 17, 0, tzinfo=UTC)
_DAY = timedelta(days=1)
_CALLS = ("no_answer",) * 6 + ("voicemail_lcm", "busy", "hung_up_early", "rpc_refused", "inbound_rpc")


class KnownParty:
    """A consumer with three debts, a mobile telephone of one state and an address in another, and a long history."""

    def __init__(self, seed: int, role: Role = Role.THIRD_PARTY_COLLECTOR) -> None:
        self._random = Random(seed)  # noqa: S311 - the same facts every time
        self.accounts = tuple(self._id() for _ in range(3))
        self.phone, self.email, self.address = (self._id() for _ in range(3))
        self.party_id = self._id()
        self.facts = self._facts(role)

    def _id(self) -> UUID:
        return in_c(UUID(int=self._random.getrandbits(128), version=4))

    def _ago(self, first: float, last: float) -> datetime:
        return NOW - self._random.uniform(first, last) * _DAY

    def _facts(self, role: Role) -> Facts:
        """Three debts, six contact points, two places, 150 contacts over 400 days, and 39 of all other kinds."""
        return Facts(
            creditor=Creditor(self._id(), role),
            party=Party(self.party_id, "natural_person", "en"),
            debts=tuple(Debt(each, "open", "credit_card", True, 45) for each in self.accounts),  # noqa: FBT003
            contact_points=(
                ContactPoint(self.phone, "phone", "mobile", is_verified=True, used_by_consumer_at=self._ago(1, 50),
                             not_reassigned_at=self._ago(1, 20)),
                ContactPoint(self.email, "email", is_verified=True, used_by_consumer_at=self._ago(1, 50)),
                ContactPoint(self.address, "address", "home", is_verified=True),
                *(ContactPoint(self._id(), "phone", "home", wrong_since=self._ago(20, 300)) for _ in range(3)),
            ),
            locations=(
                Location("address", ("America/New_York",), ("US-MA",)),
                Location("phone", ("America/Los_Angeles",), ("US-CA",)),
            ),
            inconvenient_times=tuple(
                TimeDesignation(self._id(), self._ago(20, 90), frozenset({day}), 540, 600) for day in (0, 4, 5, 6)
            ),
            inconvenient_places=(PlaceDesignation(self._id(), "work", self._ago(20, 90)),),
            refusals=(Refusal(self._id(), Channel.SMS, self._ago(50, 90), withdrawn_at=self._ago(5, 40)),),
            restrictions=tuple(
                Restriction(self._id(), "complaint_hold", self._ago(90, 200), lifted_at=self._ago(10, 80))
                for _ in range(6)
            ),
            representations=(
                Representation(self._id(), self._ago(200, 300), is_reachable=True, ended_at=self._ago(90, 100)),
            ),
            disputes=tuple(
                Dispute(self._id(), self.accounts[0], "fdcpa_validation", self._ago(200, 300), is_written=True,
                        answered_at=self._ago(90, 150))
                for _ in range(6)
            ),
            consents=tuple(
                Consent(self._id(), scope, self._ago(1, 200), revoked_at=None if n % 2 else NOW - _DAY)
                for n, scope in enumerate(("electronic", "call_frequency", "attorney", "automated", "place") * 4)
            ),
            attempts=tuple(self._attempt() for _ in range(150)),
        )  # fmt: skip

    def _attempt(self) -> Attempt:
        """A contact of the last 400 days; calls mostly, as a call centre makes them."""
        channel = self._random.choice((Channel.PHONE,) * 4 + (Channel.EMAIL, Channel.LETTER))
        if channel is Channel.PHONE:
            code = self._random.choice(_CALLS)
            point = self.phone
        else:
            code, point = ("email_sent", self.email) if channel is Channel.EMAIL else ("letter_sent", self.address)
        about = (self._random.choice(self.accounts),)
        return Attempt(
            attempt_id=self._id(),
            at=self._ago(0.5, 400),
            channel=channel,
            account_ids=about,
            result_code=code,
            direction=Direction.INBOUND if code == "inbound_rpc" else Direction.OUTBOUND,
            debts_discussed=about if "rpc" in code else (),
            contact_point_id=point,
        )

    def requests(self) -> Sequence[Request]:
        """Calls, e-mails, texts and letters about each debt; by day, and before the hours open in the west."""
        points = {
            Channel.PHONE: self.phone,
            Channel.EMAIL: self.email,
            Channel.SMS: self.phone,
            Channel.LETTER: self.address,
        }
        return [
            Request(self.party_id, (account,), channel, point, Purpose.COLLECTION, NOW - timedelta(hours=early))
            for account in self.accounts
            for channel, point in points.items()
            for early in (0, 0, 0, 4)
        ]


def count_facts(facts: Facts) -> int:
    """How many facts there are: everything that is listed, the party and the creditor."""
    listed = (
        facts.debts, facts.contact_points, facts.locations, facts.inconvenient_times, facts.inconvenient_places,
        facts.refusals, facts.restrictions, facts.representations, facts.disputes, facts.consents, facts.attempts,
    )  # fmt: skip
    return sum(map(len, listed)) + 2
