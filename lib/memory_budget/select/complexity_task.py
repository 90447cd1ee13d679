"""The part of a prompt that says what the task is, without what delegation wraps around it.

A prompt that one agent writes for another holds the task and, around it, how to work and how to report. The second half is alike in
every prompt and says nothing about how hard the task is. What is left out:

    other sections                       of a prompt with "## Task": all but that section and its details
    paragraphs that speak to the agent   "Some context for you: ...", where another paragraph asks for something and does not say "you"
    a lead-in before a colon             'Help with this request from the user: "List the tables"' -> 'List the tables'
    a sentence about method or report    "Be thorough.", "You have access to Read and Grep.", "Return a summary of 300 words."

Where nothing is left, everything was the task. Linear in the length of the text. docs/figures.md says how unseen wrappers fare.
"""

from __future__ import annotations

from memory_budget.select.complexity_model import split_words
from memory_budget.select.complexity_words import FUNCTION_WORDS, kinds_of

LONGEST_HEADING, LONGEST_LEAD_IN = (
    40,
    160,
)  # characters of a line that can be a heading; before the colon of a lead-in


def _list(text: str) -> tuple[str, ...]:
    return tuple([entry for entry in map(str.strip, text.split("|")) if entry])


TASK_HEADINGS = frozenset(
    _list("""
        task | your task | the task | task description | goal | your goal | objective | your objective | request | user request |
        the request | assignment | your assignment | mission | your mission | what to do
    """)
)
# Sections that go on with the task, where a heading marks it.
DETAIL_HEADINGS = frozenset(
    _list("""
        details | description | requirements | specification | spec | features | user story | problem | bug | symptoms | issue |
        expected behavior | expected behaviour | actual behavior | actual behaviour | steps to reproduce | reproduction | error |
        input | inputs
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
        "approach | context | environment | method | notes | process | quality | scope | setup | steps | output | return | "
        "response"
    )
)
METHOD_NAMES = frozenset(
    """
    know notes note mind reminder fyi rules guidelines guidance boundaries constraints report reporting reply format deliverable
    budget result results handover
    """.split()
)
# What stands before the colon that the task follows: a label with one of these words ("Task for you:"), or something longer.
TASK_NAMES = frozenset("task goal objective request assignment mission question ticket".split())
LEAD_INS = _list("""
    request from the user | user's request | user request | user asked | user wants | following request | following task |
    the task is | task is as follows | your task | task for you | your job | your assignment | your goal | your objective |
    help with | the question is | here is the task | this is the task | asked for the following |
""")
# How a sentence about method or report begins ...
OPENINGS = _list("""
    you are working in | you are running in | you have access to | you can use | you may use | you must not | you should return |
    you should report | the main agent | the orchestrator | the parent agent | the caller | the lead agent | the coordinator |
    another agent | this was delegated | this task was delegated | this is one step of | this is a research task |
    this is a read-only | the working directory | working directory | the current working directory | cwd | the repository is at |
    the repo is at | the repository root | the repo root | the project root | the project is at | the project lives |
    the code is in | the codebase is | we are on branch | context: we are | tests are run | tests run with | the tests are run |
    today's date |

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
    the final answer | final message | a brief report | please be thorough | please make sure | please search | please report |
    please return | please provide | please read | thank you | thanks |
""")
# Words of such sentences. One in which they are the larger part of the telling words is about method, however it is put ("Come back
# with concrete evidence: paths and line ranges").
METHOD_WORDS = frozenset(
    """
    agent agents subagent caller orchestrator you your yourself me i we assistant
    report reports reporting return returned reply respond response answer answers summary summarize summarise findings finding finish
    finished done deliver deliverable outcome outcomes result results conclusion sentence sentences paragraph paragraphs bullet bullets
    words table english markdown concise crisp brief short final message back evidence concrete cite quote paths path absolute lines
    line ranges range files touched changed file follow-up open questions question assumptions assumption risks risk surprising noticed
    thorough thoroughly careful carefully systematic exhaustive speculate guess guessing assume invent verify validate double check
    confirm sure unsure unclear doubt stuck blocked ask stop wait minutes step steps time first then afterwards before after while
    whole repository repo codebase project directory tree folder workspace branch root python typescript javascript uv npm pip pytest
    ruff eslint ci linter linting linted lint tests test suite passing pass passes conventions convention style existing
    touch edit edits modify modifies change changes write push commit commits install destructive commands command network access
    generated small minimal focused diffs diff unrelated only allowed available tool tools grep glob read reading sed bash search
    look read docs documentation scripts notes note context background instructions instruction rules rule guidelines
    important please remember never always must should do don't not keep stay inside within use using limit budget calls parallel
    prefers prefer user another other already
    """.split()
)
LEAST_METHOD_WORDS = 3
METHOD_SHARE = 0.6  # of the words that are no function words
ADDRESS = frozenset(("you", "your", "yours", "yourself"))
ASIDE = ADDRESS | {"me"}  # "tell me" is in requests, too
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
_FIRST_WORDS = frozenset(
    [word.strip(_MARKS + ",") for word in {opening.partition(" ")[0] for opening in _METHOD}]
)
_ENDS = (". ", "? ", "! ")
_ASKS = " Please "  # begins a sentence after a task without a full stop


def task_sentences(prompt: str) -> str:
    """The sentences of `prompt` that say what the task is, one per line; all of it where nothing else is left.

    >>> task_sentences("Your task: List the tables. Be thorough. Return a summary of what you found.")
    'List the tables.'
    """
    sections = _sections(prompt)
    marked = any(heading in TASK_HEADINGS for heading, _ in sections)
    if not marked:
        sections = _sections(_without_address(prompt))
    lowered = prompt.lower()
    sayings = tuple(saying for saying in SAYINGS if saying in lowered)
    sentences: list[str] = []
    for heading, lines in sections:
        if not marked or not heading or heading in TASK_HEADINGS or heading in DETAIL_HEADINGS:
            sentences += _task_sentences(lines, heading in TASK_HEADINGS, sayings)
    return "\n".join(sentences) or _first_request(prompt) or prompt


def _without_address(prompt: str) -> str:
    """Without the paragraphs that speak to the agent ("Some context for you: ..."), where another asks for something and does not."""
    if "\n" not in prompt.strip():
        return prompt
    paragraphs = [part for part in prompt.replace("\n<", "\n\n<").split("\n\n") if part.strip(_MARKS)]
    asks = _asks(paragraphs)
    if not any(ask and not _is_aside(part, ADDRESS) for part, ask in zip(paragraphs, asks, strict=True)):
        return prompt
    return "\n\n".join(
        part for part, ask in zip(paragraphs, asks, strict=True) if ask or not _is_aside(part, ASIDE)
    )


def _asks(paragraphs: list[str]) -> list[bool]:
    """Whether each paragraph begins as a request does: "List the tables ..."."""
    first_words = []
    for paragraph in paragraphs:
        text = paragraph.partition(">")[2] if paragraph.startswith("<") else paragraph
        first_words.append(next(iter(split_words(text[:LONGEST_HEADING])), ""))
    cues = kinds_of(first_words)
    return [word in cues for word in first_words]


def _is_aside(paragraph: str, address: frozenset[str]) -> bool:
    """Whether a paragraph has a word of `address`, or is a list under a heading like "Operating rules"."""
    first = paragraph.strip(_MARKS + "\n").partition("\n")[0]
    heading = split_words(first) if len(first) <= LONGEST_HEADING else []
    return not METHOD_NAMES.isdisjoint(heading) or not address.isdisjoint(split_words(paragraph))


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
    """The lines under each heading; those before the first one have the heading ""."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    for line in prompt.split("\n"):
        if not line:
            continue
        heading = line.strip(_MARKS).lower() if len(line) <= LONGEST_HEADING else ""
        if line.startswith("#") and not TASK_NAMES.isdisjoint(heading.split()):
            heading = "task"  # "### Question or task"
        if heading in TASK_HEADINGS or heading in METHOD_HEADINGS:
            sections.append((heading, []))
        elif heading and line.startswith("#"):
            sections.append((heading, [line]))
        else:
            sections[-1][1].append(line)
    return sections


def _task_sentences(lines: list[str], announced: bool, sayings: tuple[str, ...]) -> list[str]:
    """The sentences of one section that are about the task. What a heading or a lead-in announces is, whatever it says."""
    out = []
    for line in lines:
        label, colon, _ = line[:LONGEST_HEADING].partition(":")
        label = label.strip(_MARKS).lower()
        if colon and (label in METHOD_LABELS or not METHOD_NAMES.isdisjoint(label.split())):
            continue
        for sentence in _sentences(line):
            led = _without_lead_in(sentence)
            announced = announced or led is not sentence
            if led.strip(_MARKS) and (announced or not _is_method(led, sayings)):
                out.append(led)
                announced = False
    return out


def _sentences(line: str) -> list[str]:
    for end in _ENDS:
        if end in line:
            line = line.replace(end, end[0] + "\n")
    if _ASKS in line:
        line = line.replace(_ASKS, "\n" + _ASKS)
    return line.split("\n")


def _without_lead_in(sentence: str) -> str:
    """What follows "Your task:" and the like; the sentence itself where it has no such beginning."""
    colon = sentence.find(":", 0, LONGEST_LEAD_IN)
    if colon >= 0:
        before = sentence[:colon].lower()
        label = before.strip(_MARKS)
        announces = len(label) <= LONGEST_HEADING and not TASK_NAMES.isdisjoint(label.split())
        if announces or any(lead in before for lead in LEAD_INS):
            return sentence[colon + 1 :].strip(" \"'*")
    return sentence


def _is_method(sentence: str, sayings: tuple[str, ...]) -> bool:
    """Whether a sentence says how to work or to report; `sayings` are those of SAYINGS that the prompt has anywhere."""
    lowered = sentence.lower().strip(_MARKS)
    words = split_words(lowered)
    if len(words) < 2:
        return bool(words) and lowered.startswith(_METHOD)
    if lowered.split(None, 1)[0].strip(_MARKS + ",") in _FIRST_WORDS and lowered.startswith(_METHOD):
        return True
    if sayings and any(saying in lowered for saying in sayings):
        return True
    method = sum([word in METHOD_WORDS for word in words])
    if method < LEAST_METHOD_WORDS:
        return False
    telling = sum([len(word) > 1 and word not in FUNCTION_WORDS for word in words])
    return sum(
        [len(word) > 1 and word in METHOD_WORDS and word not in FUNCTION_WORDS for word in words]
    ) >= max(LEAST_METHOD_WORDS, METHOD_SHARE * telling)
