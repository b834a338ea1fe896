"""What is known of an address or number besides: read with the ETag that changes it, by whom its creditor is for."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.compliance.contact_desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("compliance"), issuer) as made:
        yield await made.open("A")


async def test_the_flags_of_a_point_are_read_and_changed_by_their_etag(desk: Desk) -> None:
    path = f"/v1/contact-points/{desk.email('A')}/flags"
    unknown = await desk.get(path)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "flags-unknown")
    said = {"party_id": str(desk.party("A")), "is_employer_provided": True}
    put = await desk.post(path, said, method="PUT")
    read = await desk.get(path, creditors=[desk.creditor])
    assert (read.status_code, read.json(), read.headers["ETag"]) == (200, put.json(), put.headers["ETag"])
    version = int(read.headers["ETag"].strip('"'))
    changed = await desk.post(path, said | {"is_public_domain": False}, method="PUT", if_match=version)
    assert changed.json()["is_public_domain"] is False
    late = await desk.post(path, said, method="PUT", if_match=version)
    assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")
    assert (await desk.get(path)).json() == changed.json()


async def test_flags_of_another_creditors_party_are_not_there(desk: Desk) -> None:
    path = f"/v1/contact-points/{desk.email('A')}/flags"
    await desk.post(path, {"party_id": str(desk.party("A")), "is_public_domain": True}, method="PUT")
    assert (await desk.get(path, creditors=[uuid4()])).status_code == 404
