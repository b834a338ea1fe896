"""Migrations: run by the owner role of a service's database, never at the start of an application.

The service role gets DML on what the owner makes, by default privileges; it can change no table. Each migration waits
briefly for its locks and gives up rather than stop the running release.
"""
