"""What each role of a token may do: a role is a set of scopes, and a token may do the union of its roles and scopes.

The one table of authority by role. Amount and term limits are data of the service that grants them, not scopes.
"""

_READ = frozenset(
    {
        "accounts:read",
        "compliance:read",
        "contact:read",
        "creditors:read",
        "dial_lists:read",
        "imports:read",
        "payments:read",
        "queues:read",
        "reports:read",
        "skiptrace:read",
        "vendors:read",
    }
)
_COLLECTOR = _READ | {
    "arrangements:write",
    "contact:place",
    "contact:write",
    "disputes:write",
    "payments:write",
    "promises:write",
    "restrictions:write",
    "skiptrace:write",
    "work_items:write",
}
_SENIOR_COLLECTOR = _COLLECTOR | {"hardship:write", "pauses:write", "settlements:write"}
_SUPERVISOR = _SENIOR_COLLECTOR | {
    "aging:run",
    "aging_policies:write",
    "arrangements:approve",
    "dial_lists:write",
    "field_visits:order",
    "payments:reallocate",
    "payments:reverse",
    "queues:write",
    "rules:review",
    "templates:write",
    "work_items:release",
}

ROLES: dict[str, frozenset[str]] = {
    # The contact service itself, in no person's name: it alone receives permits, and what is heard on a contact takes
    # effect at once.
    "contact_service": _READ | {"consents:write", "disputes:write", "permits:request", "restrictions:write"},
    "collector": _COLLECTOR,
    "senior_collector": _SENIOR_COLLECTOR,
    "supervisor": _SUPERVISOR,
    "compliance_officer": _READ
    | {
        "compliance:write",
        "consents:write",
        "disputes:write",
        "restrictions:lift",
        "restrictions:write",
        "rules:review",
        "rules:write",
    },
    "integrator": frozenset(
        {
            "accounts:read",
            "aging:run",
            "contact_receipts:write",
            "dial_lists:read",
            "dial_lists:write",
            "dial_results:write",
            "imports:read",
            "imports:write",
            "nacha:write",
            # Speaks for core banking: as its source, and of days that are booked already.
            "payments:book",
            "payments:read",
            "payments:reverse",
            "payments:write",
        }
    ),
    "auditor": _READ | {"audit:read"},
    "admin": frozenset(
        {
            "aging_policies:write",
            "creditors:read",
            "creditors:write",
            "queues:read",
            "queues:write",
            "vendors:read",
            "vendors:write",
        }
    ),
}
"""Role name -> scopes. A role that is not here grants nothing."""

SCOPES: frozenset[str] = frozenset().union(*ROLES.values())
"""Every scope that some role grants; a route may ask for no other."""


def scopes_of(roles: frozenset[str]) -> frozenset[str]:
    """Return what the roles may do together. Unknown roles add nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
