"""Makes the plugin known to the client, and takes that back.

With the `claude` command the client does it itself (`plugin marketplace add`, `plugin install`). Without it two members of the
user's settings file are enough; the client's next session does the rest:

    {"extraKnownMarketplaces": {"memory-budget": {"source": {"source": "directory", "path": "/home/a/memory-budget"}}},
     "enabledPlugins": {"memory-budget@memory-budget": true}}

Either way the settings file is copied before, and on uninstall it is put back byte for byte unless somebody changed it meanwhile;
then only these two members are removed.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from typing import Any

from memory_budget.base import installation
from memory_budget.base.errors import BudgetError
from memory_budget.installer import settings_file
from memory_budget.installer.host import Host
from memory_budget.installer.receipt import Change, Receipt, fingerprint
from memory_budget.settings import client_versions, json_edit, plugins

STEP = "Client"
_MARKETPLACES = "extraKnownMarketplaces"
_ENABLED = "enabledPlugins"


def check_settings(host: Host) -> None:
    """Refuse a settings file that cannot be edited safely, before anything is changed.

    Raises BudgetError naming file and line.
    """
    path = _settings_path(host)
    try:
        settings = json_edit.parse_object(settings_file.read_text(path), path)
    except json_edit.JsonTextError as error:
        raise BudgetError(
            f"{error}\nA file with comments or mistakes is not edited. Put it right, or let the client do it:\n"
            f"claude plugin marketplace add {shlex.quote(host.root)} && claude plugin install {host.plugin_id}\n"
            "and run install.py --no-client for the rest."
        ) from error
    for key in (_MARKETPLACES, _ENABLED):
        if not isinstance(settings.get(key, {}), dict):
            raise BudgetError(f"{path}: expected an object at /{key}")


def enable_plugin(host: Host, receipt: Receipt) -> None:
    """Make the plugin known to the client, from the folder this installer lies in. Raises BudgetError."""
    if host.is_client_copy:
        host.already(STEP, f"runs {host.plugin_id} from its own copy")
        return
    command = host.client()
    if command and not host.dry_run:
        _say_version(host, command)
    if _is_known(host) and (command is None or _is_installed(host)):
        host.already(STEP, f"knows {host.plugin_id} in {host.short(host.root)}")
        return
    if host.dry_run:
        action = "run `claude plugin install`" if command else f"edit {host.short(_settings_path(host))}"
        host.would(STEP, f"{action} to enable {host.plugin_id}")
        return
    _note_before(host, receipt)
    settings = host.short(_settings_path(host))
    failure = _by_command(host, command) if command else ""
    if not command or failure:
        _by_settings(host)
    _note_after(host, receipt)
    if failure:
        host.warn(STEP, f"`claude` could not: {failure}\n{settings} names the plugin instead.")
    elif command:
        host.done(STEP, f"{host.plugin_id} installed by {host.short(command)}")
    else:
        host.done(STEP, f"{host.plugin_id} enabled in {settings}; the next session loads it")


def disable_plugin(host: Host, change: Change) -> None:
    """Take back what `enable_plugin` did. Raises BudgetError."""
    path: str = change["path"]
    untouched = fingerprint(path) == change["after"]
    command = host.client()
    if command and _is_installed(host) and not change["before_installed"]:
        host.busy(STEP, "removing the plugin")
        host.run([command, "plugin", "uninstall", host.plugin_id, "--keep-data"], cwd=host.home)
        if change["before_marketplace"] is None:
            host.run([command, "plugin", "marketplace", "remove", host.marketplace], cwd=host.home)
    if not (untouched and settings_file.restore(path, change["before_copy"])):
        _remove_members(host, change)
    _clean_registry(host, change)
    say_what_is_left(host)


def say_what_is_left(host: Host) -> None:
    """Say whether the client still runs the plugin: from another clone, or because it was installed before."""
    enabled = [
        plugin for plugin in plugins.known_plugins(host.client_home, installation.PLUGIN) if plugin.enabled
    ]
    if not enabled:
        host.done(STEP, f"no longer knows {host.plugin_id}")
    for plugin in enabled:
        place = host.short(plugin.source or plugin.folder) or "its marketplace"
        host.warn(
            STEP,
            f"still runs {plugin.identifier} from {place}: it was there before this installer, or came by another way\n"
            f"To remove it, too: claude plugin uninstall {plugin.identifier}",
        )


def _say_version(host: Host, command: str) -> None:
    """Read `claude --version` and say what an older one lacks."""
    version = client_versions.parse_version(host.run([command, "--version"], cwd=host.root, timeout=30).out)
    if version is None:
        return
    missing = client_versions.missing_features(version)
    words = "; ".join([f"Claude Code {client_versions.version_text(version)}", *missing])
    if missing:
        host.warn(STEP, words)
    else:
        host.already(STEP, words)


def _by_command(host: Host, command: str) -> str:
    """Let the client install the plugin; the reason in one line when it cannot, else ""."""
    host.busy(STEP, f"{os.path.basename(command)} plugin install {host.plugin_id}")
    for arguments in (["marketplace", "add", host.root], ["install", host.plugin_id]):
        result = host.run([command, "plugin", *arguments], cwd=host.home)
        if not result.ok:
            return result.reason()
    return ""


def _by_settings(host: Host) -> None:
    path = _settings_path(host)
    text = settings_file.read_text(path)
    text = json_edit.set_member(text, (_MARKETPLACES, host.marketplace), _source(host))
    text = json_edit.set_member(text, (_ENABLED, host.plugin_id), True)
    settings_file.write_text(path, text)


def _note_before(host: Host, receipt: Receipt) -> None:
    """Back the settings file up and note in the receipt what it said of this plugin before; a second run keeps the first notes."""
    path = _settings_path(host)
    if receipt.find("client", path):
        return
    receipt.make_folder(os.path.dirname(path))
    settings = json_edit.parse_object(settings_file.read_text(path), path)
    receipt.add(
        "client",
        path,
        after="",
        before_copy=receipt.back_up(path),
        before_marketplace=_settings_member(settings, _MARKETPLACES, host.marketplace),
        before_enabled=_settings_member(settings, _ENABLED, host.plugin_id),
        before_installed=_is_installed(host),
        before_cached=os.path.isdir(_cache(host)),
    )


def _note_after(host: Host, receipt: Receipt) -> None:
    path = _settings_path(host)
    receipt.add("client", path, after=fingerprint(path))


def _remove_members(host: Host, change: Change) -> None:
    """Remove this plugin's members from a settings file that was changed since, or put their former values back."""
    path: str = change["path"]
    if not os.path.exists(path):
        return
    text = settings_file.read_text(path)
    settings = json_edit.parse_object(text, path)
    original_text = settings_file.read_text(change["before_copy"]) if change["before_copy"] else "{}\n"
    original = json_edit.parse_object(original_text, path)
    for group, key, before in (
        (_MARKETPLACES, host.marketplace, change["before_marketplace"]),
        (_ENABLED, host.plugin_id, change["before_enabled"]),
    ):
        if before is not None:
            text = json_edit.set_member(text, (group, key), before)
        elif _settings_member(settings, group, key) is not None:
            text = json_edit.remove_member(text, (group, key))
        if group not in original and json_edit.parse_object(text, path).get(group) == {}:
            text = json_edit.remove_member(text, (group,))
    if json_edit.parse_object(text, path) == original:
        settings_file.restore(path, change["before_copy"])
    else:
        settings_file.write_text(path, text)


