"""The texts that rules cite: committed files of paragraphs, each paragraph with its SHA-256.

A source file opens with `# key: value` lines (title, kind, confidence, as of, origin); then `[paragraph]`, alone on a
line, stands before the text of each paragraph. A rule names a file, a paragraph and the hash of its text, so that a
text that changes is a build that fails until somebody has read the rule again. Raises ValueError with the line.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

SourceKind = Literal["text", "note", "policy"]
"""`text`: the words of the law. `note`: our own words for what was read elsewhere. `policy`: what an institution
decided for itself."""

Confidence = Literal["primary", "secondary", "unverified", "policy"]
"""How far a rule may be relied on: read in the primary text, or on a secondary page, so that counsel has to read the
source; not verified by anybody; or nobody's law but an institution's own."""
_UNVERIFIED = "Not verified"

_META = re.compile(r"^# ([a-z ]+): (.+)$")
_NAME = re.compile(r"^\[([^\[\]]+)\]$")
# What stands before the last bracket, number or letter of a paragraph's name: the paragraph that leads in to it.
_LAST_PART = re.compile(r"(\([A-Za-z0-9]+\)|-\d+|\.[A-Za-z]+)$")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph. `sha256` is of the UTF-8 text without white space around it, in lower-case hexadecimal."""

    name: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A parsed file. `as_of` is the date (ISO 8601) of the text, or on which it was read."""

    name: str
    title: str
    kind: SourceKind
    confidence: Confidence
    as_of: str
    origin: str
    paragraphs: Mapping[str, Paragraph]

    def confidence_in(self, name: str) -> Confidence:
        """How far this paragraph may be relied on. Raises KeyError when the file has no such paragraph."""
        return "unverified" if self.paragraphs[name].text.startswith(_UNVERIFIED) else self.confidence

    def lead_in(self, name: str) -> tuple[Paragraph, ...]:
        """The paragraphs above `name`, outermost first, then `name` itself: how a person has to read it.

        Raises KeyError when the file has no such paragraph.
        """
        chain = [self.paragraphs[name]]
        rest = name
        while (shorter := _LAST_PART.sub("", rest)) != rest:
            rest = shorter
            if rest in self.paragraphs:
                chain.insert(0, self.paragraphs[rest])
        return tuple(chain)


def digest(text: str) -> str:
    """SHA-256 of a paragraph's text, as rules and the index state it."""
    return hashlib.sha256(text.strip().encode()).hexdigest()


def parse_source(name: str, text: str) -> SourceFile:
    """Parse the file `name`. ValueError names the file and line of what is wrong."""
    meta: dict[str, str] = {}
    blocks: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _NAME.match(line):
            if match[1] in blocks:
                raise ValueError(f"{name}:{number}: paragraph {match[1]} stands twice")
            lines = blocks[match[1]] = []
        elif lines is not None:
            lines.append(line)
        elif match := _META.match(line):
            meta[match[1]] = match[2]
        elif line.strip():
            raise ValueError(f"{name}:{number}: text before the first paragraph")
    return _source(name, meta, blocks)


def _source(name: str, meta: Mapping[str, str], blocks: Mapping[str, list[str]]) -> SourceFile:
    missing = {"title", "kind", "confidence", "as of", "origin"} - meta.keys()
    if missing:
        raise ValueError(f"{name}: lacks {', '.join(sorted(missing))}")
    kind: SourceKind = _word(name, "kind", meta, get_args(SourceKind))
    confidence: Confidence = _word(name, "confidence", meta, get_args(Confidence))
    paragraphs = {}
    for paragraph, lines in blocks.items():
        content = "\n".join(lines).strip()
        if not content:
            raise ValueError(f"{name}: paragraph {paragraph} is empty")
        paragraphs[paragraph] = Paragraph(paragraph, content, digest(content))
    return SourceFile(name, meta["title"], kind, confidence, meta["as of"], meta["origin"], paragraphs)


def _word(name: str, key: str, meta: Mapping[str, str], known: tuple[str, ...]) -> Any:
    if meta[key] not in known:
        raise ValueError(f"{name}: {key} is {meta[key]!r}, not one of {', '.join(known)}")
    return meta[key]


def index_lines(files: Mapping[str, SourceFile]) -> str:
    """The committed index of all paragraphs: `sha256  file  paragraph`, a line each, in the order of the files."""
    return "".join(
        f"{paragraph.sha256}  {file.name}  {paragraph.name}\n"
        for _, file in sorted(files.items())
        for paragraph in file.paragraphs.values()
    )
