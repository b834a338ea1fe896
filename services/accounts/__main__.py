"""`python -m services.accounts {api|worker|migrate|replay|dead-letters|lag}`."""

from services.accounts.app import SERVICE
from shared.cli import commands

if __name__ == "__main__":
    commands(SERVICE)()
