"""In which state a postal code of the United States lies, and in which of its time zones.

A postal code narrows the zones of a state only where its whole prefix lies in one of them.
"""

from collections.abc import Mapping

from shared.places import CENTRAL, EASTERN, MOUNTAIN, PACIFIC

_NARROWER: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("FL", "320-322 326-339 341 342 344 346 347 349", (EASTERN,)),
    ("FL", "325", (CENTRAL,)),
    ("TN", "370-372 375 380-385", (CENTRAL,)),
    ("TN", "374 376 379", (EASTERN,)),
    ("KY", "402-418", (EASTERN,)),
    ("KY", "420-424", (CENTRAL,)),
    ("IN", "460-462 466-468 473 478", ("America/Indiana/Indianapolis",)),
    ("IN", "464 476-477", (CENTRAL,)),
    ("MI", "480-497", ("America/Detroit",)),
    ("KS", "660-662 664-676 679", (CENTRAL,)),
    ("NE", "680-681 683-689", (CENTRAL,)),
    ("NE", "693", (MOUNTAIN,)),
    ("ND", "580-584 587", (CENTRAL,)),
    ("SD", "570-574", (CENTRAL,)),
    ("SD", "577", (MOUNTAIN,)),
    ("TX", "733 750-797", (CENTRAL,)),
    ("TX", "799 885", (MOUNTAIN,)),
    ("AZ", "850-853 855-857 863-864", ("America/Phoenix",)),
    ("ID", "832-834 836-837", ("America/Boise",)),
    ("ID", "838", (PACIFIC,)),
    ("NV", "889-891 893-895 897", (PACIFIC,)),
    ("OR", "970-978", (PACIFIC,)),
    ("AK", "995-999", ("America/Anchorage",)),
    ("AK", "99546 99547", ("America/Adak",)),
)
"""Postal prefixes of the divided states that lie in one zone altogether. Any other keeps all zones of its state."""

_PREFIXES = {
    "AK": "995-999",
    "AL": "350-352 354-369",
    "AR": "716-729",
    "AZ": "850-853 855-857 859 860 863-865",
    "CA": "900-908 910-928 930-961",
    "CO": "800-816",
    "CT": "060-069",
    "DC": "200 202-205 569",
    "DE": "197-199",
    "FL": "320-339 341 342 344 346 347 349",
    "GA": "300-319 398 399",
    "GU": "969",
    "HI": "967 968",
    "IA": "500-516 520-528",
    "ID": "832-838",
    "IL": "600-620 622-629",
    "IN": "460-479",
    "KS": "660-662 664-679",
    "KY": "400-418 420-427",
    "LA": "700 701 703-708 710-714",
    "MA": "010-027 055",
    "MD": "206-212 214-219",
    "ME": "039-049",
    "MI": "480-499",
    "MN": "550 551 553-567",
    "MO": "630 631 633-641 644-658",
    "MS": "386-397",
    "MT": "590-599",
    "NC": "270-289",
    "ND": "580-588",
    "NE": "680 681 683-693",
    "NH": "030-038",
    "NJ": "070-089",
    "NM": "870 871 873-875 877-884",
    "NV": "889-891 893-895 897 898",
    "NY": "005 100-149",
    "OH": "430-459",
    "OK": "730 731 734-741 743-749",
    "OR": "970-979",
    "PA": "150-196",
    "PR": "006 007 009",
    "RI": "028 029",
    "SC": "290-299",
    "SD": "570-577",
    "TN": "370-385",
    "TX": "733 750-799 885",
    "UT": "840-847",
    "VA": "201 220-246",
    "VI": "008",
    "VT": "050-054 056-059",
    "WA": "980-986 988-994",
    "WI": "530-532 534 535 537-549",
    "WV": "247-268",
    "WY": "820-831",
}


def spread(ranges: str) -> tuple[str, ...]:
    """Return `320-322 325` as 320, 321, 322, 325; a postal code of five digits stands alone."""
    spread: list[str] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        spread += [first] if not last else [f"{number:03d}" for number in range(int(first), int(last) + 1)]
    return tuple(spread)


REGION_OF_PREFIX: Mapping[str, str] = {
    prefix: region for region, ranges in _PREFIXES.items() for prefix in spread(ranges)
}
"""The state of a postal code's first three digits."""

ZONES_OF_POSTAL: Mapping[tuple[str, str], tuple[str, ...]] = {
    (region, prefix): zones for region, ranges, zones in _NARROWER for prefix in spread(ranges)
}
"""The zones of (state, prefix of three or five digits), where it has fewer than its state."""
