"""The worked examples on 12 CFR 1006.6(d): third parties, and the basis for e-mails and texts."""

from collections.abc import Iterator
from datetime import date

from services.compliance.domain.decide import Decision
from services.compliance.domain.facts import (
    Channel,
    CreditorNotice,
    PriorCollector,
    Purpose,
    Recipient,
    Refusal,
)
from tests.conformance.collector import Collector, name
from tests.conformance.examples import Claim, example, forbidden, free

THIRD, BASIS, TEXT, LEAK, OPT_OUT, CEASE = (
    "regf.third_party", "regf.email.basis", "regf.sms.basis", "regf.leaked_address", "regf.optout", "regf.cease",
)  # fmt: skip


def emails(collector: Collector, when: str) -> Decision:
    """Ask for an e-mail about the debt."""
    return collector.asks(when, channel=Channel.EMAIL)


def without_basis() -> Collector:
    """An address of which nothing gives leave to use it."""
    collector = Collector()
    collector.knows_of_point("email", used_by_consumer_at=None, is_public_domain=True, is_employer_provided=False)
    return collector


def opts_out(collector: Collector, when: str, *, point: str | None = "email") -> None:
    """The consumer opts out of e-mail, at one address or altogether."""
    refusal = Refusal(
        name(f"opt-out {when}"),
        Channel.EMAIL,
        collector.at(when),
        name(point) if point else None,
        is_opt_out=point is not None,
    )
    collector.knows(refusals=(refusal,))


@example("6(d)(2)-1", "A third party is told of the debt only with the consumer's consent given to us")
def consent_to_a_third_party() -> Iterator[Claim]:
    collector = Collector()

    def calls_friend(when: str, purpose: Purpose = Purpose.COLLECTION) -> Decision:
        return collector.asks(
            when, point="friend's phone", purpose=purpose, recipient=Recipient.THIRD_PARTY, to="friend"
        )

    yield forbidden("a call to a friend about the debt", THIRD, calls_friend("2026-06-02"))
    yield free("a call to ask the friend where the consumer lives", THIRD,
               calls_friend("2026-06-02", Purpose.LOCATION))  # fmt: skip
    collector.consents("2026-06-02 13:00", "third_party", given_to="creditor")
    yield forbidden("by consent given to the creditor", THIRD, calls_friend("2026-06-03"))
    collector.consents("2026-06-03 13:00", "third_party")
    yield free("by consent given to us", THIRD, calls_friend("2026-06-04"))


@example(
    "6(d)(3)(ii)-1", "Somebody tells us that e-mail to the address showed the debt to another: it is not used again"
)
def known_leak() -> Iterator[Claim]:
    collector = Collector()
    yield free("an e-mail before", LEAK, emails(collector, "2026-06-02"))
    collector.knows_of_point("email", leaked_since=collector.at("2026-06-02 13:00"))
    yield forbidden("an e-mail after", LEAK, emails(collector, "2026-06-03"))


@example("6(d)(4)(i)(B)-1", "Consent to e-mail may be given in any medium, directly to us")
def consent_to_email() -> Iterator[Claim]:
    collector = without_basis()
    yield forbidden("an e-mail without any basis", BASIS, emails(collector, "2026-06-02"))
    collector.consents("2026-06-02 13:00", "electronic", channel=Channel.EMAIL, given_to="creditor")
    yield forbidden("by consent given to the creditor", BASIS, emails(collector, "2026-06-03"))
    collector.consents("2026-06-03 13:00", "electronic", channel=Channel.EMAIL)
    yield free("by consent given to us", BASIS, emails(collector, "2026-06-04"))


@example(
    "6(d)(4)(i)(B)-2", "The consumer enters an address where we say that we may write to it about the debt: consent"
)
def address_entered_by_consumer() -> Iterator[Claim]:
    collector = without_basis()
    collector.consents("2026-06-02", "electronic", channel=Channel.EMAIL, contact_point_id=name("email"))
    yield free("an e-mail to that address", BASIS, emails(collector, "2026-06-03"))


def notified(**known: object) -> Collector:
    """The creditor wrote on 1 June that we may use the address, with a date to opt out by: 6 July, 35 days on."""
    terms: dict[str, object] = {
        "sent_on": date(2026, 6, 1), "opt_out_by": date(2026, 7, 6), "is_complete": True,
        "is_obtained_from_consumer": True, "is_used_by_creditor": True,
    }  # fmt: skip
    collector = without_basis()
    collector.knows_of_point("email", creditor_notice=CreditorNotice(**{**terms, **known}))  # type: ignore[arg-type]
    return collector


