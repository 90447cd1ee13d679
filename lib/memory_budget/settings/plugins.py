"""What the client knows of plugins: its own files, read only.

~/.claude/settings.json                      enabledPlugins {"memory-budget@memory-budget": true}, extraKnownMarketplaces
~/.claude/plugins/installed_plugins.json     per plugin the folder that the client copied it to, and the version
~/.claude/plugins/known_marketplaces.json    where a marketplace was added from
"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple


class KnownPlugin(NamedTuple):
    """`identifier`: PLUGIN@MARKETPLACE; `enabled`; `folder`: the client's copy, "" for none; `version`: of that copy; `source`:
    the folder its marketplace was added from, "" where that is no folder of this machine."""

    identifier: str
    enabled: bool
    folder: str
    version: str
    source: str


def known_plugins(client_home: str, name: str = "") -> list[KnownPlugin]:
    """The plugins that the client knows (those called `name`), enabled or not; [] where it knows none or its files cannot be read."""
    settings = _object(os.path.join(client_home, "settings.json"))
    installed = _member(_object(os.path.join(client_home, "plugins", "installed_plugins.json")), "plugins")
    markets = _object(os.path.join(client_home, "plugins", "known_marketplaces.json"))
    extra = _member(settings, "extraKnownMarketplaces")
    enabled = _member(settings, "enabledPlugins")
    plugins = []
    for identifier in sorted({*enabled, *installed}):
        plugin, _, market = identifier.partition("@")
        if name and plugin != name:
            continue
        copies = installed.get(identifier)
        copy = copies[0] if isinstance(copies, list) and copies and isinstance(copies[0], dict) else {}
        source = _member(_member(extra, market) or _member(markets, market), "source")
        plugins.append(
            KnownPlugin(
                identifier,
                enabled.get(identifier) is True,
                str(copy.get("installPath") or ""),
                str(copy.get("version") or ""),
                str(source.get("path") or "") if source.get("source") in ("directory", "file") else "",
            )
        )
    return plugins


def _object(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            value = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _member(value: dict[str, Any], key: str) -> dict[str, Any]:
    member = value.get(key)
    return member if isinstance(member, dict) else {}
