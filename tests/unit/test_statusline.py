from __future__ import annotations

import itertools
import re

import pytest

from memory_budget.base import figures
from memory_budget.run.meter import Monitor
from memory_budget.run.statusline import Row, Style, cells, cut, draw, level_of, style_of
from tests.unit.test_meter import THRESHOLDS, start

PLAIN = Style(unicode=False, colours=False, many=False)
RICH = Style(unicode=True, colours=True, many=True)


def row(name: str = "dbt-expert", tokens: int = 18_200, text: str = "review models", **own: object) -> Row:
    state = Monitor(start(agent=name, tokens_loaded=tokens, demand_tokens=tokens, **own))
    return Row(name, state, text, level_of(state.share, THRESHOLDS))


def rows() -> list[Row]:
    return [
        row(),
        row("snowflake-expert", 24_400, budget_allocated=30_000, complexity="complex", bumped_from="medium"),
        row("ui", 900, "a description that goes on and on, much further than any terminal is wide " * 3),
    ]


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_rows_of_a_wide_terminal() -> None:
    first, second, third = (content for _, content in draw(rows(), 120, PLAIN))
    assert first == (
        "dbt-expert        [################--]  18.2K of 20K  91 %  medium                 review models"
    )
    assert second == (
        "snowflake-expert  [##############----]  24.4K of 30K  81 %  complex ^ from medium  review models"
    )
    assert third.startswith("ui                [------------------]    900 of 20K   4 %  medium  ")
    assert len(third) == 120


def test_rows_in_colour() -> None:
    first, second, third = (content for _, content in draw(rows(), 120, RICH))
    assert "\x1b[38;5;208m██████████████████▏░\x1b[0m" in first
    assert "\x1b[35mcomplex ↑ from medium\x1b[0m" in second
    assert "\x1b[33m" in second
    assert "\x1b[32m" in third
    assert third.count("\x1b[") == 2 * third.count("\x1b[0m")


@pytest.mark.parametrize("style", [PLAIN, RICH])
def test_any_width_is_enough(style: Style) -> None:
    wide = [*rows(), row("データ基盤の専門家エージェント", 21_000, "説明 " * 30)]
    for width in range(1, 200):
        drawn = draw(wide, width, style)
        assert [id for id, _ in drawn] == [one.id for one in wide]
        assert all(0 < cells(plain(content)) <= width for _, content in drawn)
        if not style.unicode:
            assert all(content.isascii() for _, content in drawn)


@pytest.mark.parametrize(("width", "shown"), [(40, "91 %"), (20, "91%"), (6, "91%"), (3, "91%")])
def test_the_share_is_shown_to_the_last(width: int, shown: str) -> None:
    assert shown in draw(rows(), width, PLAIN)[0][1]


def test_no_rows_no_output() -> None:
    assert draw([], 80, RICH) == []


@pytest.mark.parametrize(
    ("share", "level"),
    [(0.0, ""), (0.749, ""), (0.75, "info"), (0.9, "warning"), (1.0, "critical"), (7.0, "critical")],
)
def test_levels(share: float, level: str) -> None:
    assert level_of(share, THRESHOLDS) == level


@pytest.mark.parametrize(
    ("environment", "unicode", "colours", "many"),
    [
        ({"LANG": "en_GB.UTF-8", "TERM": "xterm-256color"}, True, True, True),
        ({"LANG": "C.utf8", "TERM": "xterm"}, True, True, False),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C", "TERM": "xterm"}, False, True, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8", "TERM": "screen", "COLORTERM": "truecolor"}, False, True, True),
        ({"LANG": "en_GB.UTF-8", "TERM": "dumb"}, False, False, False),
        ({"LANG": "en_GB.UTF-8", "TERM": "linux"}, False, True, False),
        ({"LANG": "en_GB.UTF-8", "TERM": "xterm", "NO_COLOR": "1"}, True, False, False),
        ({}, False, True, False),
    ],
)
def test_what_the_terminal_shows(
    environment: dict[str, str], unicode: bool, colours: bool, many: bool
) -> None:
    style = style_of(environment)
    assert (style.unicode, style.colours, style.many) == (unicode, colours, many)


@pytest.mark.parametrize(("text", "width"), [("plain", 5), ("日本", 4), ("e\u0301", 1), ("", 0), ("ﾊﾝ", 2)])
def test_cells(text: str, width: int) -> None:
    assert cells(text) == width


def test_cut_never_halves_a_character() -> None:
    for text, width in itertools.product(("日本語", "abcdef", "a日b本c"), range(8)):
        assert cells(cut(text, width, RICH)) <= width
    assert cut("日本語", 4, RICH) == "日…"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert figures.printable("a\x1b[31m\nb\u202e") == "a [31m b"
