"""What the checker reads: the tables of contact and compliance, each in one state, and the events of contact.

The queries name columns of the services' own tables: a change there that the checker does not know fails loudly.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from deploy.local.books.databases import Row, read_tables
from deploy.local.books.topics import History, Reader
from deploy.local.contacts.clocks import wall_clocks, zone_of_state, zones_of_phone

CALLS = frozenset({"phone", "voicemail"})
TOPICS = ("contact.attempted", "contact.completed")
_OF = "WHERE $1::uuid IS NULL OR {table}.creditor_id = $1"
_ALL = f"SELECT * FROM {{table}} {_OF}"
CONTACT = {
    "attempt": f"""
        SELECT contact_attempt.*, p.value FROM contact_attempt LEFT JOIN contact_point p USING (contact_point_id)
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
        SELECT permit.*, d.outcome FROM permit JOIN decision d USING (decision_id) {_OF.format(table="permit")}""",
    "restriction": _ALL.format(table="restriction"),
    "representation": _ALL.format(table="representation"),
    "consent": _ALL.format(table="consent"),
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
    def _kinds(self) -> dict[UUID, str]:
        return {row["creditor_id"]: row["kind"] for row in self.compliance["creditor"]}

    @cached_property
    def _calendars(self) -> dict[UUID, str]:
        return {row["creditor_id"]: row["time_zone"] for row in self.compliance["creditor"]}

    @cached_property
    def _regions(self) -> dict[UUID, str | None]:
        return {row["party_id"]: row["region"] for row in self.compliance["party"]}

    @cached_property
    def _commercial(self) -> set[UUID]:
        return {row["account_id"] for row in self.compliance["account"] if row["product_class"] == "commercial"}

    @cached_property
    def _off(self) -> set[tuple[UUID, str]]:
        return {(row["creditor_id"], row["rule_id"]) for row in self.compliance["switch"] if not row["is_on"]}

    def binds(self, rule: str, attempt: Row) -> bool:
        """Whether a rule of Regulation F bound this contact: by law, or by a policy that is not switched off."""
        kind = self._kinds.get(attempt["creditor_id"], "repossessor")
        is_consumer = not set(attempt["account_ids"]) <= self._commercial
        return is_consumer and kind != "repossessor" and (attempt["creditor_id"], rule) not in self._off

    def zones(self, attempt: Row) -> frozenset[str]:
        """The zones in which the person may be, by the number used and the state that they live in."""
        value = attempt["value"] or ""
        of_number = zones_of_phone(value) if value.startswith("+") else frozenset()
        return of_number | zone_of_state(self._regions.get(attempt["party_id"]))

    def latest_day(self, attempt: Row, at: datetime) -> date:
        """The latest day that it is at an instant, by the creditor's calendar or where the person may be."""
        zones = self.zones(attempt) | {self._calendars.get(attempt["creditor_id"], "UTC")}
        return max(clock.date() for clock in wall_clocks(at, zones))

    def permitted_at(self, attempt: Row) -> Any:
        """When the contact was decided on: what came later could not stop it."""
        permit = self.permits.get(attempt["permit_id"])
        return attempt["placed_at"] if permit is None else permit["reserved_at"]


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
    history = await reader.history(await reader.ends(TOPICS), None if creditor_id is None else str(creditor_id))
    return Facts(contact, compliance, history)


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
