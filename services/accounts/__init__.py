"""accounts: the book of debts, their age, and the work queues that follow from it."""