@example("6(d)(4)(ii)(B)-1", "Bills and reminders to the address are its use about the account; advertising is not")
def use_about_the_account() -> Iterator[Claim]:
    yield free("an e-mail where the creditor sent its bills there", BASIS, emails(notified(), "2026-07-07"))
    advertised = notified(is_used_by_creditor=False)
    yield forbidden("an e-mail where it sent advertising alone", BASIS, emails(advertised, "2026-07-07"))


@example("6(d)(4)(ii)(C)-1", "The creditor's notice must be clear and conspicuous: one that is not is none")
def unclear_notice() -> Iterator[Claim]:
    yield forbidden("an e-mail on such a notice", BASIS, emails(notified(is_complete=False), "2026-07-07"))


@example(
    "6(d)(4)(ii)(C)-2.i", "The sample notice in writing names us, the address, the risk, how to opt out and the date"
)
def sample_notice_in_writing() -> Iterator[Claim]:
    collector = notified()
    opens = collector.at("2026-07-07 00:00")
    yield forbidden("an e-mail on the last day to opt out", BASIS, emails(collector, "2026-07-06"), not_before=opens)
    yield free("an e-mail on the day after", BASIS, emails(collector, "2026-07-07"))


@example("6(d)(4)(ii)(C)-2.ii", "The sample notice by e-mail does as well")
def sample_notice_by_email() -> Iterator[Claim]:
    yield free("an e-mail on the day after the time to opt out", BASIS, emails(notified(), "2026-07-07"))


@example("6(d)(4)(ii)(C)-3", "The notice may be part of a larger letter, as long as it is clear")
def combined_notice() -> Iterator[Claim]:
    yield free("an e-mail on a notice within a letter", BASIS, emails(notified(), "2026-07-08"))


@example("6(d)(4)(ii)(C)(1)-1", "The notice must name the collector: one that names nobody is none")
def notice_without_a_name() -> Iterator[Claim]:
    yield forbidden("an e-mail on it", BASIS, emails(notified(is_complete=False), "2026-07-07"))


@example("6(d)(4)(ii)(C)(4)-1.i", "In writing: a form with an envelope will do; having to ask for the form will not")
def form_to_opt_out() -> Iterator[Claim]:
    yield free("an e-mail where the form was enclosed", BASIS, emails(notified(), "2026-07-07"))
    yield forbidden("an e-mail where one had to call for it", BASIS, emails(notified(is_complete=False), "2026-07-07"))


@example("6(d)(4)(ii)(C)(4)-1.ii", "By e-mail: a link or a reply of stop will do; having to write a letter will not")
def link_to_opt_out() -> Iterator[Claim]:
    yield free("an e-mail where there was a link", BASIS, emails(notified(), "2026-07-07"))
    yield forbidden("an e-mail where one had to write", BASIS, emails(notified(is_complete=False), "2026-07-07"))


@example("6(d)(4)(ii)(C)(5)-1", "At least 35 days to opt out: 34 are not enough, and neither is an opt-out that came")
def thirty_five_days() -> Iterator[Claim]:
    short = notified(opt_out_by=date(2026, 7, 5))
    yield forbidden("an e-mail after 34 days to opt out", BASIS, emails(short, "2026-07-20"))
    yield free("an e-mail after 35", BASIS, emails(notified(), "2026-07-20"))
    yield forbidden("an e-mail to one who opted out", BASIS, emails(notified(is_opted_out=True), "2026-07-20"))


@example(
    "6(d)(4)(ii)(D)-1", "An opt-out after the time for it still binds: of the address, of e-mail, or of everything"
)
def late_opt_out() -> Iterator[Claim]:
    collector = notified()
    opts_out(collector, "2026-07-20")
    yield forbidden("an e-mail to that address", OPT_OUT, emails(collector, "2026-07-21"))
    medium = notified()
    opts_out(medium, "2026-07-20", point=None)
    yield forbidden("an e-mail to one who wants no e-mail", "regf.medium", emails(medium, "2026-07-21"))
    yield free("a call to the same person", "regf.medium", medium.asks("2026-07-21"))
    ceased = notified()
    ceased.restricts("2026-07-20", "cease")
    yield forbidden("a call to one who wants nothing at all", CEASE, ceased.asks("2026-07-21"))


@example("6(d)(4)(ii)(D)-2", "To opt out of one address is not to ask that all communication cease")
def opt_out_is_no_cease() -> Iterator[Claim]:
    collector = notified()
    opts_out(collector, "2026-07-20")
    yield forbidden("an e-mail to the address", OPT_OUT, emails(collector, "2026-07-21"))
    yield free("a call", CEASE, collector.asks("2026-07-21"))


