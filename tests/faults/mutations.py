"""Breaks the product on purpose, in the processes that are launched with faults: each case must then find something.

`python -m tests.faults --case C1 --mutation no-locks` ends with 1. Nothing of this is in the product.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import orjson

from shared.db.locks import Locks
from shared.ids import new_id


def _forget_the_inbox(_module: str) -> None:
    """No event is marked as applied: what comes twice is handled twice."""

    async def claim(_tx: Any, messages: Sequence[Any]) -> list[Any]:
        return list(messages)

    _replace("shared.messaging.inbox", "claim", claim)


def _look_at_one_zone(module: str) -> None:
    """Hours are right when they are so in one of the zones where the consumer may be."""
    if module != "services.compliance":
        return
    timing = import_module("services.compliance.domain.checks.timing")
    is_within = timing.is_within

    def in_one(clocks: Sequence[datetime], *hours: Any) -> bool:
        return any(is_within([clock], *hours) for clock in clocks)

    _replace(timing.__name__, "is_within", in_one)


def _take_any_key(_module: str) -> None:
    """A token whose key is not known is believed."""
    module = import_module("shared.http.authenticator")
    claims_of = module._claims

    class OneForAll(dict[str, Any]):
        pass

    async def key(jwks: Any, kid: str) -> Any:
        return jwks._keys.get(kid, OneForAll())

    def claims(token: str, found: Any, algorithm: str) -> Any:
        if not isinstance(found, OneForAll):
            return claims_of(token, found, algorithm)
        return orjson.loads(module.base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    import_module("shared.http.jwks").Jwks.key = key
    _replace(module.__name__, "_claims", claims)


def _call_without_answer(module: str) -> None:
    """When compliance does not answer, contact goes on as if it had allowed."""
    if module != "services.contact":
        return
    gateway = import_module("services.contact.gateways.compliance")
    ask = gateway.Compliance.ask

    async def or_go_on(compliance: Any, question: Any) -> Any:
        try:
            return await ask(compliance, question)
        except gateway.ComplianceUnavailableError:
            clock = import_module("shared.clock").SystemClock()
            permit = gateway.Permit(id=new_id(), expires_at=clock.now() + timedelta(minutes=2))
            return gateway.Decision(outcome="allow", permit=permit)

    gateway.Compliance.ask = or_go_on


def _take_no_locks(module: str) -> None:
    """Decisions hold the locks of nobody."""
    if module == "services.compliance":
        _replace("services.compliance.app", "_locks", lambda _command: Locks())


def _forget_who_asks(_module: str) -> None:
    """A list shows what there is of every creditor."""

    def seen(_principal: Any, creditor_id: UUID | None = None) -> list[UUID] | None:
        return None if creditor_id is None else [creditor_id]

    _replace("shared.http.routes", "seen", seen)


MUTATIONS: Mapping[str, Callable[[str], None]] = {
    "no-inbox": _forget_the_inbox,
    "one-zone": _look_at_one_zone,
    "any-key": _take_any_key,
    "no-answer": _call_without_answer,
    "no-locks": _take_no_locks,
    "no-tenant": _forget_who_asks,
}
"""What can be broken, by name; each gets the module that the process is to run."""


def _replace(module: str, name: str, value: object) -> None:
    setattr(import_module(module), name, value)
