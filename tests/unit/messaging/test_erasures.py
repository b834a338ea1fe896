"""An erasure says by its key alone whom it is about: one that names nobody is parked, and fails no batch."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.messaging.dead_letter import Parked
from shared.messaging.decoding import read
from shared.messaging.message import Message, RawMessage


def _erasure(key: bytes) -> RawMessage:
    return RawMessage("party.updated", 0, 0, key, None, (), datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("key", [b"", b"P-1", b"\xff\xfe", b"\x00", "\u0661".encode()])
def test_an_erasure_under_a_key_that_is_no_id_is_parked(key: bytes) -> None:
    found = read(_erasure(key))
    assert isinstance(found, Parked)
    assert (found.code, found.detail) == ("message-undecodable", "an erasure is told under the id of a party")


def test_an_erasure_under_an_id_is_given_to_its_handler() -> None:
    party = str(uuid4())
    found = read(_erasure(party.encode()))
    assert isinstance(found, Message)
    assert (found.key, found.payload) == (party, None)
