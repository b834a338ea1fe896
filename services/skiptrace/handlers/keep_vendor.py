"""Makes or changes a vendor: prices, purposes and layout are data, and what is under way keeps its reserved price."""

import re
from collections.abc import Callable
from datetime import date, datetime

from services.skiptrace.domain.mapping import MappingError, Subject, layout_from, request_body
from services.skiptrace.handlers.actor import Actor
from services.skiptrace.schemas.vendors import VendorRequest
from services.skiptrace.store.vendors import load_vendors, lock_vendors, save_vendor
from shared.contact_points import address_line
from shared.db.transaction import Tx
from shared.errors import Refusal

_A_DAY = date(1980, 1, 31)
_SOMEBODY = Subject("x", "x", _A_DAY, "x", "x", "x", "x")
"""All that can be known of a person: a layout that cannot hold it is refused here, not at the first search."""
_BAD_DATES = Refusal("vendor-layout-invalid", "A date that is written so cannot be read again.", "layout")
_MAKE_PLACE = "SELECT pg_advisory_xact_lock(hashtextextended('vendor', 0))"


async def keep_vendor(
    tx: Tx, actor: Actor, code: str, request: VendorRequest, precondition: Callable[[int], None] | None
) -> str | Refusal:
    """Save a vendor and return its code. Refuses: `vendor-layout-invalid`.

    `precondition` raises when the version is not one that the caller has seen.
    """
    refused = _check(request)
    if refused is not None:
        return refused
    await tx.execute(_MAKE_PLACE)
    await lock_vendors(tx, [code])
    known = (await load_vendors(tx)).get(code)
    if precondition is not None:
        precondition(0 if known is None else known["version"])
    values = request.model_dump(mode="json")
    before = None if known is None else {name: known[name] for name in values}
    if before == values:
        return code
    version = 1 if known is None else known["version"] + 1
    await save_vendor(
        tx, {"code": code, **values, "version": version, "updated_at": tx.clock.now(), "updated_by": actor.sub}
    )
    return code


def _check(request: VendorRequest) -> Refusal | None:
    layout = layout_from(request.layout.model_dump())
    for kind, points in layout.points.items():
        if kind == "address" and address_line(dict.fromkeys(points.parts, "x")) is None:
            return Refusal("vendor-layout-invalid", "An address needs a place for its street.", "layout")
        if kind != "address" and not points.value:
            return Refusal("vendor-layout-invalid", f"A {kind} needs a place for its value.", "layout")
    try:
        request_body(layout, _SOMEBODY, request.purposes[0], "x")
    except MappingError as error:
        return Refusal("vendor-layout-invalid", f"A search cannot be laid out: {error}.", "layout")
    return None if _is_read_as_written(layout.date_format) else _BAD_DATES


def _is_read_as_written(date_format: str) -> bool:
    try:
        read = datetime.strptime(_A_DAY.strftime(date_format), date_format)  # noqa: DTZ007 - a day has no zone
        return read.date() == _A_DAY
    except (ValueError, re.error):  # a directive that stands twice makes an expression that cannot be compiled
        return False
