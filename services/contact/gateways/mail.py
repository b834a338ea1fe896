"""Hands an e-mail to a mail server by SMTP (RFC 5321), and says what the server made of it.

4xx and a server that cannot be reached may pass; what 5xx says of the address is `domain.refusals`; when the connection
breaks after the text was sent, nobody knows, and it is not sent again.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import aiosmtplib
from pydantic import SecretStr

from services.contact.domain.message import Result
from services.contact.domain.refusals import recipient_refused
from shared.clock import Clock

_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail. `unsubscribe_url` takes a one-click POST (RFC 8058)."""

    message_id: str
    recipient: str
    subject: str
    body: str
    language: str
    unsubscribe_url: str


class MailServer:
    """A mail server that takes messages for others. `start_tls`: the connection must become TLS."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: str,
        clock: Clock,
        return_path: str | None = None,
        username: str | None = None,
        password: SecretStr | None = None,
        start_tls: bool = True,
        timeout_s: float = 20,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._return_path = return_path or sender
        self._username = username
        self._password = password
        self._start_tls = start_tls
        self._timeout_s = timeout_s
        self._clock = clock

    async def send(self, mail: Mail) -> Result:
        """Hand over one e-mail. Never raises for what the server says or does."""
        smtp = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password.get_secret_value() if self._password else None,
            start_tls=self._start_tls,
            timeout=self._timeout_s,
        )
        try:
            await smtp.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            return Result("later", reason=type(error).__name__)
        try:
            await smtp.send_message(self._written(mail), sender=self._return_path, recipients=[mail.recipient])
        except aiosmtplib.SMTPRecipientsRefused as error:
            return recipient_refused(error.recipients[0].code, error.recipients[0].message)
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            # It speaks of the sender or the text: the address may be as good as ever.
            return Result("refused" if error.code >= _PERMANENT else "later", reason=f"smtp-{error.code}")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Result("unknown", reason=type(error).__name__)
        finally:
            smtp.close()
        return Result("taken", ref=mail.message_id)

    def _written(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = mail.recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = make_msgid(mail.message_id, self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.body)  # it begins the headers of content anew
        message["Content-Language"] = mail.language
        return message
