"""Who sent it, without a token: the signature of a text gateway's request, and the opt-out link of an e-mail.

The gateway signs HMAC-SHA1 over the URL and the sorted form fields, as the Messages API documents. A link holds the
message's id and an HMAC-SHA256 of it under this deployment's own secret.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from uuid import UUID

_LINK_BYTES = 18


def gateway_signature(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    """The signature that a request to `url` with these form fields carries."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_gateway_signed(auth_token: str, url: str, fields: Mapping[str, str], signature: str) -> bool:
    """Say whether a request is signed as it must be; takes as long for a wrong signature as for a right one."""
    return hmac.compare_digest(gateway_signature(auth_token, url, fields).encode(), signature.encode())


def link_token(secret: str, message_id: UUID) -> str:
    """The token of a message's opt-out link."""
    seal = hmac.new(secret.encode(), message_id.bytes, hashlib.sha256).digest()[:_LINK_BYTES]
    return base64.urlsafe_b64encode(message_id.bytes + seal).decode().rstrip("=")


def message_of_link(secret: str, token: str) -> UUID | None:
    """The message whose opt-out link this is, or None for a token that was not made here."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    if len(raw) != len(UUID(int=0).bytes) + _LINK_BYTES:
        return None
    message_id = UUID(bytes=raw[:16])
    return message_id if hmac.compare_digest(link_token(secret, message_id), token) else None
