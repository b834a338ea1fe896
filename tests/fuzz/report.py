"""Where a long run leaves its figures: one row of a table for each kind of input, replaced by the next long run."""

import os
from pathlib import Path


def write(kind: str, *figures: object) -> None:
    """Put a row into the file that `FUZZ_REPORT` names; without it nothing is written."""
    name = os.environ.get("FUZZ_REPORT")
    if not name:
        return
    path = Path(name)
    row = f"| {kind} | " + " | ".join(f"{each:,}" if isinstance(each, int) else str(each) for each in figures) + " |"
    rows = path.read_text().splitlines()
    end = max(n for n, line in enumerate(rows) if line.startswith("|")) + 1
    at = next((n for n, line in enumerate(rows) if line.startswith(f"| {kind} |")), end)
    rows[at : at + (at < end)] = [row]
    path.write_text("\n".join(rows) + "\n")
