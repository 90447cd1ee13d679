"""Where a number stands in a table of weights (`select.complexity_model`), for the making of tables."""

from __future__ import annotations


def slots_of(number: int, size: int) -> tuple[int, int, int]:
    """(first slot, second slot, byte of rest) of a number, as `Table.matches` goes through them."""
    rest, slot = divmod(number, size)
    return slot, (slot + 1 + (rest >> 8)) % size, rest & 255
