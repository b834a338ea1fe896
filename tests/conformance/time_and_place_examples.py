"""The worked examples on 12 CFR 1006.6(b) and (c): when, where and past whom a consumer may not be contacted."""

from collections.abc import Iterator
from dataclasses import replace

from services.compliance.domain.decide import Decision
from services.compliance.domain.facts import (
    Channel,
    Direction,
    Location,
    PlaceDesignation,
    Purpose,
    Representation,
    Role,
    TimeDesignation,
)
from tests.conformance.collector import EASTERN, MOUNTAIN, PACIFIC, Collector, name
from tests.conformance.examples import Claim, example, forbidden, free

HOURS, MESSAGE_HOURS, TIME, PLACE = (
    "regf.time.8to21",
    "regf.time.8to21_messages",
    "regf.time.designated",
    "regf.place.designated",
)
ATTORNEY, WORK, CEASE = "regf.attorney", "regf.work", "regf.cease"
MONDAY, TUESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 1, 3, 4, 5, 6
WEEKDAYS, WEEKEND = frozenset(range(5)), frozenset({SATURDAY, SUNDAY})


@example(
    "6(b)(1)-1.i", "The creditor's notes say not to disturb the consumer on Tuesdays and Thursdays until the year ends"
)
def notes_of_the_creditor() -> Iterator[Claim]:
    collector = Collector()
    days = frozenset({TUESDAY, THURSDAY})
    known = collector.at("2026-10-01")
    end = collector.at("2026-12-31").date()
    collector.knows(inconvenient_times=(TimeDesignation(name("notes"), known, days, until=end),))
    opens = collector.at("2026-10-07 00:00")
    yield forbidden("a call on Tuesday 6 October", TIME, collector.asks("2026-10-06"), not_before=opens)
    yield forbidden("an e-mail on Thursday 31 December", TIME, collector.asks("2026-12-31", channel=Channel.EMAIL))
    yield free("a call on Wednesday", TIME, collector.asks("2026-10-07"))
    yield free("a call on Tuesday 5 January 2027", TIME, collector.asks("2027-01-05"))


def replies_by_email(collector: Collector, when: str) -> Decision:
    """Ask for a reply to the consumer by e-mail."""
    return collector.asks(when, channel=Channel.EMAIL, purpose=Purpose.REPLY)


def busy_in_the_afternoon() -> Collector:
    """The facts of comment 6(b)(1)-1.ii: weekdays from 15:00 to 17:00, and all weekends, are inconvenient."""
    collector = Collector()
    known = collector.at("2026-06-01 10:00")
    afternoons = TimeDesignation(name("afternoons"), known, WEEKDAYS, 15 * 60, 17 * 60)
    weekends = TimeDesignation(name("weekends"), known, WEEKEND)
    collector.knows(inconvenient_times=(afternoons, weekends))
    return collector


@example("6(b)(1)-1.ii", "Asked when it suits: weekdays except from 3 to 5 p.m., and not on weekends")
def weekdays_except_afternoons() -> Iterator[Claim]:
    collector = busy_in_the_afternoon()
    opens = collector.at("2026-06-03 17:00")
    yield forbidden("a call on Wednesday at 15:00", TIME, collector.asks("2026-06-03 15:00"), not_before=opens)
    yield forbidden("a text on Wednesday at 16:59", TIME, collector.asks("2026-06-03 16:59", channel=Channel.SMS))
    yield free("a call on Wednesday at 14:59", TIME, collector.asks("2026-06-03 14:59"))
    yield free("a call on Wednesday at 17:00", TIME, collector.asks("2026-06-03 17:00"))
    monday = collector.at("2026-06-08 00:00")
    yield forbidden("a call on Saturday at noon", TIME, collector.asks("2026-06-06"), not_before=monday)
    if (earliest := collector.asks("2026-06-06").not_before) != collector.at("2026-06-08 08:00"):
        raise AssertionError(f"the whole decision lets go at {earliest}, not on Monday at 8:00")


def not_at_home() -> Collector:
    """The facts of comment 6(b)(1)-1.iii."""
    collector = Collector()
    home = PlaceDesignation(name("not at home"), "home", collector.at("2026-06-01 10:00"))
    collector.knows(inconvenient_places=(home,))
    return collector


@example("6(b)(1)-1.iii", "The consumer says not to be contacted at home: no mail there, no call to the landline there")
def home_is_inconvenient() -> Iterator[Claim]:
    collector = not_at_home()
    yield forbidden("a letter to the home address", PLACE, collector.asks("2026-06-02", channel=Channel.LETTER))
    yield forbidden("a call to the landline at home", PLACE, collector.asks("2026-06-02", point="landline"))
    yield free(
        "a call to the landline before the consumer said so", PLACE, collector.asks("2026-05-29", point="landline")
    )


