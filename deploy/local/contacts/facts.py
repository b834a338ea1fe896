"""What the checker reads: the tables of contact and compliance, each in one state, and the events of contact.

The queries name columns of the services' own tables: a change there that the checker does not know fails loudly.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from deploy.local.books.databases import Row, read_tables
from deploy.local.books.topics import History, Reader
from deploy.local.contacts.clocks import ANYWHERE, wall_clocks, zone_of_state, zones_of_phone

CALLS = frozenset({"phone", "voicemail"})
TOPICS = ("contact.attempted", "contact.completed")
LEARNT = ("contact_point.invalidated", "contact_point.verified", "contact_point.given", "restriction.placed")
_OF_ANY_DEBT = frozenset({"regf.medium", "regf.optout"})
"""Rules that are not for consumers' debts alone."""
Mark = tuple[datetime, str | None]
"""When a contact point was found to be no good, and why; None: when it was verified."""
_OF = "WHERE $1::uuid IS NULL OR {table}.creditor_id = $1"
_ALL = f"SELECT * FROM {{table}} {_OF}"
CONTACT = {
    "attempt": f"""
        SELECT contact_attempt.*, p.value, p.label
        FROM contact_attempt LEFT JOIN contact_point p USING (contact_point_id)
        {_OF.format(table="contact_attempt")} ORDER BY placed_at""",
    "message": _ALL.format(table="out_message"),
    "standing": _ALL.format(table="point_standing"),
    "opt_out": """
        SELECT p.contact_point_id, o.channel, o.opted_out_at FROM opt_out o JOIN contact_point p USING (value_key)
        WHERE $1::uuid IS NULL OR p.creditor_id = $1""",
    "outbox": "SELECT count(*) AS waiting, now() AS now, $1::uuid AS creditor_id FROM outbox",
}
COMPLIANCE = {
    "attempt": _ALL.format(table="attempt"),
    "permit": f"""
        SELECT permit.*, d.outcome, d.purpose FROM permit JOIN decision d USING (decision_id)
        {_OF.format(table="permit")}""",
    "restriction": _ALL.format(table="restriction"),
    "representation": _ALL.format(table="representation"),
    "consent": _ALL.format(table="consent"),
    "preference": _ALL.format(table="preference"),
    "point_mark": "SELECT point_mark.*, $1::uuid AS creditor_id FROM point_mark",
    "creditor": _ALL.format(table="creditor_view"),
    "party": _ALL.format(table="party_view"),
    "account": _ALL.format(table="account_view"),
    "switch": _ALL.format(table="policy_switch"),
}


