"""How much bad input: a little in a run of the whole suite, as much as `make fuzz EXAMPLES=100000` says by hand."""

import os
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Scale:
    """How many of each, from one number and one seed."""

    seed: int
    examples: int

    @property
    def messages(self) -> int:
        return self.examples

    @property
    def huge(self) -> int:
        """Messages of 1 to 10 MB. None in a short run: the fault R8 sends one there."""
        return self.examples // 2_500

    @property
    def files(self) -> int:
        return self.examples // 10

    @property
    def accounts(self) -> int:
        """Accounts of the book that requests are sent to."""
        return min(300, self.examples // 50)

    @property
    def requests(self) -> int:
        """Generated requests to each operation in each phase."""
        return max(3, self.examples // 1_000)


@pytest.fixture(scope="session")
def scale() -> Scale:
    return Scale(int(os.environ.get("SEED", "1")), int(os.environ.get("EXAMPLES", "1000")))
