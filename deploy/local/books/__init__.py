"""Checks the books of a running stack: computes every state again from the facts, in code that the services never see.

Nothing here imports the services or what they share: a rule stands twice, once in the product and once here, written
from "What the words mean" alone. `verify.py` says what is read; the checks name each difference and the facts behind.
"""
