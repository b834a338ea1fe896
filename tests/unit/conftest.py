"""Unit tests open no connection: what needs one is an integration test."""

import socket
from collections.abc import Iterator

import pytest


class ConnectionOfAUnitTestError(AssertionError):
    """A unit test tried to reach something outside its process."""


@pytest.fixture(autouse=True)
def _no_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(_self: socket.socket, address: object) -> None:
        raise ConnectionOfAUnitTestError(f"a unit test connects to {address}")

    with monkeypatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, refuse)
        yield
