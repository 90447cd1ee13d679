"""What a workflow's script says that an agent of a type is to do.

No hook is told the prompt of an agent that a workflow starts; its script is all there is. Of

    parallel([() => agent("Review the incremental models.", {agentType: "dbt-expert"}), () => agent(`Plan ${what}`)])

an agent of the type dbt-expert is taken to get "Review the incremental models.". The program around the tasks (`const`, `phase`,
names of variables) says nothing about them and would only blur what they are about.
"""

from __future__ import annotations

#: What starts a call that starts an agent.
CALL = "agent("
#: Words from which on a text of the script is taken for one that is meant to be read.
LEAST_WORDS = 3
_QUOTES = "\"'`"


def task_in(script: str, agent_type: str) -> str:
    """The texts of the calls that name the agent's type; where none does, all texts of the script; where it has none, the script."""
    calls = [_texts(call) for call in script.split(CALL)[1:]]
    named = [text for texts in calls if agent_type in texts for text in texts]
    tasks = _tasks(named) or _tasks(_texts(script))
    return "\n\n".join(tasks) or script


def _tasks(texts: list[str]) -> list[str]:
    """The texts that are meant to be read, each once."""
    return [text for text in dict.fromkeys(texts) if len(text.split()) >= LEAST_WORDS]


def _texts(code: str) -> list[str]:
    """The quoted texts of a piece of JavaScript, in their order; one that its line does not end is none, but for a template."""
    texts: list[str] = []
    at = 0
    while at < len(code):
        quote = code[at]
        at += 1
        if quote not in _QUOTES:
            continue
        start = at
        while at < len(code) and code[at] != quote and (quote == "`" or code[at] != "\n"):
            at += 2 if code[at] == "\\" else 1
        if code[at : at + 1] == quote:
            texts.append(code[start:at].replace("\\n", "\n").replace("\\" + quote, quote))
            at += 1
        else:
            at = start  # an apostrophe in a comment
    return texts
