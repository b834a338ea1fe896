"""What a failed round prints lives through the same round again."""

from tests.faults.book import Findings
from tests.faults.cases import Outcome


def test_the_command_carries_the_case_the_seed_and_how_long_its_faults_last() -> None:
    outcome = Outcome("R6", 561606146, 5, Findings())
    assert outcome.replay_command == "make faults CASE=R6 SEED=561606146 LENGTH=5"
