"""What every fact is: a dataclass that is never changed once it is made."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def fact(cls: type[T]) -> type[T]:
    """Make a dataclass that the type checker holds to be frozen.

    It is not frozen when it runs: a frozen one takes nine times as long to make (1.3 and 0.15 microseconds, thirteen
    fields), and every decision makes some seventy.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
