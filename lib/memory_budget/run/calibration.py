"""How the model counts: its tokens for one token of tiktoken's.

Budgets are meant in the model's tokens and spent in tiktoken's, so the one has to be turned into the other. The ratio is
learned from the agents' own runs: the slope of what the API counted for the first request over the tokens that were sent
with it. What an agent's first request holds besides (system prompt, tools) is about the same for one agent and model
and cancels out, so only differences between runs of the same agent and model count.

    learn     the ratios that runs tell
    note      a run, kept for later
    update    count what is new, learn, keep
"""

from __future__ import annotations

import os

from memory_budget.base import layout
from memory_budget.base.files import open_own
from memory_budget.settings.token_ratio import Ratio, read_ratios, state_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from memory_budget.base.project import Project

#: Fewer runs than this tell nothing, however well they agree.
LEAST_RUNS = 8
#: The latest runs of one model are enough, and a model's tokenizer does not change.
MOST_RUNS = 400
#: Residuals beyond this many robust standard deviations have no weight (Tukey's bisquare at 95 % efficiency).
TUNING = 4.685
#: Makes the median absolute deviation of normal residuals their standard deviation.
MAD = 1.4826
_ROUNDS = 50
#: About twenty runs, as they are noted.
MANY_BYTES = 5000

MAIN = "main"
#: Under this name, which no model has, the file of runs keeps the digest of the notes that were added last.
_ADDED = ""


# -- learning


def learn(runs: Iterable[tuple[str, float, float]]) -> Ratio | None:
    """The ratio from runs of one model: (agent, tokens sent as tiktoken counts them, input tokens of the first request).

    A common slope with an intercept for each agent, by an M-estimator with the bisquare, started at a median of slopes;
    the standard error takes the weights into account. None where the runs cannot tell.
    """
    groups: dict[str, list[tuple[float, float]]] = {}
    for agent, sent, counted in runs:
        groups.setdefault(agent, []).append((sent, counted))
    usable = [group for group in groups.values() if len(group) > 1 and len({sent for sent, _ in group}) > 1]
    count = sum(map(len, usable))
    if count < LEAST_RUNS or count - len(usable) < 4:
        return None
    slope = _median_slope(usable)
    offsets = [_median([y - slope * x for x, y in group]) for group in usable]
    scale = max(
        MAD
        * _median(
            [abs(y - a - slope * x) for a, group in zip(offsets, usable, strict=True) for x, y in group]
        ),
        1e-9,
    )
    weights = [[1.0] * len(group) for group in usable]
    for _ in range(_ROUNDS):
        weights = [
            [_bisquare((y - a - slope * x) / (TUNING * scale)) for x, y in group]
            for a, group in zip(offsets, usable, strict=True)
        ]
        fitted = _fit(usable, weights)
        if fitted is None:
            return None
        was = slope
        slope, offsets = fitted
        if abs(slope - was) < 1e-10:
            break
    error = _error(usable, weights, slope, offsets, scale)
    if error is None:
        return None
    return Ratio(slope, error, count, len(usable))


def _median_slope(groups: Sequence[Sequence[tuple[float, float]]]) -> float:
    """The median of the slopes between any two runs of one agent, the wide ones counting more (Theil and Sen)."""
    slopes: list[tuple[float, float]] = []
    for group in groups:
        step = max(1, len(group) // 60)  # enough pairs, and not the square of a large number
        for first in range(0, len(group), step):
            for second in range(first + 1, len(group)):
                wide = group[second][0] - group[first][0]
                if wide:
                    slopes.append(((group[second][1] - group[first][1]) / wide, abs(wide)))
    slopes.sort()
    half = sum(weight for _, weight in slopes) / 2
    for slope, weight in slopes:
        half -= weight
        if half <= 0:
            return slope
    return slopes[-1][0]


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _bisquare(distance: float) -> float:
    return (1 - distance * distance) ** 2 if abs(distance) < 1 else 0.0


def _fit(
    groups: Sequence[Sequence[tuple[float, float]]], weights: Sequence[Sequence[float]]
) -> tuple[float, list[float]] | None:
    """Weighted least squares with one slope and an intercept per group; None where no group has two runs of weight."""
    over = under = 0.0
    means = []
    for group, group_weights in zip(groups, weights, strict=True):
        total = sum(group_weights)
        if total <= 0:
            means.append((0.0, 0.0))
            continue
        mean_x = sum(w * x for w, (x, _) in zip(group_weights, group, strict=True)) / total
        mean_y = sum(w * y for w, (_, y) in zip(group_weights, group, strict=True)) / total
        means.append((mean_x, mean_y))
        over += sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(group_weights, group, strict=True))
        under += sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(group_weights, group, strict=True))
    if under <= 0:
        return None
    slope = over / under
    return slope, [mean_y - slope * mean_x for mean_x, mean_y in means]


