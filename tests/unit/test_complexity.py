"""Tiers from prompts: the documented phrases, overrides, languages, reasons."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from memory_budget.cli.main import main
from memory_budget.select import complexity, complexity_model
from memory_budget.select.complexity import classify, parse_tier, without_override
from memory_budget.settings.names import TIERS
from tests.support.weight_tables import slots_of

# The tier examples of the public reference project (its profiles file, its guides, the help of its detector), as documented there.
DOCUMENTED = {
    "simple": (
        "List tables", "Get query status", "Show configuration", "show status", "get config", "List all Snowflake tables",
        "Show current Snowflake status", "List all dbt models",
    ),
    "medium": (
        "Analyze query performance", "Review model dependencies", "Investigate data issue", "Analyze query", "review model",
        "investigate issue",
    ),
    "complex": (
        "Optimize warehouse costs", "Troubleshoot pipeline failure", "Comprehensive audit", "Optimize performance",
        "troubleshoot failure", "Optimize dbt model performance", "Analyze slow queries", "Investigate pipeline failure",
        "Analyze dbt model performance", "Analyze performance", "Analyze slow query performance",
    ),
    "multi-system": (
        "End-to-end data flow analysis", "Multi-tool integration", "System architecture design", "Cross-system freshness",
        "end-to-end architecture", "platform migration", "Investigate cross-system data freshness",
        "Troubleshoot cross-system freshness", "Design end-to-end architecture",
        "Design end-to-end data architecture for new platform",
    ),
}  # fmt: skip


# Requests as people put them, written for this test: none of them is a documented phrase.
PARAPHRASES = {
    "simple": """
        Which tables exist in the staging schema?
        Print the current branch name
        What's the version of Node in use?
        Tell me how many rows are in orders
        Where is the retry limit set?
        Give me the list of open tickets
        Display the last ten commits
        Who owns the payments repository?
        Fetch the row for customer 42
        Read the changelog and give me the release date
        Fix a typo in the README
        Count the failed logins of today
    """,
    "medium": """
        Look into the nightly numbers and summarize them
        Explain how the cache is invalidated
        Add a column for the customer's country
        Compare two query plans
        Write unit tests for the date parser
        Assess whether the index is still used
        Examine how the retry logic behaves
        Rename the helper and update its callers
        Summarize the discussion in the pull request
        Create a fixture for the invoice tests
        Evaluate two libraries for parsing dates
        Document the configuration options
    """,
    "complex": """
        Track down why the export hangs at random
        Refactor the billing module step by step and keep the public interface
        Find the root cause of the memory leak in the worker
        Diagnose intermittent timeouts of the login page
        In-depth security audit of the payment code
        Speed up the slow dashboard queries
        Troubleshoot the crash on startup
        Optimise memory use of the indexer
        Restructure the settings package without breaking imports
        Find out why builds fail intermittently and fix the race condition
        Thorough review of our backup strategy
        Investigate the latency regression since Tuesday
    """,
    "multi-system": """
        Coordinate the schema change across all services and teams
        Plan the move of our warehouse from Redshift to BigQuery, including Airflow and Looker
        Trace a record end to end from Salesforce through Kafka into Snowflake
        Design how several platforms share one login
        Integrate the CRM with the billing system
        Work out an architecture for a multi-region rollout
        Orchestrate the release of backend and mobile apps
        Migrate our services from AWS to GCP
        Unify logging across all microservices
        Reconcile numbers between Salesforce, Stripe and the warehouse
        Propose the architecture of the new analytics platform
        Set up data flows from several source systems into one database
    """,
}

# The same in other languages.
LANGUAGES = {
    "es": """
        simple: Lista las tablas
        simple: Muestra el estado de la consulta
        simple: ¿Cuántos usuarios hay?
        medium: Analiza el rendimiento de la consulta
        medium: Revisa las dependencias del modelo
        medium: Explica cómo funciona la caché
        complex: Optimiza los costos del almacén
        complex: Diagnostica el fallo intermitente de la carga nocturna
        complex: Auditoría exhaustiva de permisos
        multi-system: Diseña la arquitectura de integración entre varios sistemas
        multi-system: Migra la plataforma de Redshift a Snowflake
        multi-system: Coordina el despliegue entre varios servicios
    """,
    "zh": """
        simple: 列出所有表
        simple: 显示当前状态
        simple: 这个项目有多少个用户
        medium: 分析查询性能
        medium: 解释缓存的工作方式
        medium: 审查模型依赖
        complex: 优化仓库成本
        complex: 排查流水线故障
        complex: 全面重构登录模块
        multi-system: 设计跨系统的数据架构
        multi-system: 把数据平台迁移到云端并协调多个服务
        multi-system: 调查多个系统之间的数据延迟
    """,
    "de": """
        simple: Liste alle Tabellen auf
        simple: Zeige den Status der Abfrage
        simple: Wie viele Benutzer gibt es?
        medium: Analysiere die Abfrageleistung
        medium: Überprüfe die Abhängigkeiten des Modells
        medium: Erkläre, wie der Cache arbeitet
        complex: Optimiere die Kosten des Warehouse
        complex: Diagnostiziere den sporadischen Ausfall der nächtlichen Ladung
        complex: Refaktoriere das Anmeldemodul gründlich
        multi-system: Entwirf die Architektur für mehrere Systeme
        multi-system: Migriere die Plattform von Redshift nach Snowflake
        multi-system: Untersuche systemübergreifend die Datenaktualität
    """,
    "fr": """
        simple: Liste les tables
        simple: Affiche l'état de la requête
        simple: Combien d'utilisateurs y a-t-il ?
        medium: Analyse la performance de la requête
        medium: Explique comment marche le cache
        medium: Compare les deux modèles
        complex: Optimise les coûts de l'entrepôt
        complex: Diagnostique la panne du pipeline
        complex: Audit exhaustif des droits
        multi-system: Conçois l'architecture d'intégration entre plusieurs systèmes
        multi-system: Migre la plateforme vers Snowflake
        multi-system: Coordonne les services de bout en bout
    """,
    "ja": """
        simple: テーブルの一覧を表示して
        simple: 現在のステータスを教えて
        simple: ユーザーは何件ですか
        medium: クエリの性能を分析して
        medium: キャッシュの仕組みを説明して
        medium: モデルの依存関係をレビューして
        complex: コストを最適化して
        complex: パイプライン障害を診断して
        complex: ログイン処理を徹底的にリファクタリングして
        multi-system: 複数のシステムにまたがるアーキテクチャを設計して
        multi-system: データ基盤をクラウドへ移行して連携を構築して
        multi-system: システム間のデータ遅延を調査して
    """,
    "pt": """
        simple: Mostre as tabelas
        medium: Explique como funciona o cache
        complex: Otimize as consultas lentas
        multi-system: Projete a arquitetura de integração entre vários sistemas
    """,
    "it": """
        simple: Mostra lo stato del servizio
        medium: Analizza le dipendenze del modello
        complex: Ottimizza le query lente
        multi-system: Progetta l'integrazione tra diversi sistemi
    """,
    "ru": """
        simple: Покажи список таблиц
        medium: Объясни, как работает кэш
        complex: Оптимизируй медленные запросы
        multi-system: Спроектируй архитектуру для нескольких систем
    """,
    "ko": """
        simple: 테이블 목록을 보여줘
        medium: 캐시 동작을 설명해줘
        complex: 느린 쿼리를 최적화해줘
        multi-system: 여러 시스템을 연동하는 아키텍처를 설계해줘
    """,
}


def test_documented_phrases_get_their_tier() -> None:
    right = {tier: sum(classify(p).tier == tier for p in phrases) for tier, phrases in DOCUMENTED.items()}
    total = sum(len(phrases) for phrases in DOCUMENTED.values())
    assert sum(right.values()) >= total - 2
    assert right["medium"] >= 5


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("simple", "simple"), (" Medium ", "medium"), ("COMPLEX", "complex"), ("multi-system", "multi-system"),
        ("multi_system", "multi-system"), ("Multi System", "multi-system"), ("multisystem", "multi-system"),
        ("", None), ("hard", None), ("complexx", None), ("simple medium", None),
    ],
)  # fmt: skip
def test_parse_tier(text: str, tier: str | None) -> None:
    assert parse_tier(text) == tier


@pytest.mark.parametrize(
    ("prompt", "tier"),
    [
        ("[complexity: complex] List tables", "complex"),
        ("List tables\n\n[Complexity:MULTI_SYSTEM]\nplease", "multi-system"),
        ("List tables [complexity : simple ]", "simple"),
        ("[complexity: huge] then [complexity: medium]", "medium"),
        ("[complexity: huge]", None),
        ("[complexity]", None),
        ("[complexity: complex", None),
        ("complexity: complex", None),
        ("[complexityx: complex]", None),
    ],
)
def test_override_in_prompt(prompt: str, tier: str | None) -> None:
    assert override_in_prompt(prompt) == tier


def override_in_prompt(prompt: str) -> str | None:
    """The tier that the prompt itself sets."""
    estimate = classify(prompt)
    return estimate.tier if estimate.source == "override-prompt" else None


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("[complexity: simple] List tables", " List tables"),
        ("List [Complexity : Multi-System] tables [complexity: huge]", "List  tables "),
        ("İ [complexity: complex] x[0]", "İ  x[0]"),
        (
            "[complexity] and [complexityx: complex] and [complexity: ",
            "[complexity] and [complexityx: complex] and [complexity: ",
        ),
        ("a[1] [b] c", "a[1] [b] c"),
    ],
)
def test_a_tier_is_no_word_of_the_task(prompt: str, left: str) -> None:
    assert without_override(prompt) == left


def test_invalid_override_is_ignored_with_a_reason() -> None:
    verdict = classify("[complexity: huge] List tables")
    assert verdict.tier == "simple"
    assert any("huge" in reason for reason in verdict.reasons)


def test_nothing_telling_is_medium_and_unsure() -> None:
    for prompt in ("", "   ", "blorp", "?!", "\x00\ud800"):
        verdict = classify(prompt)
        assert (verdict.tier, verdict.source, verdict.score) == ("medium", "unsure", 0.5)


def test_reasons_name_what_was_found() -> None:
    reasons = classify("Compare Snowflake and Tableau costs").reasons
    assert 'names "snowflake", "tableau"' in reasons


def test_description_counts() -> None:
    assert classify("Do it for the shop.", "List tables").tier == "simple"
    assert classify("Do it for the shop.", "Cross-system architecture").tier == "multi-system"


@pytest.mark.parametrize(
    ("prompt", "counts"),
    [
        ("Please implement the whole billing service, whether or not", True),
        ("implement it, or do not", True),
        ("Do not implement it", False),
        ("not implement", False),
    ],
)
def test_a_negation_counts_before_its_word_only(prompt: str, counts: bool) -> None:
    reasons = " ".join(classify(prompt).reasons)
    assert ('asks for a change: "implement"' in reasons) == counts


def test_tiers_follow_the_score() -> None:
    prompts = [p for phrases in DOCUMENTED.values() for p in phrases]
    order = {tier: i for i, tier in enumerate(TIERS)}
    ranked = sorted((classify(p) for p in prompts), key=lambda v: v.score)
    assert [order[v.tier] for v in ranked] == sorted(order[v.tier] for v in ranked)


def test_paraphrases_get_their_tier() -> None:
    for tier, lines in PARAPHRASES.items():
        prompts = [line.strip() for line in lines.strip().splitlines()]
        right = sum(classify(prompt).tier == tier for prompt in prompts)
        assert right >= len(prompts) - 2, tier


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_languages_beat_always_medium(language: str) -> None:
    tiers = (line.strip().partition(": ") for line in LANGUAGES[language].strip().splitlines())
    cases = [(prompt, tier) for tier, _, prompt in tiers]
    assert {tier for _, tier in cases} == set(TIERS)
    right = sum(classify(prompt).tier == tier for prompt, tier in cases)
    assert right >= 0.75 * len(cases)


@pytest.mark.parametrize(
    ("description", "prompt", "tier"),
    [
        (
            "List tables",
            "Please list all tables in the ANALYTICS database of Snowflake with their row counts and owners. Return a Markdown table "
            "sorted by name. Do not change anything.",
            "simple",
        ),
        (
            "Review dbt model",
            "Review models/marts/fct_orders.sql for correctness and style. Check the joins, the incremental strategy and the tests. "
            "Give a short list of findings with line numbers.",
            "medium",
        ),
        (
            "Debug failing test",
            "tests/test_sync.py::test_resume fails about one time in ten on CI with a timeout, never locally. Find the root cause and "
            "fix it without raising the timeout. Run the test fifty times to show that it is stable and explain what went wrong.",
            "complex",
        ),
        (
            "Design data platform",
            "We want to move from nightly batch loads to near real time. Design an end-to-end architecture covering ingestion from "
            "Salesforce, streaming through Kafka, transformation in dbt and serving to Tableau, with cost and migration plan, and say "
            "which teams have to coordinate what and in which order.",
            "multi-system",
        ),
    ],
)
def test_whole_prompts(description: str, prompt: str, tier: str) -> None:
    assert classify(prompt, description).tier == tier


def test_long_prompts_are_ordered_by_the_model() -> None:
    easy = (
        "There is a typo in the label of the save button of the settings dialog: it says Savee. The text should read Save. "
        * 2
    )
    hard = (
        "The scheduler must run jobs of several tenants in parallel on distributed workers, with a consensus protocol for the queue, "
        "incremental recovery after a crash, and without a deadlock when two transactions wait for the same cache entry. "
    )
    assert classify(easy).score < 0.45 < 0.55 < classify(hard).score
    assert any("words are like" in reason for reason in classify(hard).reasons)


def test_without_its_table_the_cues_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complexity_model, "load_model", lambda: None)
    assert (
        classify("List all tables of the staging database with their owners and sizes, please.").tier
        == "simple"
    )


@pytest.mark.parametrize("data", [b"", b"abc", bytes(24), (5).to_bytes(4, "little") * 2 + bytes(35)])
def test_a_damaged_table_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a table"):
        complexity_model.Model(data)


def test_a_table_finds_its_numbers_in_either_slot() -> None:
    size, numbers = 11, {123_456: 5, 987_654_321: -7, 42: 127}
    rests, weights = bytearray(size), bytearray([128] * size)
    for number, weight in numbers.items():
        first, second, byte = slots_of(number, size)
        slot = second if weights[first] != 128 or number == 123_456 else first
        rests[slot], weights[slot] = byte, 128 + weight
    table = complexity_model.Table(bytes(rests) + bytes(weights), 0, 2 * len(rests))
    asked = {number: str(number) for number in (*numbers, 7_777_777)}
    assert sorted(table.matches(asked)) == [(-7, "987654321"), (5, "123456"), (127, "42")]


def test_the_shipped_table_can_be_read() -> None:
    model = complexity_model.load_model()
    assert model is not None
    hard, _ = model.judge(
        complexity_model.model_words("a deadlock between concurrent distributed schedulers")
    )
    easy, _ = model.judge(complexity_model.model_words("a typo in the label of the tooltip"))
    assert easy < 0 < hard


def test_an_override_is_looked_for_at_both_ends_of_a_huge_prompt() -> None:
    filler = "x " * complexity.OVERRIDE_WITHIN
    assert override_in_prompt("[complexity: simple] " + filler) == "simple"
    assert override_in_prompt(filler + " [complexity: complex]") == "complex"
    assert override_in_prompt(filler + "[complexity: complex]" + filler) is None


def test_a_fresh_process_imports_nothing_else() -> None:
    lib = Path(complexity.__file__).parents[2]
    code = (
        f"import sys; sys.path.insert(0, {str(lib)!r}); before = set(sys.modules); from memory_budget.select import complexity\n"
        "complexity.classify('Investigate why the nightly load got slow after the upgrade of the warehouse', 'Slow load')\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {
        "__future__", "memory_budget", "memory_budget.select", "memory_budget.settings", "memory_budget.settings.names",
        *(f"memory_budget.select.complexity{part}" for part in ("", "_cues", "_model", "_task", "_words")),
    }  # fmt: skip


def run_command(arguments: list[str]) -> int:
    return main(["complexity", *arguments])


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["Optimize warehouse costs"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("complex (score 0.")
    assert 'asks for deep work: "optimize"' in out


def test_command_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--json", "List tables"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["tier"] == "simple"
    assert answer["source"] == "detected"
    assert 0 < answer["score"] < 0.5


def test_command_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, b"List tables \xff\n")
    assert run_command(["--stdin"]) == 0
    assert capsys.readouterr().out.startswith("simple")


def test_command_answers_every_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        b'{"prompt": "List tables"}',
        b"",
        b"{broken",
        b'{"text": 1}',
        b"[]",
        b'{"prompt": "x\xff"}',
        b'{"prompt": "Audit all"}',
    ]
    feed(monkeypatch, b"\n".join(lines))
    assert run_command(["--jsonl"]) == 1
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer.get("line") for answer in answers] == [None, 3, 4, 5, 6, None]
    assert answers[0]["tier"] == "simple"
    assert set(answers[-1]) == {"tier", "score"}


def test_command_without_a_prompt_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([]) == 2
    assert "--stdin" in capsys.readouterr().err


def test_what_a_form_asks_says_nothing_of_how_hard_a_task_is() -> None:
    """Headings and check boxes of an issue form are not the person's words; a list and a first line are."""
    report = "# Crash on save\n### Expected behaviour\n- [x] I have searched\n* [ ] No duplicate\nIt saves\n- [a link] stays"
    assert complexity_model.prose(report).split("\n") == ["# Crash on save", "It saves", "- [a link] stays"]
    words = complexity_model.model_words("Crash on save\n## Steps\n```\nsave()\n```\n- press save")
    assert words == ["crash", "on", "save", "press", "save"]
