"""I8: one creditor's people never see, change or ask about what is another's, by any door of the contact loop."""

from collections.abc import Mapping
from typing import Any

from tests.faults.agency import Agency
from tests.faults.book import Findings

LISTS = (
    ("accounts", "/v1/accounts"),
    ("contact", "/v1/contact-attempts"),
    ("contact", "/v1/contact-blocks"),
    ("contact", "/v1/messages"),
    ("contact", "/v1/callbacks"),
    ("contact", "/v1/contact-points"),
    ("compliance", "/v1/contact-decisions"),
    ("compliance", "/v1/restrictions"),
    ("compliance", "/v1/consents"),
    ("compliance", "/v1/disputes"),
    ("skiptrace", "/v1/skip-traces"),
    ("skiptrace", "/v1/location-inquiries"),
)
"""Routes that list; asked for with no creditor named, they show what the token reaches."""
_NOT_FOUND = 404


async def peek(agency: Agency, other: Agency) -> Findings:
    """Have the people of one agency look for everything of the other."""
    findings = Findings()
    theirs = {str(other.creditor)} | {other.party_id(number) for number in other.members}
    theirs |= {other.account_id(number) for number in other.members}
    party = {"party_id": other.party_id(next(iter(other.members)))}
    for narrowed in ({}, {"creditor_id": str(other.creditor)}, party):
        for service, path in LISTS:
            seen = await _shown(agency, service, path, narrowed) & theirs
            findings.name("wrong", f"ids of another creditor at {path} {narrowed}", seen)
    attempts = [("contact", f"/v1/contact-attempts/{each}") for each in list(other.contacts.attempts)[:3]]
    restrictions = [("compliance", f"/v1/restrictions/{each}") for each in list(other.contacts.restrictions)[:3]]
    for service, path in attempts + restrictions:
        answer = await agency.insist("collector", "GET", service, path)
        findings.add("wrong", int(answer.status_code != _NOT_FOUND), f"{path} of another answers {answer.status_code}")
    return findings


async def _shown(agency: Agency, service: str, path: str, params: Mapping[str, str]) -> set[str]:
    """Every id that the first page of a list names."""
    answer = await agency.insist("auditor", "GET", service, path, params={"limit": "200", **params})
    return set(_ids(answer.json().get("items", [])))


def _ids(found: Any) -> list[str]:
    if isinstance(found, dict):
        return [each for value in found.values() for each in _ids(value)]
    if isinstance(found, list):
        return [each for value in found for each in _ids(value)]
    return [found] if isinstance(found, str) else []
