"""Looks for secrets in memory files: what is in memory is sent to models, so a key does not belong there.

Known shapes of keys, and assignments to names like `password` whose value looks made by a machine. A finding names the
file, the line and the kind, never the secret.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple


class Finding(NamedTuple):
    """`line` from 1; `kind` in words."""

    line: int
    kind: str


_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b")),
    ("an Anthropic key", re.compile(r"\bsk-ant-[A-Za-z0-9_-]{24,}")),
    ("an OpenAI key", re.compile(r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{32,}")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{12,}")),
    ("a Google API key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
    ("a Stripe key", re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20,}\b")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")),
    ("a password in an address", re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@{}<>$]{1,64}:(?![*x<{$])[^\s:/@{}<>$]{6,}@[\w.-]")),
)  # fmt: skip
_ASSIGNED = re.compile(
    r"(?i)(?:password|passwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|token|private[_-]?key)"
    r"[\w-]{0,20}[\"']?\s{0,3}(?:[:=]|=>)\s{0,3}[\"'`]?([A-Za-z0-9+/_=.!@#$%^&*-]{12,200})"
)
#: Words that stand in examples where a secret would stand.
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|your|change|xxx|\*\*\*|<|\$\{|env|dummy|sample|redacted|todo|secret|password|token|none|null"
)
_LONG_LINE = 4000
#: What stands in every line that could hold one: fixed words, searched for one by one, which is many times faster than
#: trying the shapes on every line.
_TRIGGERS = (
    "private key", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "sk-", "xox", "aiza", "k_live_",
    "glpat-", "npm_", "eyj", "://", "passw", "secret", "api_key", "api-key", "apikey", "access_key", "access-key",
    "accesskey", "token", "private_key", "private-key", "privatekey",
)  # fmt: skip


def find(text: str) -> list[Finding]:
    """Secrets in a text, at most one a line."""
    found = []
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose small form is longer
        lowered = text
    starts: dict[int, int] = {}  # where a line starts, and where it ends
    for trigger in _TRIGGERS:
        at = lowered.find(trigger)
        while at >= 0:
            start = text.rfind("\n", 0, at) + 1
            end = text.find("\n", at)
            starts[start] = end = len(text) if end < 0 else end
            at = lowered.find(trigger, end)
    number, last = 1, 0
    for start in sorted(starts):
        number += text.count("\n", last, start)
        last = start
        kind = in_line(text[start : min(starts[start], start + _LONG_LINE)])
        if kind:
            found.append(Finding(number, kind))
    return found


def in_line(line: str) -> str:
    """The kind of secret in a line; "" for none."""
    if len(line) < 16:
        return ""
    for kind, shape in _SHAPES:
        match = shape.search(line)
        if match and not _is_example(match[0]):
            return kind
    for match in _ASSIGNED.finditer(line):
        value = match[1]
        if not _PLACEHOLDER.search(value) and _looks_random(value):
            return "a password or key that is assigned"
    return ""


def _is_example(value: str) -> bool:
    return "EXAMPLE" in value.upper() or "xxxx" in value.lower() or len(set(value[-12:])) < 4


def _looks_random(value: str) -> bool:
    """Whether a value mixes kinds of characters as words and paths do not."""
    kinds = sum(
        (
            any(sign.islower() for sign in value),
            any(sign.isupper() for sign in value),
            any(map(str.isdigit, value)),
        )
    )
    entropy = -sum(
        share * math.log2(share) for share in (value.count(sign) / len(value) for sign in set(value))
    )
    return (
        kinds >= 2
        and any(map(str.isdigit, value))
        and entropy >= 3.2
        and not value.replace(".", "").isdigit()
    )
