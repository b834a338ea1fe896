"""Where the demo finds a running stack, and the tokens with which it goes in."""

from datetime import timedelta

from deploy.local.demo.agency import AGENCY
from deploy.local.demo.call_doors import Services
from deploy.local.demo.doors import CREDITOR
from deploy.local.demo.run import Stack as DemoStack
from deploy.local.stack import SERVICES, Stack
from deploy.local.verify_books import contacts_of, place_of


def demo_stack(stack: Stack, roles: tuple[str, ...], ttl: timedelta) -> DemoStack:
    """The demo's view of a stack. Each of its two creditors has a token that reaches it alone."""
    bank = stack.issuer.mint(roles, [CREDITOR], ttl, sub="demo")
    agency = stack.issuer.mint(roles, [AGENCY], ttl, sub="demo-agency")
    return DemoStack(
        place=place_of(stack, bank),
        payments_url=stack.url("payments"),
        report=stack.data_dir / "demo" / "report.html",
        agency=Services(
            urls={service: stack.url(service) for service in SERVICES},
            person_search_url=stack.stand_ins.person_search.url,
            text_gateway_url=stack.stand_ins.text_gateway.url,
            token=agency,
        ),
        contacts=contacts_of(stack),
    )
