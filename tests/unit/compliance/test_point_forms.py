"""What the sources of a contact point say of it together."""

from typing import Any
from uuid import UUID

import pytest

from services.compliance.store.point_forms import contact_point

POINT = UUID("5f0c4f0e-6a1b-4c55-9d53-0f5f0d3c1410")


def row(label: str) -> dict[str, Any]:
    return {"contact_point_id": POINT, "kind": "phone", "value": "+13125550101", "label": label, "is_verified": False}


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        (("home", "work"), "work"),
        (("mobile", "other", "work"), "work"),
        (("other", "mobile"), "mobile"),
        (("other", "other"), "other"),
        (("home", "mobile"), "home"),
    ],
)
def test_a_number_that_anybody_calls_one_of_work_is_one(labels: tuple[str, ...], label: str) -> None:
    """12 CFR 1006.6(b)(3): what a vendor calls it takes away no reason to know."""
    assert contact_point([row(each) for each in labels], (), None, (), None).label == label
