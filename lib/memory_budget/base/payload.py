"""What the client hands to a hook, and what a hook answers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Payload = dict[str, Any]
    Answer = dict[str, Any] | None


def text_field(payload: Payload, key: str) -> str:
    """A field that should be text; "" when it is missing or something else."""
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def message(lines: list[str]) -> Answer:
    """An answer that shows lines to the person and nothing to any agent; None where there are none."""
    return {"systemMessage": "memory-budget: " + " / ".join(lines)} if lines else None
