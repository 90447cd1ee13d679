from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.base.project import Project
from memory_budget.run import calibration
from memory_budget.settings import profiles, token_ratio

Run = tuple[str, float, float]


def runs(
    true: float, *, seed: int, count: int = 40, agents: int = 4, noise: float = 120, outliers: float = 0.0
) -> list[Run]:
    """Runs of agents whose own part of the first request differs, with a known ratio."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        agent = number % agents
        sent = rng.uniform(1_000, 30_000)
        counted = 9_000 + 2_500 * agent + true * sent + rng.gauss(0, noise)
        if rng.random() < outliers:  # another plugin's text, a long CLAUDE.md, a cut prompt
            counted += rng.uniform(5_000, 60_000)
        found.append((f"agent-{agent}", sent, counted))
    return found


@pytest.mark.parametrize("true", [0.9, 1.0, 1.15, 1.33, 1.8])
@pytest.mark.parametrize("outliers", [0.0, 0.2])
def test_the_true_ratio_is_found(true: float, outliers: float) -> None:
    found = calibration.learn(runs(true, seed=int(true * 100), outliers=outliers))
    assert found is not None
    assert found.is_precise(0.05)
    assert abs(found.ratio - true) < 0.02 * true
    assert abs(found.ratio - true) < 5 * found.error


@pytest.mark.parametrize("outliers", [0.0, 0.1])
def test_the_standard_error_is_right(outliers: float) -> None:
    """Of many learned ratios about two thirds lie within one error of the truth, and nearly all within two."""
    found = [
        calibration.learn(runs(1.2, seed=seed, noise=800, outliers=outliers, agents=3)) for seed in range(300)
    ]
    away = [abs(one.ratio - 1.2) / one.error for one in found if one is not None]
    assert len(away) == 300
    assert 0.60 < sum(distance < 1 for distance in away) / 300 < 0.76
    assert sum(distance < 2 for distance in away) / 300 > 0.90


def test_agents_of_different_size_are_not_mistaken_for_a_ratio() -> None:
    """Across agents, the larger prompt comes with the larger system prompt; within each agent it does not."""
    mixed: list[Run] = []
    for agent, (sent, base) in enumerate([(2_000, 5_000), (10_000, 40_000), (20_000, 90_000)]):
        mixed += [(str(agent), sent + 200 * step, base + 1.1 * (sent + 200 * step)) for step in range(5)]
    found = calibration.learn(mixed)
    assert found is not None
    assert found.ratio == pytest.approx(1.1)


@pytest.mark.parametrize(
    "few",
    [
        [],
        runs(1.2, seed=1, count=7, agents=1),
        [("a", 5_000.0, 9_000.0 + step) for step in range(20)],
        [(str(step), 1_000.0 * step, 1_200.0 * step) for step in range(20)],
    ],
    ids=["none", "seven", "always the same prompt", "each agent once"],
)
def test_what_cannot_tell_does_not(few: list[Run]) -> None:
    assert calibration.learn(few) is None


def test_noisy_runs_are_not_known_well_enough() -> None:
    found = calibration.learn(runs(1.2, seed=3, count=12, noise=15_000))
    assert found is None or not found.is_precise(0.05)


# -- what the start hook asks

LEARNED = {
    "models": {
        "claude-opus-5-5": {"ratio": 1.3, "error": 0.02, "runs": 40, "agents": 3},
        "claude-haiku-5": {"ratio": 1.2, "error": 0.2, "runs": 9, "agents": 1},
        "claude-sonnet-5": {"ratio": 9.0, "error": 0.01, "runs": 40, "agents": 3},
    },
    "last": "claude-haiku-5",
    "last_by_agent": {"dbt-expert": "claude-opus-5-5"},
}


def settings(**section: Any) -> profiles.Profiles:
    return profiles.compile_profiles({"calibration": section})


@pytest.mark.parametrize(
    ("model", "agent", "ratio"),
    [
        ("claude-opus-5-5", "other", 1.3),
        ("opus", "other", 1.3),
        ("", "dbt-expert", 1.3),
        ("inherit", "dbt-expert", 1.3),
        ("", "other", 1.0),  # ran last with a model whose ratio is not known well enough
        ("haiku", "dbt-expert", 1.0),
        ("sonnet", "dbt-expert", 1.0),  # no tokenizer differs so much
        ("gpt", "dbt-expert", 1.0),
    ],
)
def test_ratio_of_an_agent_that_starts(model: str, agent: str, ratio: float) -> None:
    assert token_ratio.ratio(settings(), LEARNED, model, agent) == ratio


def test_a_ratio_set_by_hand_goes_first() -> None:
    by_hand = settings(ratio={"claude-opus": 1.5})
    assert token_ratio.ratio(by_hand, LEARNED, "opus", "x") == 1.5
    assert token_ratio.ratio(by_hand, None, "", "x") == 1.0
    assert token_ratio.ratio(settings(auto=False), LEARNED, "opus", "x") == 1.0
    assert token_ratio.ratio(settings(max_error=0.01), LEARNED, "opus", "x") == 1.0


@pytest.mark.parametrize("broken", [None, [], "x", 3, {}])
def test_nothing_learned(broken: object) -> None:
    assert token_ratio.ratio(settings(), broken, "opus", "x") == 1.0


# -- from transcripts to the state


class Words:
    """Counts words, so that the test knows what is counted."""

    def count(self, text: str) -> int:
        return len(text.split())


def transcript(path: Path, words: int, counted: int, model: str = "claude-opus-5-5") -> str:
    lines = [
        {"type": "user", "message": {"role": "user", "content": "word " * (words - 50)}},
        {"type": "attachment", "attachment": {"type": "hook_additional_context", "content": ["part " * 50]}},
        {
            "type": "assistant",
            "message": {
                "id": "m1",
                "model": model,
                "stop_reason": "end_turn",
                "usage": {"input_tokens": counted},
            },
        },
        {"type": "user", "message": {"role": "user", "content": "later " * 1_000}},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_learned_from_transcripts_and_kept(tmp_path: Path) -> None:
    project = Project(str(tmp_path / "project"), str(tmp_path / "home"))
    for number, (agent, words, counted) in enumerate(runs(1.25, seed=5, count=30)):
        path = transcript(tmp_path / f"{number}.jsonl", int(words), int(counted))
        calibration.note(project, agent, "claude-opus-5-5", int(counted), path)
    calibration.note(project, "gone", "claude-opus-5-5", 1_000, str(tmp_path / "gone.jsonl"))
    with open(calibration.samples_path(project), "a") as file:
        file.write('["torn", "cla')

    assert calibration.update(project, Words())
    state = token_ratio.read_ratios(project)
    learned = state["models"]["claude-opus-5-5"]
    assert learned["ratio"] == pytest.approx(1.25, rel=0.02)
    assert learned["runs"] == 30
    assert set(state["last_by_agent"]) == {f"agent-{number}" for number in range(4)}
    assert token_ratio.ratio(settings(), state, "", "agent-1") == learned["ratio"]
    assert not calibration.update(project, Words())  # nothing new


def test_a_second_lesson_adds_to_the_first(tmp_path: Path) -> None:
    project = Project(str(tmp_path / "project"), str(tmp_path / "home"))
    known = runs(1.4, seed=6, count=24)
    for half in (known[:12], known[12:]):
        for number, (agent, words, counted) in enumerate(half):
            path = transcript(tmp_path / f"{number}.jsonl", int(words), int(counted))
            calibration.note(project, agent, "claude-opus-5-5", int(counted), path)
        assert calibration.update(project, Words())
    assert token_ratio.read_ratios(project)["models"]["claude-opus-5-5"]["runs"] == 24


def test_runs_of_a_process_that_was_killed_are_added_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(str(tmp_path / "project"), str(tmp_path / "home"))
    for number, (agent, words, counted) in enumerate(runs(1.25, seed=5, count=30)):
        path = transcript(tmp_path / f"{number}.jsonl", int(words), int(counted))
        calibration.note(project, agent, "claude-opus-5-5", int(counted), path)

    def die(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.unlink", die)
        with pytest.raises(KeyboardInterrupt):
            calibration.update(project, Words())
    calibration.note(project, "gone", "claude-opus-5-5", 1_000, str(tmp_path / "gone.jsonl"))
    calibration.update(project, Words())
    kept = json.loads(Path(project.at(layout.RATIO_RUNS)).read_text())
    assert len(kept["claude-opus-5-5"]) == 30
    assert not Path(calibration.samples_path(project) + ".taken").exists()
    assert token_ratio.read_ratios(project)["last_by_agent"]["agent-0"] == "claude-opus-5-5"


@pytest.mark.parametrize(
    "kept",
    [
        "[]",
        '{"m": 5}',
        '{"m": [5]}',
        '{"m": [[1]]}',
        '{"m": [["a", "x", null]]}',
        '{"m": [["a", 1e999, 2]]}',
        "{",
        "",
    ],
)
def test_runs_that_nobody_can_read_are_left_out(kept: str, tmp_path: Path) -> None:
    project = Project(str(tmp_path), "")
    Path(project.writable(layout.RATIO_RUNS)).write_text(kept)
    calibration.note(project, "dbt-expert", "m", 1_200, "/nowhere.jsonl")
    calibration.update(project)
    assert not Path(calibration.samples_path(project) + ".taken").exists()
    runs_by_model = json.loads(Path(project.at(layout.RATIO_RUNS)).read_text())
    assert [value for name, value in runs_by_model.items() if name] in ([], [[]])
