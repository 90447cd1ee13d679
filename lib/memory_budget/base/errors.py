"""The one base class of every failure that is expected and explained to a person."""


class BudgetError(Exception):
    """Something a person can put right; the message says what was found where, and what was expected."""
