"""The checker of contacts: no contact that a rule forbade was made, by the stored facts alone.

It reads what contact and compliance keep and what the topics say, and counts again in code of its own: a bug of the
services is not a bug here. It judges only what the facts settle: where a zone or a day is open, the service may be
right, and nothing is named. `docs/runbooks/README.md` says which rules it does not check.
"""