@dataclass(frozen=True)
class Facts:
    """Everything that was read, with what the checks look up in it."""

    contact: Mapping[str, Sequence[Row]]
    compliance: Mapping[str, Sequence[Row]]
    history: History

    @cached_property
    def placed(self) -> list[Row]:
        """The contacts that we made, the oldest first."""
        return [row for row in self.contact["attempt"] if row["direction"] == "outbound"]

    @cached_property
    def permits(self) -> dict[UUID, Row]:
        """Permits by their id, each with the outcome of its decision."""
        return {row["permit_id"]: row for row in self.compliance["permit"]}

    @cached_property
    def consents(self) -> dict[UUID, list[Row]]:
        """Consents and refusals by party."""
        return _by(self.compliance["consent"], "party_id")

    @cached_property
    def preferences(self) -> dict[UUID, list[Row]]:
        """Inconvenient times and stated places by party."""
        return _by(self.compliance["preference"], "party_id")

    @cached_property
    def parties(self) -> dict[UUID, Row]:
        """Parties by their id, as they are today."""
        return {row["party_id"]: row for row in self.compliance["party"]}

    @cached_property
    def accounts(self) -> dict[UUID, Row]:
        """Accounts by their id, as they are today."""
        return {row["account_id"]: row for row in self.compliance["account"]}

    @cached_property
    def marks(self) -> dict[UUID, set[Mark]]:
        """What was learnt of each contact point, as anybody tells it: the services keep the latest alone."""
        found: dict[UUID, set[Mark]] = {}
        for point_id, at, why in (*_stored_marks(self), *_told_marks(self.history)):
            found.setdefault(point_id, set()).add((at, why))
        return found

    @cached_property
    def told_of(self) -> dict[UUID, dict[UUID, datetime]]:
        """By restriction: the accounts for which it was published, and when first."""
        found: dict[UUID, dict[UUID, datetime]] = {}
        for message in self.history.of("restriction.placed"):
            at = datetime.fromtimestamp(message.produced_at / 1000, UTC)
            accounts = found.setdefault(UUID(message.body["restriction_id"]), {})
            account_id = UUID(message.body["account_id"])
            accounts[account_id] = min(at, accounts.get(account_id, at))
        return found

    @cached_property
    def _kinds(self) -> dict[UUID, str]:
        return {row["creditor_id"]: row["kind"] for row in self.compliance["creditor"]}

    @cached_property
    def _calendars(self) -> dict[UUID, str]:
        return {row["creditor_id"]: row["time_zone"] for row in self.compliance["creditor"]}

    @cached_property
    def _off(self) -> set[tuple[UUID, str]]:
        return {(row["creditor_id"], row["rule_id"]) for row in self.compliance["switch"] if not row["is_on"]}

    def binds(self, rule: str, attempt: Row) -> bool:
        """Whether a rule bound this contact: by law, or by a policy that is not switched off.

        A policy binds everybody, and for every debt. Of the rest nothing binds who repossesses, save bankruptcy.
        """
        creditor_id = attempt["creditor_id"]
        is_policy, is_bankruptcy = rule.startswith("policy."), rule.startswith("bk.")
        if not (is_policy or is_bankruptcy) and self._kinds.get(creditor_id, "repossessor") == "repossessor":
            return False
        is_of_debt = is_policy or rule in _OF_ANY_DEBT or any(map(self.is_consumers, attempt["account_ids"]))
        return is_of_debt and (creditor_id, rule) not in self._off

    def is_consumers(self, account_id: UUID) -> bool:
        """Whether a debt is a consumer's: any that is not known to be commercial."""
        account = self.accounts.get(account_id)
        return account is None or account["product_class"] != "commercial"

    def was_wrong(self, attempt: Row, by: datetime) -> bool:
        """Whether the number was another's all along, learnt after the contact and by then (comment 14(b)(2)(i)-3)."""
        marks = self.marks.get(attempt["contact_point_id"], ())
        return any(why == "wrong_number" and attempt["placed_at"] <= at <= by for at, why in marks)

    def zones(self, attempt: Row) -> frozenset[str]:
        """The zones in which the person may be, by the number used and the state that they live in."""
        value = attempt["value"] or ""
        of_number = zones_of_phone(value) if value.startswith("+") else frozenset()
        party = self.parties.get(attempt["party_id"])
        return of_number | zone_of_state(None if party is None else party["region"])

    def is_elsewhere(self, attempt: Row, at: datetime) -> bool:
        """Whether the person had said where they are: then no number and no address tells their clock."""
        return any(
            row["kind"] == "location" and row["known_at"] <= at and not has_ended(row, at)
            for row in self.preferences.get(attempt["party_id"], ())
        )

    def days_between(self, earlier: datetime, attempt: Row) -> int:
        """The most calendar days between the two that any zone of the person shows."""
        zones = self.zones(attempt)
        if not zones or self.is_elsewhere(attempt, attempt["placed_at"]):
            zones |= ANYWHERE
        pairs = zip(wall_clocks(earlier, zones), wall_clocks(attempt["placed_at"], zones), strict=True)
        return max((after.date() - before.date()).days for before, after in pairs)

    def latest_day(self, attempt: Row, at: datetime) -> date:
        """The latest day that it is at an instant, by the creditor's calendar or where the person may be."""
        zones = self.zones(attempt) | {self._calendars.get(attempt["creditor_id"], "UTC")}
        return max(clock.date() for clock in wall_clocks(at, zones))

    def permitted_at(self, attempt: Row) -> Any:
        """When the contact was decided on: what came later could not stop it."""
        permit = self.permits.get(attempt["permit_id"])
        return attempt["placed_at"] if permit is None else permit["reserved_at"]


