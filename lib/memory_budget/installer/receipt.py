"""What the installer changed on this machine, written down so that `--uninstall` takes back that and no more.

The receipt is `receipt.json` in the plugin's data folder, with one entry per change in the order they were
made. It is written after each change, so a run that was stopped half-way can be taken back as well.
Copies of files from before a change are beside it in `backups/`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import Any

from memory_budget.base.errors import BudgetError
from memory_budget.base.files import write_atomic

Change = dict[str, Any]


class Receipt:
    """The changes made so far, oldest first."""

    def __init__(self, data: str) -> None:
        self.path = os.path.join(data, "receipt.json")
        self.backups = os.path.join(data, "backups")
        self.changes: list[Change] = []
        try:
            with open(self.path, encoding="utf-8") as file:
                self.changes = json.load(file)["changes"]
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BudgetError(f"{self.path}: cannot read what was installed: {error}") from error

    def add(self, kind: str, path: str, **facts: object) -> None:
        """Write down one change. Of two to the same path the first one's `before...` facts stay."""
        entry = self.find(kind, path)
        if entry is None:
            self.changes.append({"kind": kind, "path": path, **facts})
        else:
            entry.update({name: value for name, value in facts.items() if not name.startswith("before")})
        self.save()

    def drop(self, change: Change) -> None:
        """Forget a change that has been taken back."""
        self.changes.remove(change)
        self.save()

    def find(self, kind: str, path: str) -> Change | None:
        """The entry of that kind for that path, if there is one."""
        return next((c for c in self.changes if c["kind"] == kind and c["path"] == path), None)

    def save(self) -> None:
        """Write the receipt. Raises OSError."""
        body = {"version": 1, "changes": self.changes}
        write_atomic(self.path, (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode())

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it that are missing, and write each down."""
        missing = []
        while not os.path.isdir(path):
            missing.append(path)
            path = os.path.dirname(path)
        for folder in reversed(missing):
            os.mkdir(folder)
        self.changes += [{"kind": "folder", "path": folder} for folder in reversed(missing)]
        if missing:
            self.save()

    def back_up(self, path: str) -> str | None:
        """Copy a file into `backups/` and give the copy's path; None when there is no such file."""
        if not os.path.exists(path):
            return None
        os.makedirs(self.backups, exist_ok=True)
        name = f"{len(os.listdir(self.backups)):03d}-{os.path.basename(path)}"
        copy = os.path.join(self.backups, name)
        shutil.copy2(path, copy)
        return copy


def fingerprint(path: str) -> str:
    """Hash of a file's content; "" when there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return ""