def _clean_registry(host: Host, change: Change) -> None:
    """Take the plugin out of the client's own lists, and remove the copy the client made of it."""
    plugins = os.path.join(host.client_home, "plugins")
    if not change["before_installed"]:
        settings_file.drop_member(
            os.path.join(plugins, "installed_plugins.json"), ("plugins", host.plugin_id)
        )
        if not change["before_cached"]:
            shutil.rmtree(_cache(host), ignore_errors=True)
    if change["before_marketplace"] is None:
        settings_file.drop_member(os.path.join(plugins, "known_marketplaces.json"), (host.marketplace,))


def _is_known(host: Host) -> bool:
    settings = json_edit.parse_object(settings_file.read_text(_settings_path(host)), _settings_path(host))
    return (
        _settings_member(settings, _MARKETPLACES, host.marketplace) == _source(host)
        and _settings_member(settings, _ENABLED, host.plugin_id) is True
    )


def _is_installed(host: Host) -> bool:
    """Whether the client's own list of installed plugins has this one."""
    path = os.path.join(host.client_home, "plugins", "installed_plugins.json")
    try:
        listed = json.loads(settings_file.read_text(path)).get("plugins", {})
        return bool(listed.get(host.plugin_id))
    except (BudgetError, ValueError, AttributeError):
        return False


def _source(host: Host) -> dict[str, Any]:
    return {"source": {"source": "directory", "path": host.root}}


def _settings_member(settings: dict[str, Any], group: str, key: str) -> Any:
    members = settings.get(group)
    return members.get(key) if isinstance(members, dict) else None


def _settings_path(host: Host) -> str:
    return os.path.join(host.client_home, "settings.json")


def _cache(host: Host) -> str:
    return os.path.join(host.client_home, "plugins", "cache", host.marketplace)