@example(
    "6(d)(4)(ii)(E)-1", "A domain that the public may use is one; that of a company, an agency or a university is not"
)
def domain_of_the_public() -> Iterator[Claim]:
    yield free("an e-mail to an address that anybody can have", BASIS, emails(notified(), "2026-07-07"))
    company = notified()
    company.knows_of_point("email", is_public_domain=False)
    yield forbidden("an e-mail to an address of a company", BASIS, emails(company, "2026-07-07"))


@example("6(d)(4)(ii)(E)-2", "We know of an employer's address when anybody has told us; we need not search for it")
def address_of_the_employer() -> Iterator[Claim]:
    collector = notified()
    collector.knows_of_point("email", is_employer_provided=None)
    yield free("an e-mail while nobody has said so", "regf.work_email", emails(collector, "2026-07-07"))
    collector.knows_of_point("email", is_employer_provided=True)
    yield forbidden("an e-mail after somebody has", "regf.work_email", emails(collector, "2026-07-07"))


def after(*priors: PriorCollector) -> Collector:
    """The address came to us through these collectors, 1 the one before us."""
    collector = without_basis()
    collector.knows_of_point("email", prior_collectors=priors)
    return collector


@example(
    "6(d)(4)(iii)-1",
    "A debt that went back to the creditor between us: ABC is still the collector immediately before us",
)
def immediately_prior() -> Iterator[Claim]:
    collector = after(PriorCollector(1, is_obtained_lawfully=True, is_used=True))
    yield free("an e-mail by XYZ", BASIS, emails(collector, "2026-06-02"))


@example("6(d)(4)(iii)-2.i", "ABC obtained the address lawfully and used it; the debt comes to XYZ")
def one_prior_collector() -> Iterator[Claim]:
    collector = after(PriorCollector(1, is_obtained_lawfully=True, is_used=True))
    yield free("an e-mail by XYZ", BASIS, emails(collector, "2026-06-02"))
    refused = after(PriorCollector(1, is_obtained_lawfully=True, is_used=True, is_opted_out=True))
    yield forbidden("the same where the consumer opted out of ABC's", BASIS, emails(refused, "2026-06-02"))


@example("6(d)(4)(iii)-2.ii", "ABC obtained it, EFG used it after ABC; the debt comes to XYZ")
def two_prior_collectors() -> Iterator[Claim]:
    abc = PriorCollector(2, is_obtained_lawfully=True, is_used=True)
    efg = PriorCollector(1, is_obtained_lawfully=False, is_used=True)
    yield free("an e-mail by XYZ", BASIS, emails(after(abc, efg), "2026-06-02"))


@example("6(d)(4)(iii)-2.iii", "ABC obtained it, EFG did not use e-mail: XYZ has no basis")
def broken_chain() -> Iterator[Claim]:
    abc = PriorCollector(2, is_obtained_lawfully=True, is_used=True)
    efg = PriorCollector(1, is_obtained_lawfully=False, is_used=False)
    yield forbidden("an e-mail by XYZ", BASIS, emails(after(abc, efg), "2026-06-02"))


@example(
    "6(d)(5)-1", "A complete database that finds the number not reassigned renews an older text or consent for 60 days"
)
def not_reassigned() -> Iterator[Claim]:
    collector = Collector()
    collector.knows_of_point("mobile", used_by_consumer_at=collector.at("2026-03-01"))
    yield forbidden("a text 93 days after the consumer's", TEXT, collector.asks("2026-06-02", channel=Channel.SMS))
    collector.knows_of_point("mobile", not_reassigned_at=collector.at("2026-06-02"))
    yield free("a text after the number was confirmed", TEXT, collector.asks("2026-06-03", channel=Channel.SMS))
    yield forbidden("a text 61 days after that", TEXT, collector.asks("2026-08-02 13:00", channel=Channel.SMS))


@example("6(d)(5)(i)-1", "The consumer who has only called from a number has not texted from it")
def called_not_texted() -> Iterator[Claim]:
    collector = Collector()
    collector.contact("2026-06-01", "inbound_rpc")
    yield forbidden("a text to that number", TEXT, collector.asks("2026-06-02", channel=Channel.SMS))
    collector.knows_of_point("mobile", used_by_consumer_at=collector.at("2026-06-02"))
    yield free("a text after the consumer texted from it", TEXT, collector.asks("2026-06-03", channel=Channel.SMS))


@example("6(d)(5)(ii)-1", "Consent to texts is given as consent to e-mail is, and must be of the last 60 days")
def consent_to_texts() -> Iterator[Claim]:
    collector = Collector()
    collector.consents("2026-06-01 12:00", "electronic", channel=Channel.SMS)
    yield free("a text on the sixtieth day", TEXT, collector.asks("2026-07-31 11:00", channel=Channel.SMS))
    yield forbidden("a text after it", TEXT, collector.asks("2026-08-01", channel=Channel.SMS))
