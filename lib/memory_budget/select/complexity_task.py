"""The part of a prompt that says what the task is, without what delegation wraps around it.

A prompt that one agent writes for another holds the task and, around it, how to work and how to report. The second half is alike in
every prompt and says nothing about how hard the task is. Three things mark it:

    a section about method or report     "## Output", "Instructions:", up to the next heading; only where another marks the task
    a lead-in before a colon             'Help with this request from the user: "List the tables"' -> 'List the tables'
    a sentence about method or report    "Be thorough.", "You have access to Read and Grep.", "Return a summary of 300 words."

Where nothing is left, everything was the task. Linear in the length of the text. The lists are from general knowledge of how agents
delegate; of the 2,473 labelled tasks the model is judged by, they shorten 3 in 100 by a tenth or more.
"""

from __future__ import annotations

LONGEST_HEADING = 40  # characters of a line that can be a heading ("Instructions:")
LONGEST_LEAD_IN = 160  # characters before the colon of a lead-in


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split("|"))))


TASK_HEADINGS = frozenset(
    _list("""
        task | your task | the task | goal | your goal | objective | your objective | request | user request | the request | assignment |
        your assignment | mission | your mission | what to do | problem | question | task description
    """)
)
METHOD_HEADINGS = frozenset(
    _list("""
        instructions | guidelines | rules | ground rules | general rules | constraints | working rules | how to work | workflow | process |
        approach | method | steps | tools | available tools | environment | context | background | setup | style | role | your role |
        notes | important | important notes | reminders | thoroughness | before you start | when done | when you are done |
        verification | quality | quality bar | acceptance criteria | output | output format | expected output format |
        deliverable | deliverables | report | reporting | report back | report format | return | return format | what to return |
        response | response format | format | final response | final report
    """)
)
# Labels of which the rest of the line is about method or report, whatever else there is ("Constraints: read-only").
METHOD_LABELS = METHOD_HEADINGS - frozenset(
    _list(
        "approach | context | environment | method | notes | process | quality | scope | setup | steps | output | return | response"
    )
)
# What stands before the colon that the task follows.
LEAD_INS = _list("""
    request from the user | user's request | user request | user asked | user wants | following request | following task |
    the task is | task is as follows | your task | your job | your assignment | your goal | your objective | help with |
    the question is | here is the task | this is the task | asked for the following |
""")
# How a sentence about method or report begins ...
OPENINGS = _list("""
    you are working in | you are running in | you have access to | you can use |
    you may use | you must not | you should return | you should report | the main agent | the orchestrator |
    the parent agent | the caller | the lead agent | the coordinator | another agent | this was delegated |
    this task was delegated | this is one step of | this is a research task | this is a read-only | the working directory |
    working directory | the current working directory | cwd | the repository is at | the repo is at | the repository root |
    the repo root | the project root | the project is at | the project lives | the code is in | the codebase is |
    we are on branch | context: we are | tests are run | tests run with | the tests are run | today's date |

    be thorough | be concise | be precise | be brief | be careful | be specific | be exhaustive | be systematic | be honest |
    think step by step | think hard | think carefully | take your time | thoroughness | breadth: | depth: | search breadth |
    work autonomously | work independently | work carefully | work step by step | work only | complete the task |
    complete this task | do the work | do your best | do exactly | do only | do what | this is important | keep in mind |
    stay within | stay in scope | stay focused | stick to the | focus only on | budget: |

    do not guess | don't guess | do not assume | don't assume | do not modify | don't modify | do not edit | don't edit |
    do not change any | don't change any | do not write any | do not make any changes | don't make any changes | do not commit |
    don't commit | do not ask | don't ask | ask no questions | do not stop | do not use emoji | do not push | do not install |
    no code changes | avoid emoji | avoid using emoji | no emoji | read-only | read only | research only | nothing unrelated |

    before you start | before you begin | before starting | before making | before you change | first, explore | first explore |
    first, read the | first read the | start by reading | start by exploring | begin by reading | begin by exploring |
    read the relevant | read relevant | read claude.md | read the code | read the project | explore the codebase to understand |
    explore the code to understand | explore the relevant | explore the repository very | explore the repository thoroughly |
    look in multiple | look at existing | look at the existing | consider different | check multiple | check configuration files |
    search the code | search broadly | search thoroughly | search multiple | use grep | use glob | use the grep | use the read |
    use ripgrep | use multiple search | use your tools | use the tools | make a plan | make a short plan | write a plan |
    plan before | plan first |

    follow the existing | follow existing | follow the project | follow project | follow the conventions | follow the style |
    follow the coding | match the existing | match the style | keep changes | keep the style | prefer small | make minimal |
    make only | implement the change | make the change | the code follows | add or update tests | update tests | add tests where |
    fix what fails | make sure you | make sure to | make sure the tests | make sure all tests | make sure that the tests |
    ensure all tests | ensure that all tests | ensure the tests | ensure tests | run the tests | run tests | run all tests |
    run the full test | run the linter | run the test suite | run the relevant tests | run lint | run the existing |
    the existing tests | verify your | verify before | verify every | verify that error | double-check | double check |
    cross-check | show evidence | back every |

    if you are unsure | if you're unsure | if unsure | if anything is unclear | if something is unclear | if you cannot |
    if you can't | if you get stuck | if you find nothing | if blocked | if tests fail | if in doubt | when in doubt |

    when done | when finished | when you are done | when you're done | when you finish | when complete | once done |
    once finished | once you are done | after you are done | after finishing | return only | return a summary | return a report |
    return a concise | return a short | return a brief | return a list | return a structured | return your | return file |
    return findings | return the findings | report back | report your | report the | report what | report which | report in |
    report format | reply with | respond with | give me a report | give me a summary | i need exact file | provide a report |
    provide a summary | provide a concise | provide file paths | provide the file | provide absolute | include file paths |
    include the file | include absolute | include line numbers | include code snippets | share file | summarize your |
    summarise your | summarize what you | summarise what you | finish with | end with | end your | conclude with |
    list the files you | list the changed files | list every file you | list any | state any | mention any | mention files |
    flag any | note any | cite | keep it under | keep your | keep the report | keep the answer | keep the summary | limit your |
    format the | format your | format as | use markdown | write your findings | write your report | write the report |
    output only | only output | only return | only report | a short markdown summary | deliver a | deliverable |
    your response goes | your response will | your answer will | your answer goes | your final | your output | your report |
    your findings | your result | your reply | in your final | in the final | the final message | the final response |
    the final answer | final message | a brief report | please be thorough | please search | please report | please return |
    please provide | please read | thank you | thanks |
""")
ROLES = ("you are a ", "you are an ", "you are the ", "act as ")  # "you are asked to" begins a task
# ... or what it says somewhere.
SAYINGS = _list("""
    main agent | parent agent | calling agent | delegated this | delegated to you | final response | final message |
    absolute path | file paths and line | file names and line | files and line numbers | file:line | path:line | concise report |
    concise summary | return a summary | return a report | return a list of | report back | in your report | in your summary |
    in your answer | in your response | open questions and | list of changed files | naming conventions, and check |
    what to do next | unless the task requires | unless asked | unless explicitly | without asking | do not guess | do not ask |
    under 200 words | under 300 words | under 500 words | max 200 words | or fewer words | words or less | words or fewer |
    code snippets | existing patterns | existing conventions | surrounding code | edge cases are covered | tool calls |
""")
_MARKS = " \t#*_-+<>/0123456789.)(:\"'`"
_METHOD = OPENINGS + ROLES
_ENDS = (". ", "? ", "! ")


