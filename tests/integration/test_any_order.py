"""Invariant 8 on the real handlers: the same facts, in any order, some of them twice, end in the same state.

And that state is the one that the brute-force models compute from the facts alone. No order loses money on its way.
ANY_ORDER_SEEDS widens it by hand.
"""

import os
from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from tests.conftest import GetEngine
from tests.integration.any_order.expectation import standing_of, words_of
from tests.integration.any_order.story import Story
from tests.integration.any_order.telling import Telling
from tests.integration.world import World, open_world

SEEDS = os.environ.get("ANY_ORDER_SEEDS", "0-13")
FIRST, LAST = (int(end) for end in SEEDS.split("-"))
ORDERS = 2


@pytest_asyncio.fixture(scope="module")
async def world(issuer: Issuer, kafka: Kafka, service_engine: GetEngine) -> AsyncIterator[World]:
    engines = {name: await service_engine(name) for name in ("accounts", "payments")}
    roles = ["supervisor", "integrator", "admin"]
    async with open_world(issuer, engines, kafka.bootstrap_servers, roles) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(FIRST, LAST + 1))
async def test_any_order_of_the_same_facts_ends_in_the_state_that_the_model_computes(world: World, seed: int) -> None:
    story = Story(seed)
    ends = [await Telling(world, story, Random(seed * 1000 + n)).live() for n in range(ORDERS)]
    for end in ends:
        for account, found in zip(story.accounts, end["accounts"], strict=True):
            assert found["standing"] == standing_of(account, story.end), (account.number, account.product)
            assert [status for status, _, _ in found["words"]] == words_of(story, account), account.number
            assert found["payments"] == sorted(
                (one.ref, one.amount, "reversed" if one.reversed_on else "posted") for one in account.payments
            )
    for end in ends[1:]:
        for one, other in zip(ends[0]["accounts"], end["accounts"], strict=True):
            assert one == other, "another order ends otherwise"
