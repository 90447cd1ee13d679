"""Words of other languages that tell nothing do not make a prompt one about memory that happens to be in its language."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.select.query import Query
from memory_budget.start import allocate
from memory_budget.text.function_words import function_words, particles
from tests.support.projects import make_project

GERMAN = """# Versand

## Etiketten

Die Etiketten werden von dem Dienstleister über eine Schnittstelle geholt. Wenn das Gewicht fehlt, ist es ein Kilogramm, und der
Auftrag wird markiert, damit ihn jemand prüft.

## Retouren

Eine Retoure ohne Nummer wird nicht gebucht. Was mir der Kunde schickt, liegt bis zur Klärung in dem roten Regal.
"""
FRENCH = """# Caisse

## Remises

Une remise est accordée par le responsable. Elle ne se cumule pas avec une autre, et elle est notée sur le ticket.

## Fermeture

À la fermeture, la caisse est comptée deux fois. Les écarts de plus de cinq euros sont dans le cahier.
"""
JAPANESE = """# 配送

## 返品

返品番号のない荷物は登録しないでください。確認が終わるまで赤い棚に置いています。

## ラベル

重さがわからないときは一キログラムとして、あとで担当者が確認します。
"""
CHINESE = """# 发货

## 退货

没有退货编号的包裹不能入库，在确认之前放在红色的架子上，由仓库的同事处理。

## 标签

如果重量缺失，就按一公斤计算，并且给订单做一个标记，让负责的人检查。
"""


def sent(text: str, prompt: str, folder: Path) -> str:
    """The block that a task gets from a memory of one page; nothing where there is none."""
    project = Project(str(make_project(folder / "project", {".claude/memory/notes.md": text})), str(folder))
    update.update_index(project)
    found = allocate.allocate(project, allocate.Task("general-purpose", prompt))
    assert isinstance(found, allocate.Allocation)
    return allocate.render(found)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (GERMAN, "Was ist 17 mal 23?"),
        (GERMAN, "Erkläre mir, was ein Monad ist und wie man ihn benutzt"),
        (FRENCH, "Écris un poème sur la mer et les étoiles"),
        (FRENCH, "Quelle est la capitale de la Suisse ?"),
        (JAPANESE, "春についての俳句を書いてください"),
        (CHINESE, "请给我写一首关于春天的诗，要有月亮"),
    ],
)
def test_what_only_shares_its_language_gets_nothing(text: str, prompt: str, tmp_path: Path) -> None:
    assert "<memory-file" not in sent(text, prompt, tmp_path)


@pytest.mark.parametrize(
    ("text", "prompt", "needed"),
    [
        (GERMAN, "Was passiert mit einer Retoure, auf der keine Nummer ist?", "roten Regal"),
        (FRENCH, "Ajoute une remise de dix pour cent sur le ticket", "responsable"),
        (JAPANESE, "返品番号のない荷物の処理を直して", "赤い棚"),
        (CHINESE, "没有退货编号的包裹怎么处理？", "红色的架子"),
    ],
)
def test_what_is_about_it_is_sent(text: str, prompt: str, needed: str, tmp_path: Path) -> None:
    assert needed in sent(text, prompt, tmp_path)


@pytest.mark.parametrize(
    ("prompt", "small"),
    [
        ("Was ist ein Monad?", {"was", "ist", "ein"}),
        ("Quelle est la capitale ?", {"quelle", "est", "la"}),
        ("Does the process die on exit?", set()),
        ("Move the van from the den to the lot", set()),
        ("Revenue per van", set()),
    ],
)
def test_a_prompt_is_looked_at_as_a_whole(prompt: str, small: set[str]) -> None:
    assert function_words(prompt.lower().strip(" ?").split()) == small


def test_particles_of_chinese_and_japanese() -> None:
    assert [particles(term) for term in ("的诗", "退货", "です", "を直", "返品", "is", "data")] == [
        1,
        0,
        2,
        1,
        0,
        0,
        0,
    ]


def test_such_words_are_left_out() -> None:
    query = Query("Erkläre mir den Versand")
    assert query.terms.keys() == {"erklar", "versand"}
    assert Query("Move the den").terms.keys() == {"move", "den"}


def test_a_part_of_a_name_is_kept() -> None:
    query = Query("Was ist in der Datei de-der.json?")
    assert "der" in query.terms
    assert query.telling({}, query.terms)