def task_text(prompt: str) -> str:
    """The sentences of `prompt` that say what the task is, one per line; all of it where nothing else is left.

    >>> task_text("Your task: List the tables. Be thorough. Return a summary of what you found.")
    'List the tables.'
    """
    sections = _sections(prompt)
    marked = any(heading in TASK_HEADINGS for heading, _ in sections)
    sentences: list[str] = []
    for heading, lines in sections:
        if not marked or heading not in METHOD_HEADINGS:
            sentences += _task_sentences(lines, heading in TASK_HEADINGS)
    return "\n".join(sentences) or _first_request(prompt) or prompt


def _first_request(prompt: str) -> str:
    """The first sentence that does not say who or where the agent is.

    Of a prompt that is all method, this is the task ("Run the tests").
    """
    for line in prompt.split("\n"):
        for sentence in _sentences(line):
            if sentence.strip(_MARKS) and not sentence.lower().startswith(("you ", *ROLES)):
                return sentence
    return ""


def _sections(prompt: str) -> list[tuple[str, list[str]]]:
    """The lines under each heading; what stands before the first has the heading ""."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    for line in prompt.split("\n"):
        heading = line.strip(_MARKS).lower() if len(line) <= LONGEST_HEADING else ""
        if heading in TASK_HEADINGS or heading in METHOD_HEADINGS:
            sections.append((heading, []))
        elif line.startswith("#"):
            sections.append(("", [line]))
        else:
            sections[-1][1].append(line)
    return sections


def _task_sentences(lines: list[str], announced: bool) -> list[str]:
    """The sentences of one section that are about the task. What a heading or a lead-in announces is, whatever it says."""
    out = []
    for line in lines:
        label, colon, _ = line[:LONGEST_HEADING].partition(":")
        if colon and label.strip(_MARKS).lower() in METHOD_LABELS:
            continue
        for sentence in _sentences(line):
            led = _without_lead_in(sentence)
            announced = announced or led is not sentence
            if led.strip(_MARKS) and (announced or not _is_method(led)):
                out.append(led)
                announced = False
    return out


def _sentences(line: str) -> list[str]:
    for end in _ENDS:
        if end in line:
            line = line.replace(end, end[0] + "\n")
    return line.split("\n")


def _without_lead_in(sentence: str) -> str:
    """What follows "Your task:" and the like; the sentence itself where it has no such beginning."""
    colon = sentence.find(":", 0, LONGEST_LEAD_IN)
    if colon >= 0:
        before = sentence[:colon].lower()
        if before.strip(_MARKS) in TASK_HEADINGS or any(lead in before for lead in LEAD_INS):
            return sentence[colon + 1 :].strip(" \"'*")
    return sentence


def _is_method(sentence: str) -> bool:
    """Whether a sentence says how to work or to report."""
    lowered = sentence.lower().strip(_MARKS)
    return lowered.startswith(_METHOD) or any(saying in lowered for saying in SAYINGS)
