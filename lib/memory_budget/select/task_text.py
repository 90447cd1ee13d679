"""Finds what a prompt asks for among the sentences that say how to work and what to report.

A prompt that one agent writes for another is mostly the same whatever the task: where the repository lies, which tools there
are, what not to touch, what the answer must look like. Those sentences are about the reader, not about the project, and memory
that matches them is not about the task. For example, of

    You are working in /workspace/shop (branch main).

    The invoice total is off by one cent for some customers. Find out why.

    Be thorough. Return a short summary with file:line references.

only the second paragraph is kept. A prompt of one paragraph is kept whole.

Three things tell: a label (`## Task`, `Goal:`, `**Context**:`, `Output format:`), the words a sentence begins with (`Return`, `Do
not`, `Be`) or holds (`you are`, `your report`, `thoroughness`), and that such sentences come in paragraphs of their own. A first word
that a task may begin with, too (`Keep the old invoices`), tells only after the task.
"""

from __future__ import annotations

from memory_budget.text.time_words import date_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of a longer prompt this many characters of its beginning and as many of its end are read.
READ = 100_000
#: A label has at most this many words, unless nothing follows it on its line.
_LABEL_WORDS = 3


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Labels of what is to be done.
_TASK = _set(
    "task tasks goal goals question questions objective objectives request requests problem issue bug feature mission "
    "assignment assignments todo query ticket story ask following user job"
)
#: Last words of a longer label before a task: `The user's request: ...`.
_TASK_ENDS = _set("task question goal request user problem issue following")
#: What may stand after it: `Please do the following for me: ...`.
_AFTER_ENDS = _set("for me us please now")
#: Labels of what may be about the task; its sentences decide.
_CONTEXT = _set("context background details detail requirements hints notes")
#: Labels of how to work and what to hand back.
_MANNER = _set(
    "constraint constraints instruction instructions step steps method methods approach rule rules guideline guidelines "
    "criteria deliver deliverable deliverables output outputs format report reporting response return returns note important "
    "environment tool tools setup workflow process scope thoroughness verification expectation expectations reminder "
    "reminders permission permissions limit limits style role acceptance back answer caveats warning boundaries "
    "conventions repository repo directory cwd branch"
)
#: First words of a sentence about the answer or the way to it.
_OPENERS = _set(
    "return report respond reply output deliver provide quote format end never always avoid don no keep only if"
)
#: Those that no task begins with.
_NO_TASK = _set("be deliverable deliverables conclude afterwards important constraints medium")
#: How sure it is that a sentence is about the work: only its first word says so, or more does.
_BY_OPENER = 1
_CLEARLY = 2
#: Words of such a sentence wherever they stand.
_ABOUT_WORK = _set(
    "thorough thoroughly thoroughness concise assumption assumptions subagent subagents sub-agent sub-agents worktree "
    "worktrees sandbox verdict deliverable findings bullet bullets cwd emoji emojis conventions confidence orchestrator "
    "autonomously inconclusive refactor unrelated minimal step-by-step double-check cross-check follow-ups"
)
#: What is the reader's: `your final message`.
_OF_READER = _set(
    "task answer final response report findings output message job role result results scope assumptions help reply "
    "conclusion work"
)
_READERS = _set("your my")
#: Two words in a row that speak to the reader or of the way to work.
_PAIRS = frozenset(
    "you are|you re|you have|you will|you can|you may|you start|you must|you should|you could|you find|you were|do not|don t|"
    "must not|should not|when done|when finished|once done|step by|file line|line numbers|line references|working directory|"
    "main agent|parent agent|other agents|another agent|another engineer|if something|if unsure|if unclear|code base|"
    "checked out|working in|max words|at most|no more|no other|report back|next steps|open questions|follow ups|read only|"
    "root cause|file paths|absolute paths|existing patterns|surrounding code|usual tools|current branch|clean tree|"
    "only research|avoid emojis|is yours|we are|tests pass|type checks|all tests|existing code|before changing|before editing|"
    "you did|you changed|you verified".split("|")
)
#: Two words in a row of a sentence that says what is to be done, though it speaks to the reader: `Your task is to ...`.
_ASKS = frozenset(
    "task is|job is|goal is|objective is|mission is|assignment is|you to|tasked with|asked to".split("|")
)


