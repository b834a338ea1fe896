"""The compliance service: may this contact be made, by which rule, and how is that known."""
