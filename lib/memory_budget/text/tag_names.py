"""Which tags mean something to the reader of a prompt: the block's own, those the client writes, those that name a speaker.

Works on shapes (see `escape`): small letters, look-alikes folded, nothing unseen.
"""

from __future__ import annotations

from memory_budget.text.frame import FILE_TAG, LEFT_OUT_TAG, TAG

#: Tags of the block.
BLOCK_TAGS = (TAG, FILE_TAG, LEFT_OUT_TAG)

#: Tags that the client (2.1.332) and the service write around what is not a person's text, by how their names begin.
CLIENT_TAGS = (
    "system-reminder", "system-note", "task-notification", "task-id", "function_calls", "function_results", "invoke name",
    "antml:", "user-prompt-submit-hook", "user-memory-input", "user-message", "non-user-message", "command-", "local-command-",
    "bash-", "teammate-message", "agent-message", "cross-session-message", "coordinator-task", "forked-skill-launch",
    "persisted-output", "tool_use", "tool_result", "tool-use", "tool-result", "tool-call", "claude_md", "cc-memory",
)  # fmt: skip

#: Tags that name a speaker, alone or with something joined to them (`<system-message>`).
SPEAKERS = ("system", "human", "assistant")
#: What an underscore joins to them when it is no name of a program's (`#include <system_error>`).
SPOKEN = (
    "command", "content", "context", "input", "instruction", "message", "note", "notice", "output", "prompt", "reminder",
    "reply", "response", "role", "rule", "text", "turn", "warning",
)  # fmt: skip
#: A speaker that is an ordinary word in text about programs (`ssh <user>@host`): only where the tag opens its line.
USER = "user"


def _alphanumerics(text: str) -> str:
    return "".join(filter(str.isalnum, text))


#: Capitals are small here already, `m` is `rn`, `w` is `vv`, and `i` and `1` are `l`.
_FOLD = str.maketrans({"m": "rn", "w": "vv", "i": "l"})
_LITERAL = tuple(name.translate(_FOLD) for name in (*BLOCK_TAGS, *CLIENT_TAGS))
#: The same names without what joins their words; a name that ends with a joint is the beginning of many.
_COMPACT = frozenset(
    _alphanumerics(name).translate(_FOLD) for name in (*BLOCK_TAGS, *CLIENT_TAGS) if name[-1].isalnum()
)
#: Those that are no phrase anybody would put between brackets: blanks may join them.
_APART = frozenset(_alphanumerics(name).translate(_FOLD) for name in (*BLOCK_TAGS, "system-reminder"))
_SPEAKERS = tuple(name.translate(_FOLD) for name in SPEAKERS)
_USER = USER.translate(_FOLD)
_SPEAKING = tuple(
    [speaker + "-" for speaker in _SPEAKERS]
    + [f"{speaker}_{word}".translate(_FOLD) for speaker in _SPEAKERS for word in SPOKEN]
)
_AROUND = " \n!\"#$%&'()*+,-./:;?@[\\]^_`{|}~"
#: What may stand between a bracket and a name that is printed next.
_BEFORE_NAME = " \n/\\!?"
#: Signs before a name that show there is none: `<=`, `<>`, and a bracket that is a letter of another.
_NO_NAME = frozenset("<>=")
#: How the names begin, and how many letters that takes.
_BEGINNING = 3
_BEGINNINGS = tuple({name[:_BEGINNING] for name in (*map(_alphanumerics, _LITERAL), *_SPEAKERS, _USER)})
#: Letters from which on the beginning of a name at the end of a text counts: the rest may be printed next.
_LEAST_BEGINNING = 5


def may_open(near: str) -> bool:
    """Whether the shape of the few signs behind a bracket leaves it open that a reserved name begins there."""
    near = near.partition(">")[0]
    at = _name_at(near)
    letters = _alphanumerics(near[at:].replace("|", "l"))
    return letters.startswith(_BEGINNINGS) if len(letters) >= _BEGINNING else at >= 0


def opens(shape: str, *, open_end: bool, first: bool) -> bool:
    """Whether what is seen behind a bracket, up to the next one, is the rest of a tag that means something.

    `open_end`: more text may follow what is seen. `first`: nothing is before the bracket on its line.
    """
    if opens_known_tag(shape, open_end=open_end):
        return True
    inside, attributes, ended = _inside(shape)
    if not (ended or open_end):
        return False
    return _is_speaker(inside, attributes=attributes, first=first)


def opens_known_tag(shape: str, *, open_end: bool) -> bool:
    """The same for the tags of the block and of the client alone, without those that name a speaker."""
    at = _name_at(shape)
    if at < 0:
        return False
    if at == len(shape):
        return open_end and not shape.strip(_BEFORE_NAME)
    if shape[at:].replace("|", "l").startswith(_LITERAL):
        return True
    inside, _, ended = _inside(shape)
    return (ended or open_end) and (
        _is_known_tag(inside) or (not ended and shape[0] not in " \n" and _begins_known_tag(inside))
    )


def _name_at(shape: str) -> int:
    """The place of the first letter, the end where there is none, -1 when it cannot be a tag's."""
    for at, sign in enumerate(shape):
        if sign.isalnum():
            return at
        if sign in _NO_NAME:
            return -1
    return len(shape)


def _inside(shape: str) -> tuple[str, bool, bool]:
    """The words of a tag without its attributes, whether it has some, and whether an end of it is seen."""
    at = _name_at(shape)
    if at < 0:
        return "", False, False
    name = shape[at:].replace("|>", ">").replace("|", "l")
    cut = min((place for place in map(name.find, "<>=") if place >= 0), default=len(name))
    inside, end = name[:cut], name[cut : cut + 1]
    if end == "=":
        return inside.rstrip().rpartition(" ")[0], True, True
    return inside, False, end == ">"


def _begins_known_tag(text: str) -> bool:
    """Whether a text that ends here is the beginning of a reserved name."""
    letters = _alphanumerics(text)
    return len(letters) >= _LEAST_BEGINNING and any(
        name.startswith(letters) for name in (*_COMPACT, *_SPEAKERS)
    )


def _is_known_tag(inside: str) -> bool:
    """Whether the words of a tag begin with a reserved name, whatever joins its parts: `project_memory x.md`."""
    words = inside.split()
    letters = ""
    for word in words:
        letters += _alphanumerics(word)
        if letters in _APART:
            return True
    return words != [] and _alphanumerics(words[0]) in _COMPACT


def _is_speaker(inside: str, *, attributes: bool, first: bool) -> bool:
    """Whether a tag names a speaker: `human`, `assistant/`, `system role="x"`, `system_message`; not `system name`."""
    name = inside.strip(_AROUND)
    if attributes:
        name = name.partition(" ")[0]
    letters = _alphanumerics(name)
    if letters == _USER:
        return first and not attributes
    return letters in _SPEAKERS or (" " not in name and name.startswith(_SPEAKING))