def _error(
    groups: Sequence[Sequence[tuple[float, float]]],
    weights: Sequence[Sequence[float]],
    slope: float,
    offsets: Sequence[float],
    scale: float,
) -> float | None:
    """The slope's standard error: that of an M-estimator (Huber's sandwich), corrected for what was fitted."""
    meat = bread = effective = 0.0
    for group, group_weights, offset in zip(groups, weights, offsets, strict=True):
        total = sum(group_weights)
        if total <= 0:
            continue
        mean_x = sum(w * x for w, (x, _) in zip(group_weights, group, strict=True)) / total
        effective += total
        for w, (x, y) in zip(group_weights, group, strict=True):
            residual = y - offset - slope * x
            part = (residual / (TUNING * scale)) ** 2
            if part < 1:
                bread += (1 - part) * (1 - 5 * part) * (x - mean_x) ** 2
            meat += (w * residual * (x - mean_x)) ** 2
    degrees = effective - len(groups) - 1
    if bread <= 0 or degrees < 2:
        return None
    return float((meat * effective / degrees) ** 0.5 / bread)


# -- what is kept


#: No run counts more.
_MOST_TOKENS = 1e12


def samples_path(project: Project) -> str:
    return project.at(layout.RATIO_SAMPLES)


def note(project: Project, agent: str, model: str, counted: int, transcript: str) -> None:
    """Keep one run for later: its transcript holds what was sent. One append, no lock. Raises OSError."""
    from memory_budget.base import fastjson

    project.ensure_cache()
    line = fastjson.dumps([agent, model, counted, transcript]) + "\n"
    handle = open_own(samples_path(project), os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, line.encode("utf-8", "replace"))
    finally:
        os.close(handle)


def many_new(project: Project) -> bool:
    """Whether enough runs ended since the last time to be worth the tokenizer's start."""
    try:
        return os.stat(samples_path(project)).st_size > MANY_BYTES
    except OSError:
        return False


def update(project: Project, counter: Any = None) -> bool:
    """Learn from the runs noted since the last time. True when what is known changed.

    `counter`: counts tokens exactly; made when it is needed. One process at a time: another one leaves it to the first.
    """
    try:
        if os.stat(samples_path(project)).st_size == 0:
            return False
    except OSError:
        return False
    from memory_budget.base.optional import Timeout, own_lock

    try:
        with own_lock(project.writable(layout.RATIO_LOCK)):
            return _update(project, counter)
    except Timeout:
        return False


def _update(project: Project, counter: Any) -> bool:
    from hashlib import blake2b

    from memory_budget.base import fastjson
    from memory_budget.base.files import read_bytes, write_atomic

    taken_path = samples_path(project) + ".taken"
    if not os.path.exists(taken_path):
        # Renamed first: what agents note from now on goes to a new file. One that is there was left by a crash.
        os.replace(samples_path(project), taken_path)
    runs_path = project.writable(layout.RATIO_RUNS)
    try:
        stored: Any = fastjson.loads(read_bytes(runs_path))
    except (OSError, ValueError):
        stored = {}
    runs = {
        model: [run for run in model_runs if _is_run(run)]
        for model, model_runs in (stored.items() if isinstance(stored, dict) else ())
        if isinstance(model_runs, list)
    }
    state = read_ratios(project)
    last_by_agent = dict(state.get("last_by_agent") or {})
    last = state.get("last") or ""
    taken = read_bytes(taken_path)
    digest = blake2b(taken, digest_size=16).hexdigest()
    if isinstance(stored, dict) and stored.get(_ADDED) == digest:
        taken = b""  # a process was killed before it removed them
    for agent, model, sent, counted in _counted(taken, counter):
        model_runs = runs.setdefault(model, [])
        model_runs.append([agent, sent, counted])
        del model_runs[:-MOST_RUNS]
        last_by_agent[agent] = last = model
    models = {}
    for model, model_runs in runs.items():
        learned = learn((str(agent), float(sent), float(counted)) for agent, sent, counted in model_runs)
        if learned is not None:
            models[model] = {
                "ratio": round(learned.ratio, 5),
                "error": round(learned.error, 5),
                "runs": learned.runs,
                "agents": learned.agents,
            }
    new_state = {"models": models, "last": last, "last_by_agent": last_by_agent}
    # The runs come last: once they are there, what they were added from is not looked at again.
    if new_state != state:
        write_atomic(state_path(project), fastjson.encode(new_state))
    write_atomic(runs_path, fastjson.encode({**runs, _ADDED: digest}))
    os.unlink(taken_path)
    return new_state != state


def _is_run(value: object) -> bool:
    """Whether a value read from disk is a run: agent, tokens sent, tokens the model counted."""
    if not isinstance(value, list) or len(value) != 3 or not isinstance(value[0], str):
        return False
    return all(type(figure) in (int, float) and abs(figure) < _MOST_TOKENS for figure in value[1:])


def _counted(lines: bytes, counter: Any) -> Iterable[tuple[str, str, int, int]]:
    """Agent, model, tokens sent and tokens counted of each run whose transcript is still there."""
    from memory_budget.base import fastjson
    from memory_budget.run import transcripts

    for line in lines.split(b"\n"):
        try:
            noted: Any = fastjson.loads(line)
            agent, model, counted, path = noted
            given = transcripts.read_transcript(path).given
        except (OSError, ValueError, TypeError):
            continue
        if not given or not model or counted <= 0:
            continue
        if counter is None:
            from memory_budget.text import tokens

            try:
                counter = tokens.Counter()
            except ImportError:
                return  # bounds would teach a wrong ratio
        yield agent, model, sum(counter.count(text) for text in given), counted