def task_text(prompt: str) -> str:
    """The part of a prompt that says what is to be done; all of it where none stands out."""
    if len(prompt) > 2 * READ:
        prompt = prompt[:READ] + "\n\n" + prompt[-READ:]
    segments = _segments(prompt)
    tasks = [text for kind, text in segments if kind == "task"]
    content = []
    shares: dict[str, list[tuple[float, str]]] = {"": [], "context": [], "manner": []}
    found = bool(tasks)
    for kind, text in segments:
        if kind == "task" or (tasks and kind != "context"):
            continue
        # An opener alone ("Keep the old invoices ...") says little before the task has been seen.
        asked = _BY_OPENER if kind or found else _CLEARLY
        about_work = [_about_work(sentence) >= asked for sentence in _sentences(text)]
        share = sum(about_work) / max(len(about_work), 1)
        shares[kind].append((share, text))
        if kind != "manner" and (len(segments) == 1 or not (about_work[:1] == [True] or share > 0.5)):
            content.append(text)
            found = found or not kind
    if found:
        return "\n\n".join(tasks + content)
    # Where all is about the work, the task is what is so in part, or stands under a label such as "Instructions".
    for group in (shares[""], shares["manner"]):
        lowest = min([share for share, _ in group], default=1.0)
        if lowest < 1.0:
            return "\n\n".join([text for share, text in group if share == lowest] + content)
    orders = [text for _, text in shares[""] or shares["manner"]]
    return "\n\n".join(orders[(len(orders) - 1) // 2 :][:1] + content) or prompt


def _segments(prompt: str) -> list[tuple[str, str]]:
    """Paragraphs, cut at labels, each with its kind: task, context, manner, or "" where no label says."""
    segments: list[tuple[str, str]] = []
    below_heading = ""  # the kind of all that follows, until the next heading
    awaited = ""  # the kind of the next paragraph, whose label stands on a line of its own
    for paragraph in prompt.replace("\r", "").split("\n\n"):
        kind = awaited or below_heading
        awaited = ""
        lines: list[str] = []
        for line in paragraph.split("\n"):
            if not line.strip():
                continue
            announced = _announcement(line)
            if announced is not None:
                segments += [(kind, "\n".join(lines))] if lines else []
                segments.append(("context", announced[0]))
                kind, lines, awaited = "task", [announced[1]], ""
                continue
            labelled = _label(line)
            if labelled is None:
                lines.append(line)
                awaited = ""
                continue
            if lines:
                segments.append((kind, "\n".join(lines)))
            kind, rest, heads = labelled
            if heads:
                below_heading = kind
            lines = [rest] if rest else []
            awaited = "" if rest else kind
        if lines:
            segments.append((kind, "\n".join(lines)))
    return segments


def _label(line: str) -> tuple[str, str, bool] | None:
    """The kind that a line's label gives, what follows it on the line, and whether it is a heading; None without a label."""
    text = line.strip()
    if text[:2] == "</" and text[-1] == ">":
        return "", "", True
    heads = text[0] == "#" or (text[0] == "<" and text[-1] == ">" and "</" not in text)
    rest = ""
    if heads:
        name = date_words(text[:200])
    elif text[:2] == "**" and 0 < text.find("**", 2) < 60:
        end = text.find("**", 2)
        if ":" not in (text[end - 1], text[end + 2 : end + 3]):
            return None
        name, rest = date_words(text[2:end]), text[end + 2 :].lstrip(": ")
    else:
        end = text.find(":")
        if end < 1 or text[end + 1 : end + 2] not in ("", " "):
            return None
        name, rest = date_words(text[:end]), text[end + 1 :].strip()
        while len(name) > 1 and name[-1] in _AFTER_ENDS:
            name.pop()
        if rest and not (
            text[0].isupper()
            and name
            and (
                len(name) <= _LABEL_WORDS
                or name[-1] in _TASK_ENDS
                or (name[0] == "your" and name[1] in _TASK)
            )
        ):
            return None
    kind = _kind(name)
    return None if kind is None and not heads else (kind or "", rest, heads)


def _announcement(line: str) -> tuple[str, str] | None:
    """What stands before and after a sentence inside a line that announces the task: `... asked for help. The request is: ...`."""
    end = line.find(": ")
    start = line.rfind(". ", 0, end) if end > 0 else -1
    if start < 0:
        return None
    name = date_words(line[start + 2 : end])
    if name and name[-1] in ("is", "are"):
        name.pop()
    if not name or len(name) > _LABEL_WORDS or name[-1] not in _TASK_ENDS:
        return None
    return line[: start + 1], line[end + 2 :]


def _kind(name: list[str]) -> str | None:
    """The kind of segment that a label's words announce."""
    if not name:
        return None
    if not _TASK.isdisjoint(name) and name[0] not in _MANNER and name[0] not in _CONTEXT:
        return "task"
    if name[0] in _CONTEXT:
        return "context"
    return None if _MANNER.isdisjoint(name) else "manner"


def _sentences(text: str) -> Iterator[str]:
    """The sentences and lines of a segment."""
    start = 0
    last = len(text) - 1
    for at, sign in enumerate(text):
        if sign == "\n" or (sign in ".!?;" and (at == last or text[at + 1].isspace())):
            if text[start:at].strip():
                yield text[start:at]
            start = at + 1
    if text[start:].strip():
        yield text[start:]


def _about_work(sentence: str) -> int:
    """Whether a sentence speaks of the reader, the answer or the way to work: 0, `_BY_OPENER` or `_CLEARLY`."""
    words = date_words(sentence)
    if words[:1] == ["please"]:
        del words[0]
    if not words or words[0] in _NO_TASK:
        return _CLEARLY
    after = words[1:]
    pairs = list(zip(words, after, strict=False))
    in_a_row = {f"{word} {next_word}" for word, next_word in pairs}
    if not _ASKS.isdisjoint(in_a_row):
        return 0
    of_reader = any(word in _READERS and next_word in _OF_READER for word, next_word in pairs)
    if of_reader or not _ABOUT_WORK.isdisjoint(words) or not _PAIRS.isdisjoint(in_a_row):
        return _CLEARLY
    return _BY_OPENER if words[0] in _OPENERS else 0
