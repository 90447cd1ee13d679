"""Finds secrets in memory text and masks them: what is in memory is sent to models, so a key does not belong there.

Secrets are known shapes of keys, and values that look random and are assigned to names like `password`. A message names the
line and the kind, never the secret: `token ghp_aB3...` is sent as `token [masked: a GitHub token]`.

detect-secrets was tried in its place: it took 37 microseconds a character (11 s for 300,000), needs requests and PyYAML, and
missed Google, npm-style, Hugging Face and DigitalOcean keys.
"""

from __future__ import annotations

from math import log2

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator


class Secret:
    """A secret: its line (from 1), its kind in words, and its begin and end in the text."""

    __slots__ = ("begin", "end", "kind", "line")

    def __init__(self, line: int, kind: str, begin: int, end: int) -> None:
        self.line = line
        self.kind = kind
        self.begin = begin
        self.end = end


_SHAPES = (
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b"),
    ("an Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{24,}"),
    ("an OpenAI key", r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{12,}|\bxapp-\d-[A-Za-z0-9-]{20,}"),
    ("a Slack webhook", r"hooks\.slack\.com/services/T[A-Za-z0-9_]+/B[A-Za-z0-9_]+/[A-Za-z0-9_]{16,}"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35,}"),
    ("a Google OAuth token", r"\b(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,})"),
    ("a Stripe key", r"\b(?:[rs]k_(?:live|test)|whsec)_[A-Za-z0-9]{20,}\b"),
    ("a GitLab token", r"\bgl(?:pat|dt|rt|cbt|ptt)-[A-Za-z0-9_-]{20,}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a PyPI token", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    ("a SendGrid key", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}\b"),
    ("a DigitalOcean token", r"\bdo[oprt]_v1_[a-f0-9]{64}\b"),
    ("a Telegram bot token", r"\b\d{8,10}:AA[A-Za-z0-9_-]{30,}"),
    ("a Shopify token", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
    ("a Databricks token", r"\bdapi[a-f0-9]{32}\b"),
    ("a Vault token", r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}"),
    ("an age key", r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("a password in an address", r"(?<=://)[^\s:/@{}<>$]{0,64}:(?![*x<{$])[^\s/@{}<>$]{4,}(?=@[\w.-])"),
)  # fmt: skip
_ASSIGNED = (
    r"(?i)(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|token|private[_-]?key|bearer)"
    r"[\w-]{0,20}[\"'`]?\s{0,3}(?:[:=]|=>|\bis\b|(?<=bearer)\s)\s{0,3}[\"'`]?([A-Za-z0-9+/_=.!@#$%^&*~-]{10,400})"
)
#: Words that stand in examples where a secret would stand, as whole words of the value.
_PLACEHOLDERS = frozenset(
    (
        "example placeholder your change changeme xxx xxxx dummy sample redacted todo secret password token none null here "
        "insert replace fake"
    ).split()
)
_KEY_BEGINS, _KEY_ENDS = "-----BEGIN ", "-----END "
_LONG_LINE = 4000
#: Fixed words, one of which is in every line that could hold a secret. Searching for them one by one is many times faster than
#: trying the shapes on every line.
_TRIGGERS = tuple(
    trigger.encode()
    for trigger in (
    "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "sk-", "xox", "xapp-", "hooks.slack", "aiza",
    "gocspx", "ya29.", "k_live_", "k_test_", "whsec_", "glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "npm_", "pypi-", "sg.",
    "hf_", "_v1_", ":aa", "shpat_", "shpca_", "shppa_", "shpss_", "dapi", "hvs.", "hvb.", "hvr.", "age-secret", "eyj", "://",
    "passw", "passphrase", "pwd", "secret", "api_key", "api-key", "apikey", "access_key", "access-key", "accesskey", "token",
    "private_key", "private-key", "privatekey", "bearer",
    )
)  # fmt: skip
#: The trigger of passwords in addresses, before an @; most addresses hold none, and a start hook should not load `re` for them.
_ADDRESS = b"://"
#: Characters of the shortest word that could be a secret, and what else a line needs: a digit in it.
_LEAST = 10
_APART = str.maketrans("\"'`=:,;()[]{}<>|", " " * 16)

#: Texts found to hold none, by hash and length: a memory holds many copies.
_clean: set[tuple[int, int]] = set()
_MOST_CLEAN = 20_000
_compiled: list[tuple[str, re.Pattern[str]]] = []


def mask_secrets(text: str) -> tuple[str, list[Secret]]:
    """A text with its secrets masked (lines keep their numbers), and the secrets."""
    key = (hash(text), len(text))
    if key in _clean:
        return text, []
    secrets = list(find_secrets(text))
    if not secrets:
        if len(_clean) > _MOST_CLEAN:
            _clean.clear()
        _clean.add(key)
        return text, secrets
    parts = []
    last = 0
    for secret in secrets:
        masked_text = text[secret.begin : secret.end]
        parts += [text[last : secret.begin], f"[masked: {secret.kind}]", "\n" * masked_text.count("\n")]
        last = secret.end
    parts.append(text[last:])
    return "".join(parts), secrets


def find_secrets(text: str) -> Iterator[Secret]:
    """The secrets in a text, in order; none inside another."""
    spans = list(_private_keys(text)) if _KEY_BEGINS in text else []
    for begin, end in _suspicious_lines(text):
        spans += _secrets_in_line(text, begin, end)
    number, last, covered = 1, 0, 0
    for begin, end, kind in sorted(spans):
        if begin < covered:
            continue
        number += text.count("\n", last, begin)
        last, covered = begin, end
        yield Secret(number, kind, begin, end)


def _private_keys(text: str) -> Iterator[tuple[int, int, str]]:
    """`-----BEGIN ... PRIVATE KEY-----` to its end."""
    at = text.find(_KEY_BEGINS)
    while at >= 0:
        head = text.find("-----", at + len(_KEY_BEGINS), at + 80)
        after = at + len(_KEY_BEGINS)
        if head > 0 and "PRIVATE KEY" in text[at:head]:
            tail = text.find(_KEY_ENDS, head, head + 20_000)
            close = text.find("-----", tail + len(_KEY_ENDS)) if tail >= 0 else -1
            after = close + 5 if close >= 0 else head + 5
            yield at, after, "a private key"
        at = text.find(_KEY_BEGINS, after)


def _suspicious_lines(text: str) -> list[tuple[int, int]]:
    """Begin and end of the lines that hold a fixed word of a secret, and a word that could be one."""
    data = text.encode("utf-8", "replace")
    lowered = data.lower()  # of bytes, which keeps the length: as text some letters have longer small forms
    lines: dict[int, int] = {}
    for trigger in _TRIGGERS:
        at = lowered.find(trigger)
        while at >= 0:
            start = data.rfind(b"\n", 0, at) + 1
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            if trigger != _ADDRESS or data.find(b"@", at, end) >= 0:
                lines[start] = end
            at = lowered.find(trigger, end)
    ranges = []
    for start in sorted(lines):
        line = data[start : lines[start]].decode()
        if _may_hold_secret(line):
            begin = start if len(data) == len(text) else len(data[:start].decode())
            ranges.append((begin, begin + len(line)))
    return ranges


def _may_hold_secret(line: str) -> bool:
    """Whether a word of a line is long enough and holds a digit, or an address holds a password."""
    if "://" in line and "@" in line:
        return True
    if len(line) < 16:
        return False
    return any(
        len(word) >= _LEAST and not (word.isalpha() or word.isdigit()) and any(map(str.isdigit, word))
        for word in line.translate(_APART).split()
    ) or ("://" not in line and _looks_mixed(line))


def _looks_mixed(line: str) -> bool:
    """Whether a long word without digits has capitals inside, as `XyZabcQrStUvWx` has."""
    return any(
        len(word) > 30 and not word.islower() and not word.isupper()
        for word in line.translate(_APART).split()
    )


def _shapes() -> list[tuple[str, re.Pattern[str]]]:
    """The shapes, compiled when first needed: a start hook that meets no suspicious line never loads `re`."""
    if not _compiled:
        import re

        _compiled.extend((kind, re.compile(shape)) for kind, shape in (*_SHAPES, ("", _ASSIGNED)))
    return _compiled


def _secrets_in_line(text: str, begin: int, end: int) -> Iterator[tuple[int, int, str]]:
    """(begin, end, kind) of the secrets in one line; a very long one is looked at in pieces."""
    while begin < end:
        stop = min(end, begin + _LONG_LINE)
        if stop < end:
            blank = text.rfind(" ", begin, stop)
            stop = blank if blank > begin else stop
        line = text[begin:stop]
        for kind, shape in _shapes():
            for match in shape.finditer(line):
                group = 0 if kind else 1
                value = match[group]
                if kind:
                    is_secret = not _is_example(value)
                else:
                    is_secret = not _is_placeholder(value) and _looks_random(value)
                if is_secret:
                    name = kind or "a password or key that is assigned"
                    yield begin + match.start(group), begin + match.end(group), name
        begin = stop


def _is_example(value: str) -> bool:
    """Whether a value of a known shape is a stand-in: one sign over and over, or a word that says so."""
    body = value.rsplit("_", 1)[-1].rsplit("-", 1)[-1]
    return len(set(body)) < 5 or "EXAMPLE" in value or "example" in value or "xxxx" in value.lower()


def _is_placeholder(value: str) -> bool:
    """Whether a value is made of words: `your-api-key-here`."""
    words = "".join(sign.lower() if sign.isalnum() else " " for sign in value).split()
    path = value.count("/") > 1 and value.islower()
    return (
        path or any(word in _PLACEHOLDERS for word in words) or "***" in value or "example" in value.lower()
    )


def _looks_random(value: str) -> bool:
    """Whether a value looks random, as keys and good passwords do: letters and digits mixed, high entropy."""
    kinds = sum(
        (
            any(sign.islower() for sign in value),
            any(sign.isupper() for sign in value),
            any(map(str.isdigit, value)),
            any(not sign.isalnum() and sign not in "_-./" for sign in value),
        )
    )
    entropy = -sum(share * log2(share) for share in (value.count(sign) / len(value) for sign in set(value)))
    return (
        kinds >= 2
        and any(map(str.isdigit, value))
        and entropy >= 2.9
        and not value.replace(".", "").isdigit()
    )
