"""What words say about how hard a task is: the vocabulary that `complexity` reads.

Ten languages, whole words and word beginnings. The lists are plain strings, because this module is loaded at every agent start.
They hold what a person writes to an assistant (verbs of looking up, of analysis, of deep work, words that cross systems), not the
words of any benchmark; what a word is worth stands in `complexity`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LOOKUP = "l"  # one answer, one place: list, show, get
PEEK = "w"  # usually small, but often the start of more: check, find, read
FACT = "f"  # a noun that asks for one fact: status, version
ANALYSE = "n"  # standard work on one subject: analyse, review, explain
CHANGE = "a"  # make or change one thing: add, fix, write
DEEP = "d"  # needs several steps by itself: optimise, troubleshoot, refactor
TROUBLE = "s"  # a symptom whose cause is not known: failure, slow, deadlock
ASPECT = "p"  # a property that takes measuring: performance, cost, quality
BROAD = "b"  # all of it, thoroughly: comprehensive, in depth
WIDE = "v"  # weakly broad: entire, every
SMALL = "q"  # small on purpose: just, only, typo
NEXT = "t"  # a further step: then, afterwards
CROSS = "m"  # crosses systems by itself: orchestrate, architecture
MOVE = "g"  # crosses systems when it moves one: migrate, move to
ACROSS = "c"  # crosses systems when a system follows: across, between, several
SYSTEM = "y"  # a kind of system: service, platform, repository
PRODUCT = "x"  # a system by name: Snowflake, Kafka

# English words that mean nothing by themselves: the model knows no meaning of them and no explanation names them.
FUNCTION_WORDS = frozenset(
    """
    the and for are was with that this from have has had not but you your they their them then than there these those which what who
    will would can could should may its his her our out all any into also been being were does did how when where why such some more
    most other only over very just about after before an as at be by do if in is it me my no of on or so to up us we he she am don
    """.split()
)

# Whole words.
WORDS = {
    LOOKUP: """
        list lists show shows get fetch display print count name tell give echo dump ls whats who when where which
        lista listar muestra mostrar muéstrame dame obtén obtener cuántos cuántas cuál cuáles dónde cuándo quién imprime
        liste lister affiche afficher montre montrer donne obtenir combien quel quelle quels quelles où énumère
        zeige zeig auflisten anzeigen liefere nenne gib hole wieviele wieviel welche welcher welches wann wo wer
        mostra mostre mostrar liste listar exiba exibir quantos quantas qual quais onde obtenha
        elenca elencare mostrami visualizza quanti quante quale quali dove dammi
        покажи показать выведи вывести перечисли сколько какой какие какая где когда кто список
        보여줘 나열해 몇
    """,
    PEEK: """
        check find read view open see look lookup search locate grep confirm verify ping download
        busca buscar encuentra encontrar comprueba verifica verificar lee leer consulta
        cherche chercher trouve trouver vérifie vérifier lis lire consulte
        suche suchen finde finden prüfe prüfen lies lesen öffne
        procure procurar encontre encontrar leia verifique
        cerca cercare trova trovare controlla leggi
        найди найти проверь проверить прочитай открой
    """,
    FACT: """
        status version state name names value values config configuration setting settings path port url owner date size schema
        columns tables rows count id ids
        estado versión configuración statut état valeur zustand wert konfiguration einstellung статус версия
    """,
    ANALYSE: """
        explain describe document compare evaluate assess examine explore understand study inspect test measure estimate why how
        profile plan interpret clarify validate trace
        explica explicar describe describir compara comparar evalúa evaluar entiende por-qué cómo resume resumir valida
        explique expliquer décris décrire compare comparer évalue évaluer pourquoi teste tester résume résumer étudie valide
        erkläre erklären beschreibe beschreiben vergleiche vergleichen bewerte bewerten warum wieso teste testen begutachte
        descreva compare avalie spiega spiegare confronta valuta perché
        объясни сравни опиши оцени почему
    """,
    CHANGE: """
        add fix write create make update change implement build set remove delete rename replace edit convert extend generate install
        configure enable disable support allow handle move split merge upgrade bump port translate deploy
        añade añadir agrega corrige corregir arregla escribe escribir crea crear actualiza actualizar cambia implementa elimina borra
        ajoute ajouter corrige corriger écris écrire crée créer modifie modifier supprime supprimer remplace implémente
        füge hinzufügen schreibe schreiben erstelle erstellen ändere ändern entferne entfernen lösche ersetze behebe beheben korrigiere
        adicione corrija escreva crie atualize aggiungi correggi scrivi crea aggiorna rimuovi
        добавь исправь напиши создай удали обнови измени
    """,
    DEEP: """
        debug audit tune harden overhaul rewrite redesign rework rearchitect restructure modernize modernise design forensic
        depura depurar diseña diseñar rediseña audita auditar auditoría reescribe
        débogue déboguer conçois concevoir auditer réécris
        entwirf entwerfe entwerfen konzipiere auditiere
        projete depure progetta progettare
        спроектируй отладь
    """,
    TROUBLE: """
        slow slower hang hangs hanging stuck outage outages leak leaks leaking flaky broken breaks corrupt corrupted crash crashes crashing
        fail fails failed failing lento lenta lentas lentos falla fallas fallo fallos lent lente lentes panne pannes échec échecs
        langsam langsame langsamen ausfall ausfälle fehler fehlschlag absturz falha falhas guasto lenta медленно медленные сбой сбои
    """,
    ASPECT: """
        performance latency throughput quality cost costs memory reliability accuracy capacity load risk risks dependencies lineage
        rendimiento calidad costo costos coste costes qualité coût coûts leistung qualität kosten desempenho custo custos prestazioni
        производительность качество
    """,
    BROAD: """
        comprehensive thorough thoroughly exhaustive holistic strategy roadmap company-wide
        exhaustivo exhaustiva exhaustivamente completo completa estrategia exhaustif exhaustive approfondie approfondi stratégie
        umfassend umfassende umfassenden gründlich gründliche strategie abrangente estratégia strategia approfondita
        всесторонний подробный стратегия
    """,
    WIDE: """
        all every everything entire whole full detailed complex each
        todo toda todos todas tout toute tous toutes alle alles gesamte gesamten ganze ganzen tutti tutte все всех
    """,
    SMALL: """
        just only simply simple quick quickly brief briefly short small tiny minor trivial single typo typos spelling whitespace
        solo sólo solamente simple rápido rápida breve seulement juste simple rapide rapidement petit petite
        nur bloß einfach einfache schnell kurz kurze apenas só rápido semplice solo только просто быстро
    """,
    NEXT: """
        then afterwards finally next subsequently luego después finalmente ensuite puis enfin dann danach anschließend schließlich
        depois então poi infine затем потом
    """,
    CROSS: """
        architecture architectural architect coordinate coordinating coordination interoperability microservices federation
        arquitectura coordina coordinar arquitetura coordene architettura coordonne coordonner architektur koordiniere koordinieren
        архитектура архитектуру
    """,
    MOVE: "migra migre migrez dataflow dataflows rollout cutover datenfluss datenflüsse",
    ACROSS: """
        across between multiple multi several cross various multiples both
        entre varios varias múltiples diversos plusieurs divers
        mehrere mehreren zwischen verschiedene verschiedenen über sämtliche vários várias múltiplos diversi diverse più tra
        между несколько нескольких разных
    """,
    SYSTEM: """
        system systems tool tools service services platform platforms repo repos repository repositories database databases team teams
        agent agents application applications app apps cloud clouds region regions warehouse warehouses source sources environment
        environments stack backend frontend component components product products department departments cluster clusters
        sistema sistemas herramienta herramientas servicio servicios plataforma plataformas repositorio repositorios equipos equipo
        système systèmes outil outils plateforme plateformes équipes dépôts bases
        systeme systemen werkzeuge dienste diensten plattform plattformen datenbank datenbanken teams abteilungen
        ferramentas serviços strumenti servizi sistemi piattaforma piattaforme
        система системы системами системах системе сервис сервисы сервисов сервисами платформа платформы платформу
    """,
    PRODUCT: """
        dbt snowflake tableau prefect orchestra dlthub dlt airbyte fivetran airflow dagster bigquery redshift databricks spark kafka
        rabbitmq postgres postgresql mysql mariadb sqlite mongodb mongo redis cassandra elasticsearch opensearch clickhouse duckdb oracle
        kubernetes k8s docker terraform ansible helm jenkins argocd aws s3 ec2 lambda dynamodb sqs gcp azure heroku vercel cloudflare
        github gitlab bitbucket jira confluence slack salesforce hubspot stripe sap workday zendesk looker powerbi metabase superset
        streamlit react angular vue nextjs django flask fastapi rails laravel graphql grafana prometheus datadog splunk sentry
        okta auth0 keycloak nginx twilio shopify servicenow netsuite segment amplitude mixpanel pagerduty supabase firebase
    """,
}

# Word beginnings, tried longest first on words of at least that length.
STEMS = {
    ANALYSE: """
        analyz analys analiz analis analisi investig review summar untersuch überprüf zusammenfass revisa révise
        анализ проанализ исследу
    """,
    CHANGE: "implement implément",
    DEEP: """
        optimi optimiz troublesh diagnos refactor refaktor refatora refattor restructur umstrukt benchmark reverse-eng
        audits auditing redesign rediseñ оптимиз диагност рефактор отлад
    """,
    TROUBLE: """
        failure failur intermitt deadlock bottlenec regression incident vulnerab degrad timeout engpass engpäss störung
        скорост медленн ошибк
    """,
    ASPECT: "scalab skalierb escalab",
    BROAD: "exhausti compreh",
    CROSS: """
        orchestrat orquest orchestri orkestr integrat integrac integraç intégr integrier integrare integrazion
        systemüber interopera architekt arquitet arquitec architett cross-sys координ интеграц интегрир архитект
    """,
    MOVE: "migrat migrac migrar migrer migrier migraç migrazi миграц перенес мигрир",
}

# Several words in a row (hyphens count as spaces), parted by bars.
_PHRASES = {
    LOOKUP: """
        how many | how much | what is | what are | what s | where is | cuántas | wie viele | wie viel | was ist |
        was sind | qu est ce | c est quoi | qué es | o que é | che cosa è | cos è | что такое
    """,
    ANALYSE: "por qué | por que | look into | dig into | figure out | passe en revue | schau dir",
    DEEP: "root cause | track down | mise au point | speed up",
    TROUBLE: """
        race condition | data loss | security hole | causa raíz | cause racine | causa raiz | memory leak
    """,
    BROAD: """
        in depth | deep dive | deep analysis | multi step | step by step plan | in detail | a fondo |
        en profondeur | im detail
    """,
    CROSS: """
        end to end | cross system | cross platform | cross team | cross service | cross repo | cross tool |
        multi system | multi tool | multi agent | multi platform | multi cloud | multi region | multi service |
        system design | system architecture | extremo a extremo | bout en bout | ende zu ende | durchgängig |
        ponta a ponta | da un capo all altro | systems design
    """,
    MOVE: """
        data flow | data flows | flujo de datos | flux de données | fluxo de dados | flusso di dati
    """,
    NEXT: "after that | and then | once that is done | follow up with",
    SMALL: "one line | one liner | no need to",
}

# Languages written without spaces, and Korean, whose endings follow the word: found anywhere in the text; parted by bars.
_RUNS = {
    LOOKUP: """
        列出 | 显示 | 顯示 | 查看 | 获取 | 取得 | 有多少 | 多少个 | 是什么 | 什么是 | 哪个 | 哪些 | 在哪 | 几个 |
        一覧 | 表示 | 見せて | 教えて | いくつ | とは何 | どこ | リスト | 何ですか | 何件 | 보여 | 나열 | 목록 |
        몇 개 | 무엇 | 알려
    """,
    PEEK: "检查 | 查找 | 查询 | 搜索 | 確認 | 検索 | 探して | 調べて | 확인 | 검색 | 찾아",
    FACT: "状态 | 版本 | 状態 | バージョン | 상태 | 버전",
    ANALYSE: """
        分析 | 解释 | 说明 | 评估 | 比较 | 審查 | 审查 | 审核 | 调查 | 为什么 | 总结 | 説明 | 評価 | 比較 |
        レビュー | 調査 | なぜ | 要約 | 분석 | 설명 | 비교 | 검토 | 조사 | 평가
    """,
    CHANGE: """
        添加 | 修复 | 编写 | 创建 | 更新 | 修改 | 实现 | 删除 | 追加 | 修正 | 作成 | 変更 | 実装 | 削除 | 추가 |
        수정 | 작성 | 구현
    """,
    DEEP: """
        优化 | 調優 | 调优 | 排查 | 诊断 | 重构 | 调试 | 审计 | 设计 | 最適化 | トラブルシュート | 診断 |
        リファクタ | デバッグ | 監査 | 設計 | 최적화 | 진단 | 리팩 | 디버그 | 감사 | 설계
    """,
    TROUBLE: """
        失败 | 故障 | 缓慢 | 很慢 | 瓶颈 | 死锁 | 泄漏 | 根本原因 | 失敗 | 障害 | 遅い | ボトルネック |
        デッドロック | 실패 | 장애 | 느린 | 병목
    """,
    ASPECT: "性能 | 成本 | 质量 | 品質 | コスト | パフォーマンス | 성능 | 비용 | 품질",
    BROAD: "全面 | 深入 | 彻底 | 详细 | 包括的 | 徹底 | 網羅 | 詳細な | 포괄적 | 심층 | 철저",
    WIDE: "所有 | 全部 | 整个 | すべて | 全て | 全体 | 모든 | 전체",
    SMALL: "只需 | 仅 | 简单 | 快速 | だけ | のみ | 簡単 | 만 | 간단",
    NEXT: "然后 | 接着 | 最后 | その後 | 次に | 最後に | 그런 다음 | 마지막으로",
    CROSS: """
        跨系统 | 跨平台 | 跨团队 | 跨服务 | 端到端 | 架构 | 多个系统 | 多系统 | 多个服务 | 多个工具 | 集成 | 协调 |
        编排 | システム間 | 複数のシステム | 複数のサービス | システム横断 | 横断 | エンドツーエンド |
        アーキテクチャ | 統合 | 連携 | オーケストレ | 시스템 간 | 여러 시스템 | 여러 서비스 | 엔드투엔드 |
        아키텍처 | 통합 | 연동
    """,
    MOVE: "迁移 | 数据流 | 移行 | データフロー | 마이그레이션 | 데이터 흐름",
    SYSTEM: "系统 | 平台 | 服务 | 数据库 | システム | プラットフォーム | サービス | データベース | 시스템 | 플랫폼 | 서비스",
}


def _flat(table: dict[str, str]) -> tuple[tuple[str, str], ...]:
    parts_of = {kind: " ".join(text.split()).strip(" |").split(" | ") for kind, text in table.items()}
    return tuple([(kind, part) for kind, parts in parts_of.items() for part in parts])


def kinds_of(words: Iterable[str]) -> dict[str, str]:
    """The kind of cue that each of these words is, whole or by its beginning; words that are none are missing.

    The lists are searched for the words: to make one table of all lists would cost a start more.
    """
    asked = set(words)
    kinds: dict[str, str] = {}
    for kind, text in reversed(
        WORDS.items()
    ):  # the first list that has a word keeps it (from plain to telling)
        kinds.update(dict.fromkeys(asked.intersection(text.split()), kind))
    stems = {stem: kind for kind, text in STEMS.items() for stem in text.split()}
    lengths = sorted(set(map(len, stems)), reverse=True)
    for word in asked.difference(kinds):
        for length in lengths:
            if len(word) >= length and word[:length] in stems:
                kinds[word] = stems[word[:length]]
                break
    return kinds


PHRASES: tuple[tuple[str, str], ...] = _flat(_PHRASES)


def runs() -> tuple[tuple[str, str], ...]:
    """(kind, run of characters) for texts that are not ASCII; made when first asked for."""
    global _runs
    if not _runs:
        _runs = _flat(_RUNS)
    return _runs


_runs: tuple[tuple[str, str], ...] = ()
