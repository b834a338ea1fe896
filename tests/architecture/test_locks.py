"""ADR 1: the image's lock and the developers' lock agree, and neither says where a package comes from."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([a-z0-9._-]+(?:\[[a-z,]+\])?)==(\S+)(.*)$", re.IGNORECASE)


def _pins(name: str) -> set[tuple[str, str]]:
    return {
        (match[1].lower(), match[2])
        for line in (ROOT / name).read_text().splitlines()
        if (match := PIN.match(line.rstrip(" \\")))
    }


def test_what_runs_is_what_is_tested() -> None:
    runs, tested = _pins("requirements.lock"), _pins("requirements-dev.lock")
    assert len(runs) > 40
    assert runs <= tested, runs - tested


def test_every_package_has_a_hash_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")
