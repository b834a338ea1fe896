"""`python -m services.contact {api|worker|migrate|replay|dead-letters|lag|rebuild}`."""

from services.contact.app import SERVICE
from shared.cli import commands

if __name__ == "__main__":
    commands(SERVICE)()
