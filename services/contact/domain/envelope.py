"""The address on an envelope: the name, the street, the place; nothing of a debt (1006.22(f)(2))."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address in its parts, or on its one line where nobody gave the parts."""

    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    line: str | None = None


def envelope(name: str, address: PostalAddress) -> tuple[str, ...]:
    """The lines of an address; empty when there is none. Small letters become capitals, as the Postal Service asks."""
    if address.street:
        place = " ".join(part for part in (address.city, address.region, address.postal_code) if part)
        lines = (address.street, place)
    elif address.line:
        street, _, place = address.line.partition(", ")
        lines = (street.upper(), place.upper())
    else:
        return ()
    return tuple(line for line in (name, *lines) if line)
