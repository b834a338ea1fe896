"""Breaks the product on purpose, in the processes of a stack that is started with this folder on PYTHONPATH.

Python imports a module of this name at its start. Each fault is patched into its module when that is imported, and
strikes payments of one amount only, so that one stack shows each alone. Nothing of this is in the product: the checker
of the books must find it.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

Break = Callable[[ModuleType], None]
FORGOTTEN_MINOR = 7_777
TWICE_MINOR = 5_555


def _forget_inbox_marks(module: ModuleType) -> None:
    """The mark of an event that was applied is dropped from the inbox again."""
    claim: Callable[..., Awaitable[list[Any]]] = module.claim

    async def forgetful(tx: Any, messages: Sequence[Any]) -> list[Any]:
        fresh = await claim(tx, messages)
        posted = [message for message in fresh if message.topic == "payment.posted"]
        await module.release(tx, [message for message in posted if message.payload.amount_minor == FORGOTTEN_MINOR])
        return fresh

    module.claim = forgetful  # type: ignore[attr-defined]


def _reverse_twice(module: ModuleType) -> None:
    """A reversal gives the money back, and then again."""
    on_top = module.on_top

    def twice(snapshot: Any, entries: Sequence[Any], reversals: Mapping[Any, Any], history: Sequence[Any] = ()) -> Any:
        found = on_top(snapshot, entries, reversals, history)
        struck = [one for one in entries if one.payment_id in reversals and one.amount_minor == TWICE_MINOR]
        return found._replace(balance_minor=found.balance_minor + TWICE_MINOR * len(struck))

    module.on_top = twice  # type: ignore[attr-defined]


BREAKS: Mapping[str, Break] = {
    "shared.messaging.inbox": _forget_inbox_marks,
    "services.accounts.domain.ledger": _reverse_twice,
}


class _Breaking(Loader):
    """Loads a module as it is, then breaks it."""

    def __init__(self, loader: Loader, apply: Break) -> None:
        self._loader, self._apply = loader, apply

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._apply(module)


class _Finder(MetaPathFinder):
    """Finds the modules that are to be broken before anybody else does."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in BREAKS:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Breaking(spec.loader, BREAKS[fullname])
        return spec


sys.meta_path.insert(0, _Finder())