@example(
    "6(b)(1)-2.i", "Wednesday 15:30, in the inconvenient time, the consumer e-mails: one reply by e-mail before 17:00"
)
def reply_by_email() -> Iterator[Claim]:
    collector = busy_in_the_afternoon()
    collector.contact(
        "2026-06-03 15:30", "inbound_message", channel=Channel.EMAIL, point="email", direction=Direction.INBOUND
    )
    yield free("a reply by e-mail at 15:40", TIME, replies_by_email(collector, "2026-06-03 15:40"))
    yield forbidden("a call at 15:40", TIME, collector.asks("2026-06-03 15:40", purpose=Purpose.REPLY))
    yield forbidden(
        "an e-mail at 15:40 that is no reply", TIME, collector.asks("2026-06-03 15:40", channel=Channel.EMAIL)
    )
    yield forbidden("a reply on Thursday at 15:40", TIME, replies_by_email(collector, "2026-06-04 15:40"))
    collector.contact("2026-06-03 15:40", "email_sent", channel=Channel.EMAIL, point="email", purpose=Purpose.REPLY)
    yield forbidden("a second e-mail at 15:50", TIME, replies_by_email(collector, "2026-06-03 15:50"))
    collector.contact(
        "2026-06-03 16:00", "inbound_message", channel=Channel.EMAIL, point="email", direction=Direction.INBOUND
    )
    yield free("one more reply after the consumer answers", TIME, replies_by_email(collector, "2026-06-03 16:10"))


@example(
    "6(b)(1)-2.ii", "Home is inconvenient, and the consumer calls from the landline there: we may talk on that call"
)
def call_from_home() -> Iterator[Claim]:
    collector = not_at_home()
    decision = collector.asks("2026-06-03", point="landline", direction=Direction.INBOUND)
    if not decision.is_allowed:
        raise AssertionError("the consumer's own call may be answered")
    collector.contact("2026-06-03", None, direction=Direction.INBOUND, point="landline")
    yield free("the talk while the consumer's call goes on", PLACE, replied(collector))
    collector = not_at_home()
    collector.contact("2026-06-03", "inbound_rpc", direction=Direction.INBOUND, point="landline")
    yield forbidden("another call when that call is over", PLACE, replied(collector))
    yield forbidden("a later call to that landline", PLACE, collector.asks("2026-06-20", point="landline"))


def replied(collector: Collector) -> Decision:
    """One answer to the consumer's call, the frequency of calls left aside."""
    collector.consents("2026-06-03 12:01", "call_frequency")
    return collector.asks("2026-06-03 12:10", point="landline", purpose=Purpose.REPLY)


def not_on_fridays() -> Collector:
    """The facts of comment 6(b)(1)-2.iii."""
    collector = Collector()
    fridays = TimeDesignation(name("fridays"), collector.at("2026-06-01"), frozenset({FRIDAY}))
    collector.knows(inconvenient_times=(fridays,))
    return collector


@example(
    "6(b)(1)-2.iii",
    "Fridays are inconvenient; on a Friday the consumer uses our website: there we may inform, then no more",
)
def website_on_friday() -> Iterator[Claim]:
    collector = not_on_fridays()
    collector.contact(
        "2026-06-05 10:00",
        "inbound_message",
        channel=Channel.PORTAL,
        direction=Direction.INBOUND,
        ended="2026-06-05 10:20",
    )
    yield free(
        "a text on the website while it is used", TIME, collector.asks("2026-06-05 10:10", channel=Channel.PORTAL)
    )
    yield forbidden("the same ten minutes after", TIME, collector.asks("2026-06-05 10:30", channel=Channel.PORTAL))
    yield forbidden("an e-mail while it is used", TIME, collector.asks("2026-06-05 10:10", channel=Channel.EMAIL))
    yield forbidden("a call on the next Friday", TIME, collector.asks("2026-06-12"))


@example("6(b)(1)-2.iv", "After the website the consumer e-mails on Friday at 20:30: one reply, which may be automatic")
def email_on_friday() -> Iterator[Claim]:
    collector = not_on_fridays()
    collector.contact(
        "2026-06-05 20:30", "inbound_message", channel=Channel.EMAIL, point="email", direction=Direction.INBOUND
    )
    yield free("an automatic reply by e-mail", TIME, replies_by_email(collector, "2026-06-05 20:31"))
    collector.contact("2026-06-05 20:31", "email_sent", channel=Channel.EMAIL, point="email", purpose=Purpose.REPLY)
    yield forbidden("another e-mail that evening", TIME, replies_by_email(collector, "2026-06-05 20:45"))
    yield forbidden("an e-mail on the next Friday", TIME, collector.asks("2026-06-12", channel=Channel.EMAIL))


