"""Which topics the services read, and when all five of them have done all that there is to do."""

from collections.abc import Mapping
from typing import Any

from deploy.contracts import _NOWHERE, SERVICES
from deploy.local.books.rest import Databases, come_to_rest
from deploy.local.books.topics import Reader
from shared.messaging.message import group_of
from tests.e2e.stack_operator import Operator

NAMES = tuple(service.name for service in SERVICES)
_SETTLE_S = 600.0


def _groups() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for service in SERVICES:
        settings: Any = service.settings(**_NOWHERE)
        for each in service.subscriptions(settings):
            group = group_of(service.name, each.loop)
            found[group] = found.get(group, frozenset()) | frozenset(each.topics)
    return found


GROUPS = _groups()
"""What each consumer group of the services reads."""
CONSUMED = frozenset[str]().union(*GROUPS.values())
"""Every topic that any service reads."""


async def settle(operator: Operator) -> None:
    """Wait until every partition is read to its end, every event sent and every job done; fails with what is left."""
    dsns = {service: operator.stack.database(service).service_dsn for service in NAMES}
    databases = Databases(payments=dsns.pop("payments"), accounts=dsns.pop("accounts"), others=dsns)
    groups = {name: tuple(topics) for name, topics in GROUPS.items()}
    async with Reader(operator.stack.bootstrap_servers) as reader:
        await come_to_rest(reader, databases, _SETTLE_S, groups)
