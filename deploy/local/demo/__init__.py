"""The demo: a month in the life of 15,000 real card accounts, through the same doors that a core would use."""

from deploy.local.demo.run import main

__all__ = ["main"]
