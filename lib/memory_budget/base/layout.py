"""Every file and folder that this plugin keeps in a project's cache: what it holds, who writes and reads it, when it goes.

The cache is `.claude/cache/memory-budget/` below the project. It is a protocol between processes that live for milliseconds
(hooks), seconds (background tasks) and minutes (the command line), so each path is written here once and asked for by
`Project.at(layout.PENDING, name)`. `hooks/if_needed` looks at some of them in shell; a test holds it against this page.

Example: `Project.at(STARTS, session, agent_type)` is `.../memory-budget/starts/<session>/<agent type>`.
"""

from __future__ import annotations

#: Each place: its path below the cache folder with the names that vary in angle brackets, what it holds, its writer, its reader and
#: when it goes.
PLACES: list[tuple[str, str, str, str, str]] = []


def _place(path: str, holds: str, writer: str, reader: str, goes: str) -> str:
    """Note a place and give its path below the cache folder, up to the first name that varies."""
    PLACES.append((path, holds, writer, reader, goes))
    return path.partition("/<")[0]


# -- the index

INDEX = _place(
    "index.sqlite", "the search index, with compiled profiles and agents in it", "index/update",
    "index/reader, cli", "made anew when damaged or of another version",
)  # fmt: skip
INDEX_LOCK = _place(
    "index.lock", "held while the index is brought up to date", "index/update", "index/update", "stays"
)
INDEX_AGAIN = _place(
    "state/index.again", "memory changed while the index was being made", "index/update", "index/update",
    "before the next look",
)  # fmt: skip
INDEX_DAMAGED = _place(
    "state/index.damaged",
    "a start could not read the index, or missed a part of it",
    "start/project_state",
    "index/update",
    "after the rebuild",
)
MEMORY_FOLDERS = _place(
    "state/memory-folders",
    "the folders that hold memory, a line each",
    "index/update",
    "hooks/if_needed",
    "stays",
)

# -- an agent's start, run and end

STARTS = _place(
    "starts/<session>/<agent type>/<mark>", "plans for agents about to start, and which agent took which",
    "run/claims, run/turns", "run/claims, hooks/if_needed", "with the session, or after two days",
)  # fmt: skip
CLAIMED = "claimed"  # STARTS/<session>/<agent type>/<plan>/claimed: names the agent that took the plan
UNREAD = "unread.told"  # STARTS/<session>/unread.told: the person was told of memory that nobody gets
WORKFLOW = "workflow"  # STARTS/<session>/workflow: the script of the session's last workflow
BOUND = _place(
    "bound/<agent>", "the tool use that started an agent", "hooks/memory-budget.js, run/claims",
    "run/claims, hooks/if_needed", "when its record is written, or after two days",
)  # fmt: skip
PENDING = _place(
    "pending/<allocation>.json", "an allocation from its agent's start to its record; .recording while that is written",
    "run/pending", "run/finish, run/state, hooks/memory-budget.js", "when the record is written",
)  # fmt: skip
RECORDED = _place(
    "recorded/<allocation id>.json", "an allocation whose record is written, for an agent that got it instead of its own",
    "run/pending", "run/finish", "with the session, or after two days",
)  # fmt: skip
BLOCKS = _place(
    "blocks/<allocation>.md", "what of a block found no place in the context channel", "start/describe", "the agent",
    "after two days",
)  # fmt: skip
RUNNING = _place(
    "running/<session>/<agent>.reads", "what an agent read itself; beside it .lost, where its block did not arrive", "run/state",
    "run/state, hooks/memory-budget.js", "when its record is written",
)  # fmt: skip
NOTES = _place(
    "notes/<session>/<name>", "a line for the person until a hook can show it", "run/notes",
    "run/messages, hooks/if_needed", "when it is told",
)  # fmt: skip
NOTICES = _place("notices/<key>", "a mark for what was told once", "base/notices", "base/notices", "stays")
BUMPS = _place(
    "bumps/<agent and task>",
    "the tier that reads pushed a task to",
    "run/bumps",
    "start/allocate",
    "after 30 days",
)
ENDED = _place(
    "ended/<agent>.json", "an agent's end, for the process that records it", "run/hooks", "upkeep/background",
    "when recorded, or after two days",
)  # fmt: skip
DAMAGED = _place("damaged/<name>", "an allocation nobody can read", "run/leftovers", "a person", "stays")
REWRITERS = _place(
    "rewriters/<plugin>.json",
    "another plugin whose rewrite of a prompt won",
    "run/lost_prompts",
    "cli/doctor",
    "stays",
)

