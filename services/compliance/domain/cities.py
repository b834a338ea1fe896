"""Cities that have rules of their own, by the names, postal codes and area codes that tell them."""

from dataclasses import dataclass

from shared.postal_codes import spread


@dataclass(frozen=True, slots=True)
class City:
    """A city that has rules of its own. Names are in small letters; codes that reach into the city belong to it."""

    jurisdiction: str
    region: str
    names: frozenset[str]
    postal_prefixes: frozenset[str]
    area_codes: frozenset[str]


_BOROUGHS_AND_QUARTERS = """
new york|new york city|nyc|manhattan|brooklyn|bronx|the bronx|queens|staten island|arverne|astoria|bayside|bellerose
breezy point|cambria heights|college point|corona|east elmhurst|elmhurst|far rockaway|floral park|flushing
forest hills|fresh meadows|glen oaks|hollis|howard beach|jackson heights|jamaica|kew gardens|little neck
long island city|maspeth|middle village|oakland gardens|ozone park|queens village|rego park|richmond hill|ridgewood
rockaway park|roosevelt island|rosedale|saint albans|st albans|south ozone park|south richmond hill
springfield gardens|sunnyside|whitestone|woodhaven|woodside
"""

CITIES: tuple[City, ...] = (
    City(
        jurisdiction="US-NY-NYC",
        region="NY",
        names=frozenset(_BOROUGHS_AND_QUARTERS.strip().replace("\n", "|").split("|")),
        # 11001, 11004, 11005 and 11040 lie across the border of Queens and Nassau.
        postal_prefixes=frozenset(spread("100-104 111-114 116 11001 11004 11005 11040")),
        area_codes=frozenset({"212", "332", "347", "465", "646", "718", "917", "929"}),
    ),
)
