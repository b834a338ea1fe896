"""Money is a whole number of minor units in one currency; there is no float and no rounding anywhere.

Adding or comparing two currencies raises `CurrencyMismatchError`; an amount beyond `MAX_MINOR` raises `ValueError`.
"""

from dataclasses import dataclass
from typing import Self

from shared.errors import ArrearsError

MAX_MINOR = 10**15
"""The largest amount in minor units, either sign: exact in the JSON number of any client."""

_CODE_LENGTH = 3


class CurrencyMismatchError(ArrearsError):
    """Two amounts of different currencies met in one operation."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: `minor` units of `currency` (ISO 4217). Negative means a credit."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are a whole number, not {type(self.minor).__name__}")
        if abs(self.minor) > MAX_MINOR:
            raise ValueError(f"{self.minor} is beyond {MAX_MINOR} minor units")
        code = self.currency
        if len(code) != _CODE_LENGTH or not (code.isascii() and code.isalpha() and code.isupper()):
            raise ValueError(f"{code!r} is no ISO 4217 currency code")

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in `currency`."""
        return cls(0, currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.minor} {self.currency} (minor)"

    def _same(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency}")
        return other
