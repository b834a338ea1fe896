"""What a refusal says: that a number or address is no good, that it takes no texts, or only that this message failed.

A number or address that is no good is used no more by any channel. So that is believed only of an answer that speaks of
it: not of one about the sender, the pair of numbers or a blocklist, and a number that takes no texts may be called.
"""

import re
from typing import Final

from services.contact.domain.message import Result

OPTED_OUT: Final = frozenset({"21610"})
"""The recipient has replied STOP at the gateway."""
NO_NUMBER: Final = frozenset({"21211", "21217", "30005"})
"""Not a number; an unknown or inactive one."""
NO_TEXTS: Final = frozenset({"21614", "21635", "30006"})
"""Not a mobile; a landline, or a carrier that this sender does not reach."""

_PERMANENT: Final = 500
_NO_ADDRESS: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"})
"""The mailbox or its domain is not there, is no address, has moved, is disabled, or takes no mail (RFC 3463, 3.2 and
3.3; RFC 7505). 5.1.7 and 5.1.8 speak of the sender's address, 5.1.0 does not say of whose."""
_NO_MAILBOX: Final = frozenset({550, 551, 553})
"""The answers to RCPT that are about the mailbox (RFC 5321, 4.2.2). 550 may be said for policy too; a server that does
so has an enhanced code to say it with, and then that code is believed."""
_ENHANCED: Final = re.compile(r"\s*(\d\.\d{1,3}\.\d{1,3})(?!\S)")
"""An answer's text begins with its enhanced code (RFC 2034)."""


def text_refused(code: object) -> Result:
    """What a text gateway's error code makes of a text that it did not take."""
    named = str(code)
    reason = f"gateway-{code}"
    if named in OPTED_OUT:
        return Result("opted_out", reason=reason)
    if named in NO_TEXTS:
        return Result("undeliverable", reason=reason)
    return Result("refused", reason=reason, is_permanent=named in NO_NUMBER)


def recipient_refused(code: int, text: str) -> Result:
    """What a mail server's answer to RCPT makes of an e-mail."""
    reason = f"smtp-{code}"
    if code < _PERMANENT:
        return Result("later", reason=reason)
    enhanced = _ENHANCED.match(text)
    is_permanent = code in _NO_MAILBOX if enhanced is None else enhanced[1] in _NO_ADDRESS
    return Result("refused", reason=reason, is_permanent=is_permanent)
