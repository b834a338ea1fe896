"""The plain way: the same work as most would write it, FastAPI and an SQLModel session, one event at a time.

It uses the same tables, the same rules of the domain and the same checks of its result; only the shape differs: rows
are objects that are loaded one by one, and each event is a transaction of its own.
"""
