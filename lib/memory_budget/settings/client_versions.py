"""What older versions of the client lack, as the end-to-end tests with them found it. The README's table says the same."""

from __future__ import annotations

import re

#: The oldest version that the tests run against.
OLDEST = (2, 1, 87)
#: Before this version, this is missing; newest first.
_LACKS = (
    ((2, 1, 330), "the row of a running agent does not show its budget"),
    ((2, 1, 104), "an agent that was refused is noticed only when its session ends"),
)


def parse_version(output: str) -> tuple[int, int, int] | None:
    """The version in what `claude --version` says ("2.1.104 (Claude Code)"); None where there is none."""
    match = re.match(r"\s*(\d+)\.(\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def version_text(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


def missing_features(version: tuple[int, int, int]) -> list[str]:
    """What does not work with this version, in words."""
    if version < OLDEST:
        return [f"older than {version_text(OLDEST)}, the oldest that was tested: claude update"]
    return [what for since, what in _LACKS if version < since]
