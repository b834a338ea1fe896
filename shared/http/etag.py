"""Updates name the version they were made from: `ETag` out, `If-Match` in (428 when missing, 412 when it has passed).

The tag is the aggregate version, strong and quoted: `"7"`.
"""

from typing import Annotated

from fastapi import Depends, Header, Response

from shared.errors import Problem


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    """Put the entity tag of what is answered into its headers."""
    response.headers["ETag"] = etag(version)


class Precondition:
    """The `If-Match` of a request: the versions that its author has seen, or `*`."""

    def __init__(self, header: str) -> None:
        self.is_any = header.strip() == "*"
        self._tags = {tag.strip() for tag in header.split(",")}

    def check(self, version: int) -> None:
        """Raise `precondition-failed` when the object is not of a version that the author has seen. Weak tags fail."""
        if not self.is_any and etag(version) not in self._tags:
            raise Problem("precondition-failed", "The object has changed since it was read; read it again.")


async def _if_match(
    if_match: Annotated[str | None, Header(alias="If-Match", description="The `ETag` that was read.")] = None,
) -> Precondition:
    if not if_match:
        raise Problem("precondition-required", "Send the ETag that was read as If-Match.", field="If-Match")
    return Precondition(if_match)


IfMatch = Annotated[Precondition, Depends(_if_match)]
"""A route parameter: the precondition of an update, required."""


async def _optional_if_match(
    if_match: Annotated[str | None, Header(alias="If-Match", description="The `ETag` that was read.")] = None,
) -> Precondition | None:
    return Precondition(if_match) if if_match else None


OptionalIfMatch = Annotated[Precondition | None, Depends(_optional_if_match)]
"""As `IfMatch` for a PUT that also creates: without the header it may only create."""
