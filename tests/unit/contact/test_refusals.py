"""What a refusal says of a number or an address: it is no good, it takes no texts, or it may be as good as ever."""

from datetime import UTC, datetime

import pytest

from services.contact.domain.message import MessageStatus, status_after
from services.contact.domain.receipts import gateway_receipt
from services.contact.domain.refusals import recipient_refused, text_refused

NOW = datetime(2026, 3, 11, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "status", "is_permanent"),
    [
        (21211, "bounced", True),
        (21610, "opted_out", False),
        (21612, "failed", False),
        (21614, "undeliverable", False),
        (21635, "undeliverable", False),
        (21408, "failed", False),
        (None, "failed", False),
    ],
)
def test_a_gateway_that_refuses_a_text_refuses_the_number_only_where_it_says_so(
    code: int | None, status: MessageStatus, is_permanent: bool
) -> None:
    refused = text_refused(code)
    assert (status_after(refused), refused.is_permanent) == (status, is_permanent)


@pytest.mark.parametrize(
    ("code", "status", "is_permanent"),
    [
        ("30005", "bounced", True),
        ("30006", "undeliverable", False),
        ("21614", "undeliverable", False),
        ("21612", "failed", False),
        ("21610", "opted_out", False),
        (None, "failed", False),
    ],
)
def test_a_receipt_says_the_same_of_the_number_as_a_refusal(
    code: str | None, status: MessageStatus, is_permanent: bool
) -> None:
    receipt = gateway_receipt("SM1", "failed", code, NOW)
    assert receipt is not None
    assert (receipt.status, receipt.is_permanent) == (status, is_permanent)


@pytest.mark.parametrize(
    ("code", "text", "status", "is_permanent"),
    [
        (550, "5.1.1 The email account that you tried to reach does not exist", "bounced", True),
        (550, "5.2.1 The mailbox is disabled", "bounced", True),
        (556, "5.1.10 Recipient address has null MX", "bounced", True),
        (550, "no such user here", "bounced", True),
        (551, "User not local", "bounced", True),
        (553, "Mailbox name not allowed", "bounced", True),
        (554, "5.7.1 Relay access denied", "failed", False),
        (550, "5.7.1 Blocked by a list", "failed", False),
        (554, "Service unavailable; client host blocked", "failed", False),
        (553, "5.1.8 Sender address rejected: Domain not found", "failed", False),
        (550, "5.1.7 Bad sender's mailbox address syntax", "failed", False),
        (552, "5.2.2 Mailbox full", "failed", False),
        (530, "5.7.0 Must issue a STARTTLS command first", "failed", False),
        (450, "4.2.1 Try again later", "queued", False),
        (450, "5.1.1 said by a server that contradicts itself", "queued", False),
    ],
)
def test_a_mail_server_that_refuses_a_recipient_refuses_the_address_only_where_it_says_so(
    code: int, text: str, status: MessageStatus, is_permanent: bool
) -> None:
    refused = recipient_refused(code, text)
    assert (status_after(refused), refused.is_permanent) == (status, is_permanent)
    assert refused.reason == f"smtp-{code}"
