"""What one choice of a person does to another: revocations end consents, a later own word takes a refusal back."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.compliance.store.choice_forms import consents, refusals

NAMES = UUID("5f0c4f0e-6a1b-4c55-9d53-0f5f0d3c1409")
FIRST, NEXT, LAST = (datetime(2026, 6, day, 12, tzinfo=UTC) for day in (1, 5, 9))
ONE, OTHER = uuid5(NAMES, "one"), uuid5(NAMES, "other")


def row(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "consent_id": uuid5(NAMES, name),
        "channel": "phone",
        "purpose": "contact",
        "contact_point_id": None,
        "account_ids": [],
        "basis": "direct",
        "granted_at": None,
        "starts_on": None,
        "ends_on": None,
        "revoked_at": None,
        **changes,
    }


@pytest.mark.parametrize(
    ("consent", "revocation"),
    [
        ({"channel": "phone"}, {"channel": "phone"}),
        ({"channel": "phone"}, {"channel": "any"}),
        ({"channel": "voicemail"}, {"channel": "phone"}),
        ({"contact_point_id": None}, {"contact_point_id": ONE}),
        ({"account_ids": []}, {"account_ids": [ONE]}),
        ({"account_ids": [ONE, OTHER]}, {"account_ids": [ONE]}),
    ],
)
def test_a_revocation_that_meets_a_consent_ends_it(consent: dict[str, Any], revocation: dict[str, Any]) -> None:
    """Comment 14(b)(3)(i)-2: revoked is revoked, also where the word for it was narrower than the consent."""
    rows = [row("consent", granted_at=FIRST, **consent), row("revocation", revoked_at=NEXT, **revocation)]
    assert [each.revoked_at for each in consents(rows)] == [NEXT]


@pytest.mark.parametrize(
    ("consent", "revocation"),
    [
        ({"channel": "email"}, {"channel": "sms"}),
        ({"contact_point_id": OTHER}, {"contact_point_id": ONE}),
        ({"account_ids": [OTHER]}, {"account_ids": [ONE]}),
        ({"purpose": "time"}, {"purpose": "work"}),
        ({"granted_at": LAST}, {}),
    ],
)
def test_a_revocation_of_something_else_ends_nothing(consent: dict[str, Any], revocation: dict[str, Any]) -> None:
    rows = [row("consent", **{"granted_at": FIRST, **consent}), row("revocation", revoked_at=NEXT, **revocation)]
    assert [each.revoked_at for each in consents(rows)] == [None]


def test_who_revokes_one_medium_of_all_keeps_the_others() -> None:
    rows = [row("consent", channel="any", granted_at=FIRST), row("revocation", channel="sms", revoked_at=NEXT)]
    assert {each.channel: each.revoked_at for each in consents(rows)} == {
        "phone": None, "email": None, "sms": NEXT, "letter": None, "in_person": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("later", "is_taken_back"),
    [
        ({}, True),
        ({"revoked_at": LAST}, False),
        ({"ends_on": date(2026, 6, 6)}, False),
        ({"basis": "given_to_creditor"}, False),
        ({"granted_at": FIRST - timedelta(days=1)}, False),
    ],
)
def test_a_refusal_is_taken_back_by_the_persons_later_word_for_good(
    later: dict[str, Any], *, is_taken_back: bool
) -> None:
    """12 CFR 1006.14(h)(1): a consent that has ended again leaves the refusal as it was."""
    rows = [row("refusal", revoked_at=FIRST), row("consent", **{"granted_at": NEXT, **later})]
    assert [each.withdrawn_at for each in refusals(rows, [])] == [NEXT if is_taken_back else None]
