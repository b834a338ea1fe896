"""`python -m services.payments {api|worker|migrate|replay|dead-letters|lag}`."""

from services.payments.app import SERVICE
from shared.cli import commands

if __name__ == "__main__":
    commands(SERVICE)()
