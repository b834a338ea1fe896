"""What the topics tell of the demo's promises, arrangements and accounts: the figures of its summary."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from deploy.local.books.topics import ARRANGEMENT_STATES, PROMISE_STATES, History


@dataclass(frozen=True, slots=True)
class Stories:
    """Lives counted by aggregate: the states that they ended in, and what happened on the way."""

    last: dict[str, Counter[str]] = field(default_factory=dict)
    completed: int = 0
    reopened: int = 0
    cured: int = 0


def stories(history: History) -> Stories:
    """Reads them from every message since the beginning."""
    last: dict[str, Counter[str]] = {}
    completed = reopened = 0
    for kind, topics in (("promise", PROMISE_STATES), ("arrangement", ARRANGEMENT_STATES)):
        lives: dict[str, dict[int, str]] = defaultdict(dict)
        for message in history.of(*topics):
            lives[message.body[f"{kind}_id"]][message.version or 0] = message.body["status"]
        last[kind] = Counter(life[max(life)] for life in lives.values())
        if kind == "arrangement":
            completed, reopened = _endings([[life[version] for version in sorted(life)] for life in lives.values()])
    return Stories(last, completed, reopened, len(history.of("account.cured")))


def _endings(lives: list[list[str]]) -> tuple[int, int]:
    """How many arrangements were ever completed, and how many of these left that state again."""
    completed = [states[states.index("completed") :] for states in lives if "completed" in states]
    return len(completed), sum(any(state != "completed" for state in states) for states in completed)
