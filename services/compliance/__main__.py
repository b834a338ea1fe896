"""`python -m services.compliance {api|worker|migrate|replay|rebuild|dead-letters|lag}`."""

from services.compliance.app import SERVICE
from shared.cli import commands

if __name__ == "__main__":
    commands(SERVICE)()
