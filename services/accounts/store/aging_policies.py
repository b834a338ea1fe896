"""Where stages begin, by creditor and product: what an institution has stated, else what is shipped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.accounts.domain.delinquency import StagePolicy, default_stages
from services.accounts.domain.dues import ProductClass
from services.accounts.tables.creditors import AGING_POLICY
from shared.db.sets import load_rows, upsert_rows
from shared.db.transaction import Tx


@dataclass(frozen=True, slots=True)
class Policies:
    """Where stages begin, by creditor and product; a product without a policy of its own has the shipped one."""

    own: Mapping[tuple[UUID, str], StagePolicy]
    versions: Mapping[tuple[UUID, str], int]

    def of(self, creditor_id: UUID, product_class: ProductClass) -> StagePolicy:
        """The policy of a product of a creditor."""
        return self.own.get((creditor_id, product_class)) or default_stages(product_class)

    def version(self, creditor_id: UUID, product_class: ProductClass) -> int:
        """How often the policy was stated; 0: it is the shipped one."""
        return self.versions.get((creditor_id, product_class), 0)


async def load_policies(tx: Tx, creditor_ids: Iterable[UUID]) -> Policies:
    """The policies that differ from the shipped ones."""
    rows = await load_rows(tx, AGING_POLICY, "creditor_id", sorted(set(creditor_ids)))
    keyed = {(row["creditor_id"], row["product_class"]): row for row in rows}
    return Policies(
        {key: _policy(row) for key, row in keyed.items()}, {key: row["version"] for key, row in keyed.items()}
    )


def _policy(row: Mapping[str, Any]) -> StagePolicy:
    return StagePolicy(row["early_from"], row["mid_from"], row["late_from"], row["pre_charge_off_from"])


async def save_policy(
    tx: Tx, creditor_id: UUID, product_class: ProductClass, policy: StagePolicy, *, version: int
) -> None:
    """Writes the policy of a product of a creditor."""
    row = {
        "creditor_id": creditor_id,
        "product_class": product_class,
        "early_from": policy.early_from,
        "mid_from": policy.mid_from,
        "late_from": policy.late_from,
        "pre_charge_off_from": policy.pre_charge_off_from,
        "version": version,
    }
    await upsert_rows(tx, AGING_POLICY, [row], key=["creditor_id", "product_class"])