def did_leave(attempt: Row) -> bool:
    """Whether a contact was made at all: a call that failed was placed, a message that failed went to nobody."""
    return attempt["result_code"] != "network_failure" or attempt["channel"] in CALLS


def has_ended(row: Row, at: datetime) -> bool:
    """Whether what a person said was over or taken back by then."""
    return any(row[name] is not None and row[name] <= at for name in ("ends_at", "withdrawn_at"))


def _stored_marks(facts: Facts) -> Iterator[tuple[UUID, datetime, str | None]]:
    for row in facts.contact["standing"]:
        if row["invalid_at"] is not None:
            yield row["contact_point_id"], row["invalid_at"], row["invalid_reason"]
        if row["verified_at"] is not None:
            yield row["contact_point_id"], row["verified_at"], None
    for row in facts.compliance["point_mark"]:
        if row["mark"] in {"invalid", "verified"}:
            yield row["contact_point_id"], row["at"], row["detail"] if row["mark"] == "invalid" else None


def _told_marks(history: History) -> Iterator[tuple[UUID, datetime, str | None]]:
    for message in history.of("contact_point.invalidated"):
        yield _point(message.body), datetime.fromisoformat(message.body["at"]), message.body["reason"]
    for message in history.of("contact_point.verified"):
        yield _point(message.body), datetime.fromisoformat(message.body["verified_at"]), None
    for message in history.of("contact_point.given"):
        for one in message.body["contact_points"]:
            if one["status"] == "verified":
                yield _point(one), datetime.fromisoformat(one["given_at"]), None


def _point(body: Mapping[str, str]) -> UUID:
    return UUID(body["contact_point_id"])


def _by(rows: Iterable[Row], name: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found


async def read_facts(contact_dsn: str, compliance_dsn: str, reader: Reader, creditor_id: UUID | None) -> Facts:
    """Reads everything of one creditor, or of all."""
    contact = await read_tables(contact_dsn, CONTACT, creditor_id)
    # Compliance is read after contact, and the topics last: what is newer in them is looked at by nobody.
    compliance = await read_tables(compliance_dsn, COMPLIANCE, creditor_id)
    only = None if creditor_id is None else str(creditor_id)
    history = await reader.history(await reader.ends(TOPICS), only)
    learnt = await reader.history(await reader.ends(LEARNT), only)
    return Facts(contact, compliance, History({**history.messages, **learnt.messages}, history.is_whole))


async def until_counted(contact_dsn: str, compliance_dsn: str, wait_s: float) -> None:
    """Waits until compliance has heard of every contact and its outcome, or the time is over: then the checks tell."""
    give_up = asyncio.get_running_loop().time() + wait_s
    while asyncio.get_running_loop().time() < give_up:
        contact = await read_tables(contact_dsn, _SENT, None)
        compliance = await read_tables(compliance_dsn, _HEARD, None)
        if contact["outbox"][0]["waiting"] == 0 and contact["seen"][0]["seen"] == compliance["seen"][0]["seen"]:
            return
        await asyncio.sleep(_POLL_S)


_POLL_S = 0.2
_SENT = {
    "outbox": CONTACT["outbox"],
    "seen": "SELECT (count(*), count(result_code))::text AS seen, $1::uuid AS creditor_id FROM contact_attempt",
}
_HEARD = {"seen": "SELECT (count(*), count(result_code))::text AS seen, $1::uuid AS creditor_id FROM attempt"}
