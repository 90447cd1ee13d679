"""What indexes of notes say of the notes they name (see `contents`), read before the notes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory_budget.index import contents
from memory_budget.index.note import decode_note
from memory_budget.index.sources import NATIVE_FILE, loaded_lines

if TYPE_CHECKING:
    from memory_budget.base.project import Project
    from memory_budget.index.scan import Scan

#: Bytes of an index of notes that are read.
_CONTENTS_LIMIT = 200_000


class NoteDescriptions:
    """`by_path`: what indexes say of a note, by its shown path; `told`: the notes that the client's own index names, and so tells
    every agent of."""

    __slots__ = ("by_path", "told")

    def __init__(self, project: Project, scan: Scan) -> None:
        self.by_path: dict[str, str] = {}
        self.told: set[str] = set()
        for file in scan.files:
            if contents.is_index(file.path):
                self._read(file.path, file.real, told=False)
        if project.auto:
            self._read(f"{project.auto_shown}/{NATIVE_FILE}", f"{project.auto}/{NATIVE_FILE}", told=True)

    def _read(self, path: str, real: str, *, told: bool) -> None:
        try:
            with open(real, "rb") as file:
                text = decode_note(file.read(_CONTENTS_LIMIT))[0] or ""
        except OSError:
            return
        if told:
            text = "\n".join(text.split("\n")[: loaded_lines(text)])
        for target, words in contents.note_entries(text, path):
            self.by_path[target] = " ".join(filter(None, (self.by_path.get(target, ""), words)))
            if told:
                self.told.add(target)
