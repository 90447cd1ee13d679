"""Which memory files a shell command prints, by what it says: no command is run, and no file is looked at."""

from __future__ import annotations

#: What stands in the path of a memory file that a shell command names: the layouts that need no setting.
MARKS = (".claude/memory", ".claude/agent-memory", ".claude/projects/", "memory-bank", "docs/memory")
#: Programs that print the content of the files they are called with.
_READERS = frozenset(
    "awk bat batcat cat cut egrep fgrep gawk grep head jq less more nl perl pr rg ripgrep sed sort strings tac tail uniq".split()
)
_FINDERS = frozenset("fd fdfind find ls".split())


def read_by(command: str) -> list[str]:
    """Memory paths whose content a shell command prints; none for one that only names, writes or counts them."""
    read_paths: list[str] = []
    inside: list[str] = []  # after `cd` into memory every reader reads memory
    listed_files: list[str] = []  # memory files that a pipe's beginning names, for xargs
    for piece, piped in _pieces(command):
        words = _words(piece)
        while words and (
            "=" in words[0].split("/")[0] or words[0] in ("sudo", "time", "command", "env", "(", "{")
        ):
            words.pop(0)
        if not words:
            continue
        program = words[0].rsplit("/", 1)[-1]
        paths = [word for word in words[1:] if any(mark in word for mark in MARKS)]
        reads = not _READERS.isdisjoint(word.rsplit("/", 1)[-1] for word in words)
        if program == "cd":
            inside = paths
        elif program in _FINDERS:
            listed_files = paths or inside
            if "-exec" in words and reads:
                read_paths.extend(listed_files)
        elif program == "xargs":
            read_paths.extend(listed_files if piped and reads else ())
        elif program in _READERS and (paths or not piped):
            read_paths.extend(paths or _inside(inside, words[1:]))
        if not piped and program not in _FINDERS:
            listed_files = []
    return read_paths


def _inside(folders: list[str], words: list[str]) -> list[str]:
    """The notes that a command names from inside a memory folder; the folder where it names none."""
    notes = [word for word in words if word.lower().endswith(".md")]
    return [f"{folder}/{note}" for folder in folders for note in notes] or folders


def _pieces(command: str) -> list[tuple[str, bool]]:
    """The simple commands of a command line, and whether each reads from a pipe. Quotes are respected, nothing else is."""
    pieces: list[tuple[str, bool]] = []
    quote = ""
    start = 0
    piped = False
    at = 0
    while at < len(command):
        sign = command[at]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "\\":
            at += 1
        elif sign in ";|&\n":
            pieces.append((command[start:at], piped))
            piped = sign == "|" and command[at + 1 : at + 2] != "|"
            while command[at + 1 : at + 2] in ("|", "&", ";") and at + 1 < len(command):
                at += 1
            start = at + 1
        at += 1
    pieces.append((command[start:], piped))
    return pieces


def _words(piece: str) -> list[str]:
    """The words of a simple command, without quotes and backslashes; what is redirected into a file is left out."""
    words: list[str] = []
    word = ""
    quote = ""
    skip = False
    signs = iter(piece + " ")
    for sign in signs:
        if sign == "\\" and quote != "'":
            word += next(signs, "")
        elif quote:
            if sign == quote:
                quote = ""
            else:
                word += sign
        elif sign in "'\"":
            quote = sign
        elif sign in " \t":
            if word:
                if word[0] == ">" or word[:2] in ("1>", "2>", "&>"):
                    skip = word.rstrip(">")[-1:] in ("", "1", "2", "&")
                elif skip:
                    skip = False
                else:
                    words.append(word.lstrip("<"))
            word = ""
        else:
            word += sign
    return words
