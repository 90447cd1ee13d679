"""The payload that the client passes to a hook, and the hook's answer, both JSON objects."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Payload = dict[str, Any]
    Answer = dict[str, Any] | None


def text_field(payload: Payload, key: str) -> str:
    """A field of text; "" where it is missing or of another type."""
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def message(lines: list[str]) -> Answer:
    """An answer that shows lines to the person and nothing to an agent; None without lines."""
    return {"systemMessage": "memory-budget: " + " / ".join(lines)} if lines else None
