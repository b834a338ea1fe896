"""A permit: what may become of it. Pure.

It counts against every limit from its reservation until it is reported; expiry forbids to place it and takes nothing
back. That it was placed outweighs every other report, whichever came first.
"""

from collections.abc import Mapping
from typing import Final, Literal

State = Literal["reserved", "placed", "not_placed"]

TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    "reserved": frozenset({"placed", "not_placed"}),
    "not_placed": frozenset({"placed"}),
    "placed": frozenset(),
}
