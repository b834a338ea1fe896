"""Writes a Nacha return file as an ODFI would send it: 94 characters a line, totals right, blocks of ten.

Layout: Nacha Operating Rules, appendix on return entries: a PPD debit return is a transaction code 26 entry with one
addenda 99 that names the reason and the original trace.
"""

from datetime import date

from deploy.local.demo.plan import IMMEDIATE_DESTINATION, CorePayment

WIDTH = 94
BLOCKING = 10
ROUTING = IMMEDIATE_DESTINATION[:8]
HASH_DIGITS = 10**10
REASONS = ("R01", "R09", "R03", "R10")


def return_file(payments: list[CorePayment], on: date) -> bytes:
    """One batch that returns each payment, with a reason code each, going round `REASONS`."""
    day = f"{on:%y%m%d}"
    lines = [
        f"101 {IMMEDIATE_DESTINATION} 691000134{day}0306A094101{'MEMBER CREDIT UNION':<23}{'ARREARS DEMO':<23}{'':<8}",
        f"5225{'MEMBER CREDIT UN':<16}{'':<20}{'1234567890':<10}PPD{'LOAN PMT':<10}{day}{day}   1{ROUTING}0000001",
    ]
    for index, payment in enumerate(payments, start=1):
        trace = f"{ROUTING}{9_000_000 + index:07d}"
        lines += [
            f"626{IMMEDIATE_DESTINATION}{'0000':<17}{payment.amount_minor:010d}{'':<15}{'':<22}  1{trace}",
            f"799{REASONS[index % len(REASONS)]}{payment.ach_trace}{'':<6}{ROUTING}{'':<44}{trace}",
        ]
    entries, total = 2 * len(payments), sum(payment.amount_minor for payment in payments)
    checksum = int(ROUTING) * len(payments) % HASH_DIGITS
    totals = f"{checksum:010d}{total:012d}{0:012d}"
    lines.append(f"8225{entries:06d}{totals}{'1234567890':<10}{'':<19}{'':<6}{ROUTING}0000001")
    blocks = -(-(len(lines) + 1) // BLOCKING)
    lines.append(f"9000001{blocks:06d}{entries:08d}{totals}{'':<39}")
    lines += ["9" * WIDTH] * (blocks * BLOCKING - len(lines))
    wrong = [line for line in lines if len(line) != WIDTH]
    if wrong:
        raise ValueError(f"a Nacha line has {WIDTH} characters: {wrong[0]!r}")
    return ("\n".join(lines) + "\n").encode()
