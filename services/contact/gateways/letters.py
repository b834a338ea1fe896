"""Hands a letter to the print vendor: a PDF in a folder that the vendor collects, and a manifest that says where to.

Each file is written under another name and renamed, so that a vendor never collects half a letter; the same letter
written again is the same file.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.contact.domain.message import Result


@dataclass(frozen=True, slots=True)
class LetterText:
    """What a letter says: who writes, to whom, when, and the text with its disclosures."""

    sender: Sequence[str]
    address: Sequence[str]
    written_on: date
    language: str
    subject: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter. `envelope` is all that the envelope shows: address lines, nothing of a debt (1006.22(f)(2))."""

    message_id: str
    envelope: tuple[str, ...]
    pdf: bytes


class PrintVendor:
    """The folder of a print vendor."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, letter: Letter) -> Result:
        """Hand over one letter. A folder that cannot be written is tried again."""
        try:
            await asyncio.to_thread(self._write, letter)
        except OSError as error:
            return Result("later", reason=type(error).__name__)
        return Result("taken", ref=letter.message_id)

    def _write(self, letter: Letter) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._put(f"{letter.message_id}.pdf", letter.pdf)
        # The manifest comes last: a letter without one is not ready.
        manifest = {"message_id": letter.message_id, "envelope": letter.envelope, "file": f"{letter.message_id}.pdf"}
        self._put(f"{letter.message_id}.json", json.dumps(manifest, ensure_ascii=False).encode())

    def _put(self, name: str, content: bytes) -> None:
        draft = self._directory / f".{name}.part"
        draft.write_bytes(content)
        draft.replace(self._directory / name)
