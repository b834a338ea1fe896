"""Makes bad input out of good: documents, bytes, headers and files, each by a seeded generator, so that it comes again.

A document is changed leaf by leaf with texts that no writer of JSON would produce; bytes are flipped, cut and mixed.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

Path = tuple[Any, ...]
Headers = list[tuple[str, bytes | None]]

DEEP = 600
LEAVES = (
    "null",
    "true",
    "[]",
    "{}",
    '""',
    '" "',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\uffff\\ufeff"',
    '"' + "x" * 5_000 + '"',
    "NaN",
    "-Infinity",
    "1e400",
    "-1",
    "0",
    "0.1",
    "12.0",
    "1e3",
    str(2**31),
    str(2**53 + 1),
    str(2**63 - 1),
    str(2**63),
    str(10**15),
    str(10**15 + 1),
    "1" + "0" * 400,
    '"1"',
    '"0001-01-01"',
    '"9999-12-31"',
    '"2026-02-30"',
    '"2026-01-31T00:00:00Z"',
    '"9999-12-31T23:59:59.999999-23:59"',
    '"EUR"',
    '"\u0661\u0662"',
    '"00000000-0000-0000-0000-000000000000"',
    '"ffffffff-ffff-ffff-ffff-ffffffffffff"',
    "[" * DEEP + "]" * DEEP,
    '{"a":' * DEEP + "1" + "}" * DEEP,
)
_MARK = "@@{}@@"
_NOISE = (
    b"\x00",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r",
    b'"',
    b"{",
    b"\\",
    b",",
    b"\xe2\x80\xa8",
)


def leaves(document: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all values that hold no other."""
    if isinstance(document, (dict, list)) and document:
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from leaves(value, (*path, key))
    else:
        yield path


def document(rng: Random, good: Any) -> bytes:
    """The JSON of a document with one to three of its values spoilt; one in five then has its bytes spoilt too."""
    copy = json.loads(json.dumps(good))
    texts: dict[str, str] = {}
    for number in range(rng.choice((1, 1, 1, 2, 3))):
        copy = _spoil(rng, copy, texts, _MARK.format(number))
    text = json.dumps(copy)
    for mark, leaf in texts.items():
        text = text.replace(f'"{mark}"', leaf)
    data = text.encode("utf-8", "surrogatepass")
    return content(rng, data) if rng.random() < 0.2 else data


def _spoil(rng: Random, whole: Any, texts: dict[str, str], mark: str) -> Any:
    paths = [path for path in leaves(whole) if path]
    if not paths:
        return whole
    path = rng.choice(paths)
    place = whole
    for key in path[:-1]:
        place = place[key]
    what, key = rng.random(), path[-1]
    if what < 0.6:
        texts[mark] = rng.choice(LEAVES)
        place[key] = mark
    elif what < 0.75:
        del place[key]
    elif what < 0.85 and isinstance(place, dict):
        place[f"{key} "] = place.pop(key)
    elif what < 0.9:
        place[key] = [place[key]]
    elif what < 0.93:
        place[key] = str(place[key])
    elif what < 0.95:
        _double(rng, whole)
    else:
        is_list = isinstance(whole, list) or rng.random() < 0.3
        return [whole] if is_list else whole | {"an_unknown_field": [1, {"x": None}]}
    return whole


def _double(rng: Random, whole: Any) -> None:
    """Say one item of a list twice."""
    lists = [item for item in whole.values() if isinstance(item, list) and item] if isinstance(whole, dict) else []
    if lists:
        chosen = rng.choice(lists)
        chosen.append(json.loads(json.dumps(chosen[0])))


