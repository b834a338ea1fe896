"""How a party is reached, and where that says that it may be."""

from datetime import date, datetime
from uuid import UUID

from services.compliance.domain.facts.fact import fact


@fact
class CreditorNotice:
    """The creditor's notice about handing an e-mail address to the collector: 12 CFR 1006.6(d)(4)(ii).

    `is_complete`: it disclosed all of (C)(1)-(5); (A) and (B) stand apart. Days are calendar days.
    """

    sent_on: date
    opt_out_by: date
    is_complete: bool
    is_obtained_from_consumer: bool
    is_used_by_creditor: bool
    is_opted_out: bool = False


@fact
class PriorCollector:
    """What a collector before us did with an e-mail address; `position` 1 is the one immediately before us."""

    position: int
    is_obtained_lawfully: bool  # under 12 CFR 1006.6(d)(4)(i) or (ii)
    is_used: bool
    is_opted_out: bool = False


@fact
class ContactPoint:
    """A way to reach the party: `kind` phone, email or address; `label` mobile, home, work or other.

    `verified_at`: when it was last found to be this person's; `wrong_since`: when we first learnt that it is not, which
    stays for counting (comment 14(b)(2)(i)-3), though a later verification takes it back; `used_by_consumer_at`: the
    consumer's last message from it (an e-mail, a text: a call does not do, comment 6(d)(5)(i)-1); `not_reassigned_at`:
    last check of a complete database that found the number still the consumer's; `leaked_since`: somebody told us that
    it led to a disclosure.
    """

    contact_point_id: UUID
    kind: str
    label: str | None = None
    is_verified: bool = False
    is_usable: bool = True
    verified_at: datetime | None = None
    wrong_since: datetime | None = None
    used_by_consumer_at: datetime | None = None
    not_reassigned_at: datetime | None = None
    reassigned_since: datetime | None = None
    leaked_since: datetime | None = None
    is_employer_provided: bool | None = None
    is_public_domain: bool | None = None
    creditor_notice: CreditorNotice | None = None
    prior_collectors: tuple[PriorCollector, ...] = ()


@fact
class Location:
    """Where one datum says that the consumer may be; `source` stated, address or phone.

    `zones` are all IANA zones that the datum permits, `jurisdictions` such as US-MA and US-NY-NYC. A `stated` location
    is knowledge of where the consumer is from `since` to `until`: while it holds, no other decides the time.
    """

    source: str
    zones: tuple[str, ...]
    jurisdictions: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