# -- the log and what is learned from it

USAGE_LOCK = _place("usage.lock", "held while the usage log is written", "log", "log", "stays")
SENT = _place("sent.jsonl", "which chunks went to which agent", "log/sent", "upkeep/uses", "when counted")
SENT_ASIDE = _place(
    "state/<sent-number>.jsonl", "a part of them that is being counted", "log/sent", "upkeep/uses", "when counted"
)  # fmt: skip
OLD_LOGS = _place("old-logs/<month>", "rotated logs past their time", "log/rotation", "a person", "stays")
EXPORT_STATE = _place("state/otlp.json", "how far the log was sent", "log/export", "log/export", "stays")
EXPORT_LOCK = _place("otlp.lock", "held while the log is sent", "log/export", "log/export", "stays")
RATIO = _place(
    "state/calibration.json",
    "how the model counts tokens",
    "run/calibration",
    "settings/token_ratio",
    "stays",
)
RATIO_RUNS = _place(
    "state/calibration-runs.json",
    "the runs it was learned from",
    "run/calibration",
    "run/calibration",
    "stays",
)
RATIO_SAMPLES = _place(
    "calibration.jsonl", "runs not learned from yet; .taken while they are", "run/calibration", "run/calibration",
    "when learned from",
)  # fmt: skip
RATIO_LOCK = _place("calibration.lock", "held while learning", "run/calibration", "run/calibration", "stays")
RECOMMENDATIONS = _place(
    "recommendations.json",
    "what the log says about budgets",
    "reports/tuning",
    "a person",
    "with the next look",
)
TUNING = _place(
    "tuning/<change>.json", "changes of profiles, to undo them", "reports/tuning_apply", "cli/undo", "stays"
)
TUNING_LOCK = _place(
    "tuning.lock", "held while profiles change", "reports/tuning_apply", "reports/tuning_apply", "stays"
)
REPORTS = _place(
    "reports/<day>-<days>-days.html", "reports the jobs wrote", "reports/report", "a person", "stays"
)

# -- jobs

JOB_LOGS = _place("jobs/<time>-<kind>.log", "what a job did", "upkeep/jobs", "a person", "after 90 days")
SCHEDULE = _place(
    "state/schedule.json", "when each job ran last", "upkeep/schedule", "upkeep/schedule", "stays"
)
NEXT_DUE = _place(
    "state/next-due",
    "its time of change is when the next job is due",
    "upkeep/schedule",
    "start/project_state",
    "stays",
)
JOBS_LOCK = _place("state/jobs.lock", "held while a job runs", "upkeep/schedule", "upkeep/schedule", "stays")
PROPOSALS = _place(
    "proposals/<id>.json", "a change of memory that a job proposes", "upkeep/proposals", "cli/maintain",
    "when applied or dismissed",
)  # fmt: skip
DISMISSED = _place(
    "state/dismissed.json", "proposals a person said no to", "upkeep/proposals", "upkeep/jobs", "stays"
)
APPLY_LOCK = _place(
    "state/apply.lock", "held while memory changes", "upkeep/proposals", "upkeep/proposals", "stays"
)
JOURNAL = _place(
    "journal/<time>.json", "every change of memory, to undo it", "upkeep/journal", "cli/undo", "stays"
)
SEEN = _place(
    "state/seen.json", "when each memory file was seen first", "upkeep/memory_files", "upkeep", "stays"
)
SIZES = _place(
    "state/sizes.json", "the size of memory by day", "upkeep/health", "cli/health, report", "stays"
)
HEALTH = _place(
    "state/health.json", "the last look at memory's health", "upkeep/jobs", "cli/status", "with the next look"
)

# -- what hooks do

HOOKS_LOG = _place(
    "logs/hooks.log", "why a hook failed; one older copy beside it", "base/hook_log", "a person", "past 1 MB"
)
STARTED = _place(
    "state/<task>.started", "when a background task was started last", "base/spawn", "base/spawn", "stays"
)  # fmt: skip
FAILED = _place(
    "state/background.failed", "a line about the last background task that failed", "base/detached", "run/hooks",
    "when it is told",
)  # fmt: skip