@example("6(b)(1)(i)-1", "An e-mail or a text happens when we send it, not when it is read")
def time_of_sending() -> Iterator[Claim]:
    collector = Collector()
    opens = collector.at("2026-06-04 08:00")
    late = collector.asks("2026-06-03 21:30", channel=Channel.EMAIL)
    yield forbidden("an e-mail sent at 21:30", MESSAGE_HOURS, late, not_before=opens)
    yield free("an e-mail sent at 20:59", MESSAGE_HOURS, collector.asks("2026-06-03 20:59", channel=Channel.EMAIL))


def between(collector: Collector, first: str, last: str, day: str) -> Iterator[Claim]:
    """Calls may be made from the first minute until the last, Eastern time, and at no other."""
    yield forbidden(f"a call a minute before {first}", HOURS, collector.asks(f"{day} {minute_before(first)}"),
                    not_before=collector.at(f"{day} {first}"))  # fmt: skip
    yield free(f"a call at {first}", HOURS, collector.asks(f"{day} {first}"))
    yield free(f"a call a minute before {last}", HOURS, collector.asks(f"{day} {minute_before(last)}"))
    yield forbidden(f"a call at {last}", HOURS, collector.asks(f"{day} {last}"))


def minute_before(clock: str) -> str:
    """The minute before HH:00."""
    return f"{int(clock[:2]) - 1:02}:59"


@example(
    "6(b)(1)(i)-2.i", "A mobile number of the Eastern zone and an address in the Pacific zone: 11:00 to 21:00 Eastern"
)
def eastern_number_pacific_address() -> Iterator[Claim]:
    collector = Collector(zone=EASTERN)
    collector.is_at(Location("phone", (EASTERN,), ("US-OH",)), Location("address", (PACIFIC,), ("US-OR",)))
    yield from between(collector, "11:00", "21:00", "2026-06-03")


@example(
    "6(b)(1)(i)-2.ii", "A mobile number of the Eastern and a landline of the Mountain zone: 10:00 to 21:00 Eastern"
)
def eastern_mobile_mountain_landline() -> Iterator[Claim]:
    collector = Collector(zone=EASTERN)
    collector.is_at(Location("phone", (EASTERN,), ("US-OH",)), Location("phone", (MOUNTAIN,), ("US-WY",)))
    yield from between(collector, "10:00", "21:00", "2026-06-03")


@example(
    "6(b)(1)(ii)-1.i",
    "Home is inconvenient: a mobile telephone and e-mail are not tied to it, unless we know the consumer is there",
)
def media_without_a_place() -> Iterator[Claim]:
    collector = not_at_home()
    yield free("a call to the mobile telephone", PLACE, collector.asks("2026-06-02"))
    yield free("an e-mail", PLACE, collector.asks("2026-06-02", channel=Channel.EMAIL))
    yield forbidden("a call to it while we know that the consumer is at home", PLACE,
                    collector.asks("2026-06-02", known_place="home"))  # fmt: skip


@example("6(b)(2)-1", "The consumer, who has an attorney, writes to us: that may be answered, and nothing more")
def represented_consumer_writes() -> Iterator[Claim]:
    collector = Collector()
    lawyer = Representation(name("attorney"), collector.at("2026-06-01"), is_reachable=True)
    collector.knows(representations=(lawyer,))
    yield forbidden("an e-mail to the consumer", ATTORNEY, collector.asks("2026-06-02", channel=Channel.EMAIL))
    collector.contact(
        "2026-06-03", "inbound_message", channel=Channel.EMAIL, point="email", direction=Direction.INBOUND
    )
    yield free("a reply to the consumer's e-mail", ATTORNEY, replies_by_email(collector, "2026-06-03 13:00"))
    collector.contact("2026-06-03 13:00", "email_sent", channel=Channel.EMAIL, point="email", purpose=Purpose.REPLY)
    yield forbidden("a further e-mail", ATTORNEY, replies_by_email(collector, "2026-06-03 14:00"))
    silent = replace(lawyer, unresponsive_since=collector.at("2026-07-01"))
    collector.facts = replace(collector.facts, representations=(silent,))
    yield free("an e-mail once the attorney has not answered in time", ATTORNEY,
               collector.asks("2026-07-02", channel=Channel.EMAIL))  # fmt: skip


