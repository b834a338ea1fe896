"""pgbench as the limit of a payment: the rows of one payment as one prepared statement, on many connections."""

import asyncio
import os
import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from benchmarks.book import CREDITOR, DAY
from benchmarks.load.requests import AMOUNT_MINOR
from benchmarks.payment_book import INTEREST_MINOR
from benchmarks.place import Place

_RATE = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")

_STATEMENT = """
\\set n random(0, {last})
\\set r random(1, 9000000000000000000)
WITH account AS (
  SELECT md5('A' || :n)::uuid AS id, uuidv7() AS payment_id
), answered AS (
  INSERT INTO idempotency (subject, route, key, fingerprint, status, headers, body)
  VALUES ({subject}, {route}, 'K' || :r, {fingerprint}, 201, {headers}, {body})
), referred AS (
  INSERT INTO source_reference (creditor_id, source, source_ref, kind, content_hash, payment_id)
  SELECT '{creditor}', 'portal', 'R' || :r, 'payment', '\\x{hash}', payment_id FROM account
), paid AS (
  INSERT INTO payment (payment_id, creditor_id, account_id, amount_minor, currency, effective_on, posted_on, channel,
    source, source_ref, origin, status, allocation_basis, arrangements_completed, taken_at, taken_by)
  SELECT payment_id, '{creditor}', id, {amount}, 'USD', '{day}', '{day}', 'online', 'portal', 'R' || :r, 'ours',
    'posted', 'waterfall', '{{}}', now(), 'integrator' FROM account
), allocated AS (
  INSERT INTO allocation (payment_id, component, line, amount_minor)
  SELECT payment_id, component, line, paid FROM account
  CROSS JOIN (VALUES ('interest', 1, {interest}), ('principal', 2, {principal})) AS l(component, line, paid)
), moved AS (
  UPDATE arrangement SET paid_minor = paid_minor + {amount}, version = version + 1
  FROM account WHERE account_id = account.id AND arrangement.status = 'active' AND paid_minor = 0
  RETURNING account_id
)
INSERT INTO outbox (event_id, topic, key, type, source, subject, time, correlation_id, causation_id, creditor_id, body)
SELECT uuidv7(), 'payment.posted', id, 'payment.posted.v1', '/payments', id, now(), payment_id, payment_id,
  '{creditor}'::uuid, {posted} FROM account
UNION ALL
SELECT uuidv7(), 'arrangement.activated', account_id, 'arrangement.activated.v1', '/payments', account_id, now(),
  account_id, account_id, '{creditor}'::uuid, {moved} FROM moved;
"""


def statement(*, accounts: int, posted: str, moved: str, answer: Sequence[str]) -> str:
    """Return the script: its JSON texts are those that Arrears made, constant, so that the limit makes none."""
    route, fingerprint, headers, body, subject = map(_quoted, answer)
    return _STATEMENT.format(
        last=accounts - 1,
        subject=subject,
        route=route,
        fingerprint=fingerprint,
        headers=headers,
        body=body,
        creditor=CREDITOR,
        day=DAY,
        amount=AMOUNT_MINOR,
        interest=INTEREST_MINOR,
        principal=AMOUNT_MINOR - INTEREST_MINOR,
        hash="00" * 32,
        posted=_quoted(posted),
        moved=_quoted(moved),
    )


def _quoted(text: str) -> str:
    """A literal. pgbench takes a colon before a letter or digit for a variable, so none may stand there."""
    return "'" + re.sub(r":(?=\w)", ": ", text).replace("'", "''") + "'"


class Pgbench:
    """Runs the script on one database; `written` counts the payments that it has made there."""

    def __init__(self, place: Place, database: str, script: str) -> None:
        self.database = database
        self.written = 0
        self._program = str(place.server.bin_dir / "pgbench")
        self._address = urlsplit(place.address("payments", database).service_dsn)
        self._script = place.directory / "payment.sql"
        self._script.write_text(script)

    async def fastest(self, transactions: int, counts: Sequence[int]) -> int:
        """Return the number of clients with which it is fastest."""
        seconds = {count: await self.run(transactions, count) for count in counts}
        return min(seconds, key=lambda count: seconds[count])

    async def run(self, transactions: int, clients: int) -> float:
        """Make payments and return the seconds for `transactions` of them."""
        each = max(1, transactions // clients)
        arguments = ["-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-t", str(each), "-f", str(self._script)]
        where = ["-h", str(self._address.hostname), "-p", str(self._address.port), "-U", str(self._address.username)]
        process = await asyncio.create_subprocess_exec(
            self._program,
            *arguments,
            *where,
            self.database,
            env={**os.environ, "PGPASSWORD": unquote(str(self._address.password))},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
        rate = _RATE.search(said)
        if process.returncode != 0 or rate is None or "number of failed transactions: 0" not in said:
            raise AssertionError(f"pgbench failed:\n{said}")
        self.written += each * clients
        return transactions / float(rate[1])
