"""Data of places in the United States: states and their time zones, area codes, postal codes, and cities with rules.

Area codes are those of the geocoding data of `phonenumbers` (tests compare them); time zones are IANA names. A state
that lies in two zones has both, and a postal code narrows that only where its whole prefix lies in one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

REGION_NAMES: Mapping[str, str] = {
    "AK": "Alaska",
    "AL": "Alabama",
    "AR": "Arkansas",
    "AS": "American Samoa",
    "AZ": "Arizona",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DC": "District of Columbia",
    "DE": "Delaware",
    "FL": "Florida",
    "GA": "Georgia",
    "GU": "Guam",
    "HI": "Hawaii",
    "IA": "Iowa",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "MA": "Massachusetts",
    "MD": "Maryland",
    "ME": "Maine",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MO": "Missouri",
    "MP": "Northern Mariana Islands",
    "MS": "Mississippi",
    "MT": "Montana",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "NE": "Nebraska",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NV": "Nevada",
    "NY": "New York",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "PR": "Puerto Rico",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VA": "Virginia",
    "VI": "Virgin Islands",
    "VT": "Vermont",
    "WA": "Washington",
    "WI": "Wisconsin",
    "WV": "West Virginia",
    "WY": "Wyoming",
}
"""The 50 states, the District of Columbia and the territories, by postal abbreviation."""

_EASTERN, _CENTRAL, _MOUNTAIN, _PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"

REGION_ZONES: Mapping[str, tuple[str, ...]] = {
    "AK": ("America/Anchorage", "America/Adak"),
    "AL": (_CENTRAL,),
    "AR": (_CENTRAL,),
    "AS": ("Pacific/Pago_Pago",),
    "AZ": ("America/Phoenix", _MOUNTAIN),
    "CA": (_PACIFIC,),
    "CO": (_MOUNTAIN,),
    "CT": (_EASTERN,),
    "DC": (_EASTERN,),
    "DE": (_EASTERN,),
    "FL": (_EASTERN, _CENTRAL),
    "GA": (_EASTERN,),
    "GU": ("Pacific/Guam",),
    "HI": ("Pacific/Honolulu",),
    "IA": (_CENTRAL,),
    "ID": ("America/Boise", _PACIFIC),
    "IL": (_CENTRAL,),
    "IN": ("America/Indiana/Indianapolis", _CENTRAL),
    "KS": (_CENTRAL, _MOUNTAIN),
    "KY": (_EASTERN, _CENTRAL),
    "LA": (_CENTRAL,),
    "MA": (_EASTERN,),
    "MD": (_EASTERN,),
    "ME": (_EASTERN,),
    "MI": ("America/Detroit", "America/Menominee"),
    "MN": (_CENTRAL,),
    "MO": (_CENTRAL,),
    "MP": ("Pacific/Saipan",),
    "MS": (_CENTRAL,),
    "MT": (_MOUNTAIN,),
    "NC": (_EASTERN,),
    "ND": (_CENTRAL, _MOUNTAIN),
    "NE": (_CENTRAL, _MOUNTAIN),
    "NH": (_EASTERN,),
    "NJ": (_EASTERN,),
    "NM": (_MOUNTAIN,),
    "NV": (_PACIFIC, _MOUNTAIN),
    "NY": (_EASTERN,),
    "OH": (_EASTERN,),
    "OK": (_CENTRAL,),
    "OR": (_PACIFIC, "America/Boise"),
    "PA": (_EASTERN,),
    "PR": ("America/Puerto_Rico",),
    "RI": (_EASTERN,),
    "SC": (_EASTERN,),
    "SD": (_CENTRAL, _MOUNTAIN),
    "TN": (_EASTERN, _CENTRAL),
    "TX": (_CENTRAL, _MOUNTAIN),
    "UT": (_MOUNTAIN,),
    "VA": (_EASTERN,),
    "VI": ("America/St_Thomas",),
    "VT": (_EASTERN,),
    "WA": (_PACIFIC,),
    "WI": (_CENTRAL,),
    "WV": (_EASTERN,),
    "WY": (_MOUNTAIN,),
}
"""Every time zone that some part of the state keeps. In Arizona the Navajo Nation keeps daylight saving time."""

_NARROWER: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("FL", "320-322 326-339 341 342 344 346 347 349", (_EASTERN,)),
    ("FL", "325", (_CENTRAL,)),
    ("TN", "370-372 375 380-385", (_CENTRAL,)),
    ("TN", "374 376 379", (_EASTERN,)),
    ("KY", "402-418", (_EASTERN,)),
    ("KY", "420-424", (_CENTRAL,)),
    ("IN", "460-462 466-468 473 478", ("America/Indiana/Indianapolis",)),
    ("IN", "464 476-477", (_CENTRAL,)),
    ("MI", "480-497", ("America/Detroit",)),
    ("KS", "660-662 664-676 679", (_CENTRAL,)),
    ("NE", "680-681 683-689", (_CENTRAL,)),
    ("NE", "693", (_MOUNTAIN,)),
    ("ND", "580-584 587", (_CENTRAL,)),
    ("SD", "570-574", (_CENTRAL,)),
    ("SD", "577", (_MOUNTAIN,)),
    ("TX", "733 750-797", (_CENTRAL,)),
    ("TX", "799 885", (_MOUNTAIN,)),
    ("AZ", "850-853 855-857 863-864", ("America/Phoenix",)),
    ("ID", "832-834 836-837", ("America/Boise",)),
    ("ID", "838", (_PACIFIC,)),
    ("NV", "889-891 893-895 897", (_PACIFIC,)),
    ("OR", "970-978", (_PACIFIC,)),
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

_AREA_CODES = {
    "AK": "907",
    "AL": "205 251 256 334 659 938",
    "AR": "327 479 501 870",
    "AS": "684",
    "AZ": "480 520 602 623 928",
    "CA": (
        "209 213 279 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 "
        "738 747 760 805 818 820 831 840 858 909 916 925 949 951"
    ),
    "CO": "303 719 720 748 970 983",
    "CT": "475 860 959",
    "DC": "202 771",
    "DE": "302",
    "FL": "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954",
    "GA": "229 404 470 478 678 706 762 770 912 943",
    "GU": "671",
    "HI": "808",
    "IA": "319 515 563 641 712",
    "ID": "208 986",
    "IL": "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872",
    "IN": "219 260 317 463 574 765 812 930",
    "KS": "316 620 785 913",
    "KY": "270 364 502 606 859",
    "LA": "225 318 337 504 985",
    "MA": "339 351 413 508 617 774 781 857 978",
    "MD": "227 240 301 410 443 667",
    "ME": "207",
    "MI": "231 248 269 313 517 586 616 734 810 906 947 989",
    "MN": "218 320 507 612 651 763 952",
    "MO": "235 314 417 557 573 636 660 816 975",
    "MP": "670",
    "MS": "228 601 662 769",
    "MT": "406",
    "NC": "252 336 472 704 743 828 910 919 980 984",
    "ND": "701",
    "NE": "308 402 531",
    "NH": "603",
    "NJ": "201 551 609 640 732 848 856 862 908 973",
    "NM": "505 575",
    "NV": "702 725 775",
    "NY": "212 315 329 332 347 363 516 518 585 607 631 646 680 716 838 845 914 917 929 934",
    "OH": "216 220 234 283 326 330 380 419 440 513 567 614 740 937",
    "OK": "405 539 572 580 918",
    "OR": "458 503 541 971",
    "PA": "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878",
    "PR": "787 939",
    "RI": "401",
    "SC": "803 821 839 843 854 864",
    "SD": "605",
    "TN": "423 615 629 731 865 901 931",
    "TX": "210 214 254 281 325 346 361 409 430 432 469 512 682 726 737 806 817 830 832 903 915 936 940 945 956 972 979",
    "UT": "385 435 801",
    "VA": "276 434 540 571 686 703 757 804 826 948",
    "VI": "340",
    "VT": "802",
    "WA": "206 253 360 425 509 564",
    "WI": "262 274 353 414 534 608 715 920",
    "WV": "304 681",
    "WY": "307",
}


def _spread(ranges: str) -> tuple[str, ...]:
    """`320-322 325` as 320, 321, 322, 325; a postal code of five digits stands alone."""
    spread: list[str] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        spread += [first] if not last else [f"{number:03d}" for number in range(int(first), int(last) + 1)]
    return tuple(spread)


REGION_OF_PREFIX: Mapping[str, str] = {
    prefix: region for region, ranges in _PREFIXES.items() for prefix in _spread(ranges)
}
"""The state of a postal code's first three digits."""

REGION_OF_AREA_CODE: Mapping[str, str] = {
    code: region for region, codes in _AREA_CODES.items() for code in codes.split()
}
"""The state of a North American area code."""

ZONES_OF_POSTAL: Mapping[tuple[str, str], tuple[str, ...]] = {
    (region, prefix): zones for region, ranges, zones in _NARROWER for prefix in _spread(ranges)
}
"""The zones of (state, prefix of three or five digits), where it has fewer than its state."""


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
        postal_prefixes=frozenset(_spread("100-104 111-114 116 11001 11004 11005 11040")),
        area_codes=frozenset({"212", "332", "347", "465", "646", "718", "917", "929"}),
    ),
)