@example(
    "6(b)(3)-1",
    "The consumer cannot take personal calls at work: that is reason to know that the employer prohibits them",
)
def no_calls_at_work() -> Iterator[Claim]:
    collector = Collector()
    yield free(
        "a call to the number at work, of which nothing is known",
        WORK,
        collector.asks("2026-06-02", point="work phone"),
    )
    told = PlaceDesignation(name("no calls at work"), "work", collector.at("2026-06-02 13:00"), source="employer")
    collector.knows(inconvenient_places=(told,))
    yield forbidden("the same call after the consumer said so", WORK, collector.asks("2026-06-03", point="work phone"))
    yield free("a call to the mobile telephone", WORK, collector.asks("2026-06-03"))


@example(
    "6(b)(4)(i)-1", "Consent lifts the prohibitions on time and place; it is not asked for in an inconvenient call"
)
def consent_to_the_time() -> Iterator[Claim]:
    collector = busy_in_the_afternoon()
    wednesday = collector.at("2026-06-10").date()
    collector.consents(
        "2026-06-09", "time", starts_on=wednesday, ends_on=wednesday, start_minute=15 * 60, end_minute=16 * 60
    )
    yield free("a call within the hour that the consumer named", TIME, collector.asks("2026-06-10 15:30"))
    yield forbidden("a call after it", TIME, collector.asks("2026-06-10 16:30"))
    yield forbidden("a call on the day before", TIME, collector.asks("2026-06-09 15:30"))


@example("6(b)(4)(i)-2", "Consent given to the creditor or to an earlier collector is not consent given to us")
def consent_to_another() -> Iterator[Claim]:
    for given_to in ("creditor", "prior_collector"):
        collector = busy_in_the_afternoon()
        collector.consents("2026-06-01", "time", given_to=given_to)
        yield forbidden(f"a call by consent given to the {given_to}", TIME, collector.asks("2026-06-10 15:30"))


@example(
    "6(c)(1)-1.i", "A cease letter mailed on 3 August is received on the 6th: the e-mail of 4 August was no violation"
)
def cease_on_receipt() -> Iterator[Claim]:
    collector = Collector()
    collector.restricts("2026-08-06 10:00", "cease")
    yield free("the e-mail of 4 August", CEASE, collector.asks("2026-08-04", channel=Channel.EMAIL))
    yield free(
        "an e-mail on the 6th before the letter came", CEASE, collector.asks("2026-08-06 09:59", channel=Channel.EMAIL)
    )
    yield forbidden("an e-mail after it came", CEASE, collector.asks("2026-08-06 10:00", channel=Channel.EMAIL))
    yield forbidden("a call a year later", CEASE, collector.asks("2027-08-06"))


@example("6(c)(1)-2", "A cease by e-mail, where we accept e-mail, is a written one")
def electronic_cease() -> Iterator[Claim]:
    collector = Collector()
    collector.contact(
        "2026-08-06 10:00", "inbound_message", channel=Channel.EMAIL, point="email", direction=Direction.INBOUND
    )
    collector.restricts("2026-08-06 10:00", "cease")
    yield forbidden("a call after the e-mail", CEASE, collector.asks("2026-08-06 12:00"))


@example("6(c)(2)-1", "After a cease a mortgage servicer still sends the written early intervention notice")
def early_intervention_notice() -> Iterator[Claim]:
    collector = Collector(role=Role.THIRD_PARTY_COLLECTOR)
    collector.restricts("2026-08-06", "cease")
    letter = collector.asks("2026-08-10", channel=Channel.LETTER, purpose=Purpose.REQUIRED_NOTICE)
    remedy = collector.asks("2026-08-10", channel=Channel.LETTER, purpose=Purpose.REMEDY_NOTICE)
    collection = collector.asks("2026-08-10", channel=Channel.LETTER)
    yield forbidden("a collection letter", CEASE, collection)
    yield allowed_without_rule("the early intervention notice by letter", letter)
    yield allowed_without_rule("a notice of a remedy (1006.6(c)(2)(ii))", remedy)


@example(
    "6(c)(2)-2",
    "After a cease the disclosures of the servicing rules still go out: insurance, rate, periodic statement",
)
def servicing_disclosures() -> Iterator[Claim]:
    collector = Collector()
    collector.restricts("2026-08-06", "cease")
    statement = collector.asks("2026-09-01", channel=Channel.LETTER, purpose=Purpose.REQUIRED_NOTICE)
    yield allowed_without_rule("the periodic statement", statement)


def allowed_without_rule(asked: str, decision: Decision) -> Claim:
    """The cease does not look at this contact, and no rule of law forbids it."""
    return free(asked, "regf.mail.postcard", decision) if CEASE not in {
        each.rule.rule_id for each in decision.rules
    } else free(asked, CEASE, decision)  # fmt: skip
