"""A letter as a PDF: plain text on Letter pages, in a font that every printer has. The same letter is the same bytes.

Written by hand because it is one font and one column (PDF 1.4, ISO 32000-1, 7 and 9): Courier's characters all have one
width, so lines break without font metrics; WinAnsiEncoding holds what English and Spanish need.
"""

import textwrap
from collections.abc import Sequence
from typing import Final

_COLUMNS: Final = 78
_LINES: Final = 52
_SIZE: Final = 10
_LEADING: Final = 13
_LEFT, _TOP = 72, 720


def letter_pdf(envelope: Sequence[str], subject: str | None, body: str) -> bytes:
    """Return the PDF of a letter: the address, the subject, the text, on as many pages as it takes."""
    lines = [*envelope, ""] + ([subject, ""] if subject else [])
    for paragraph in body.splitlines():
        lines += textwrap.wrap(paragraph, _COLUMNS) or [""]
    pages = [lines[start : start + _LINES] for start in range(0, len(lines), _LINES)]
    return _document([_content(page) for page in pages])


def _content(lines: Sequence[str]) -> bytes:
    shown = b"".join(b"(" + _escaped(line) + b") Tj T*\n" for line in lines)
    return b"BT /F1 %d Tf %d TL %d %d Td\n" % (_SIZE, _LEADING, _LEFT, _TOP) + shown + b"ET"


def _escaped(text: str) -> bytes:
    raw = text.encode("cp1252", "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _document(contents: Sequence[bytes]) -> bytes:
    """Objects 1 and 2 are the catalogue and the page tree, 3 the font; then a page and its content in turns."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(contents)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
            b" /Contents %d 0 R >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