def content(rng: Random, data: bytes) -> bytes:
    """Some bytes flipped, cut out, doubled, put in, or written in another encoding."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        data = rng.choice(_BYTES)(rng, data)
    return data


def _flipped(rng: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8) if data else 0):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(rng: Random, data: bytes) -> bytes:
    return data[: rng.randint(0, len(data))]


def _without(rng: Random, data: bytes) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + data[start + rng.randint(1, 20) :]


def _doubled(rng: Random, data: bytes) -> bytes:
    start = rng.randint(0, len(data))
    piece = data[start : start + rng.randint(1, 200)]
    return data[:start] + piece + data[start:]


def _noise(rng: Random, data: bytes) -> bytes:
    start = rng.choice((0, rng.randint(0, len(data)), len(data)))
    return data[:start] + rng.choice(_NOISE) + data[start:]


def _another_encoding(rng: Random, data: bytes) -> bytes:
    text = data.decode("latin-1")
    return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7")))


_BYTES: Sequence[Callable[[Random, bytes], bytes]] = (
    _flipped,
    _flipped,
    _cut,
    _without,
    _doubled,
    _noise,
    _another_encoding,
)


def headers(rng: Random, good: Headers) -> Headers:
    """One to three headers dropped, doubled, emptied or given what they should not hold."""
    changed = list(good)
    for _ in range(rng.choice((1, 1, 2, 3)) if changed else 0):
        at = rng.randrange(len(changed)) if changed else 0
        name, value = changed[at] if changed else ("content-type", b"application/json")
        spoilt: tuple[Headers, ...] = (
            [],
            [(name, None)],
            [(name, value), (name, b"twice")],
            [(name.upper(), value)],
            [(name, rng.choice(_VALUES))],
            [(name, rng.choice(_VALUES))],
            [(name, (value or b"").replace(b".v1", b".v9"))],
            [(name, content(rng, value or b""))],
            [(name, value), (rng.choice(_NAMES), rng.choice(_VALUES))],
        )
        changed[at : at + 1] = rng.choice(spoilt)
    return changed


_VALUES = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"a\x00b",
    b"hex:zz",
    b"-1",
    b"9" * 30,
    str(2**63).encode(),
    b"1_000",
    "\u0661".encode(),
    b"x" * 3_000,
    b"/nobody",
    b"application/cloudevents+json",
    b"0.3",
    b"core.payment.received.v9",
    b"9999-12-31T23:59:59.999999-23:59",
    b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01",
)
_NAMES = (
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_aggregateversion",
    "traceparent",
    "content-type",
    "a\x00b",
    "",
    "x" * 999,
)


def lines(rng: Random, good: bytes) -> bytes:
    """Lines of a file swapped, dropped, doubled, joined, or one of them spoilt as bytes are; fields made huge."""
    rows = good.split(b"\n")
    for _ in range(rng.choice((1, 1, 2, 3))):
        at, other = rng.randrange(len(rows)), rng.randrange(len(rows))
        what = rng.randrange(9)
        if what == 0:
            rows[at], rows[other] = rows[other], rows[at]
        elif what == 1 and len(rows) > 1:
            del rows[at]
        elif what == 2:
            rows.insert(other, rows[at])
        elif what == 3:
            rows[at] += b"\r"
        elif what == 4:
            rows[at] = _digit(rng, rows[at])
        elif what == 5:
            rows[at] = _huge(rng, rows[at])
        elif what == 6:
            rows[at] = _noise(rng, rows[at])
        else:
            rows[at] = content(rng, rows[at])
    data = b"\n".join(rows)
    return content(rng, data) if rng.random() < 0.1 else data


def _digit(rng: Random, row: bytes) -> bytes:
    """Another digit in the place of one: a wrong total, amount or date."""
    places = [at for at, one in enumerate(row) if chr(one).isdigit()]
    if not places:
        return row
    at = rng.choice(places)
    return row[:at] + str(rng.randrange(10)).encode() + row[at + 1 :]


def _huge(rng: Random, row: bytes) -> bytes:
    at = rng.randint(0, len(row))
    return row[:at] + rng.choice((b"9", b"x", b'"', b",", b" ")) * rng.choice((70, 3_000, 70_000)) + row[at:]
