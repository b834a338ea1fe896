"""What the routes of compliance take from the app besides the edge."""

from typing import Annotated

from fastapi import Depends

from services.compliance.domain.rules import RuleBook, RulePack
from services.compliance.domain.sources import SourceFile
from services.compliance.handlers.decide_contacts import Answer, DecideContact, Decider
from shared.http.micro_batcher import MicroBatcher
from shared.http.routes import from_app


class Rules:
    """The rules that this process decides by, with their packs and the texts that they cite."""

    def __init__(self, packs: tuple[RulePack, ...], sources: dict[str, SourceFile]) -> None:
        self.packs = packs
        self.book = RuleBook(tuple(rule for pack in packs for rule in pack.rules))
        self.sources = sources


RulesOf = Annotated[Rules, Depends(from_app("rules"))]
DecisionsOf = Annotated[MicroBatcher[DecideContact, Answer], Depends(from_app("decisions"))]
DeciderOf = Annotated[Decider, Depends(from_app("decider"))]
