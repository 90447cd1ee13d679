"""Columns of the table of runs, and the fields of a usage record that each is made from, as DuckDB's SQL.

A figure that cannot be (`lines.MOST`) and an empty name are null; so is a field of another type. For instance the column
`demand` of the record {"tokens_loaded": 9120, "demand_tokens": -1, ...} is 9120.

Demand has had two meanings. In records of schema_version 1 it is all memory above a share of the best match, several times what
it is since (memory that is confidently about the task), and the one does not follow from the other: their columns `demand` and
`exceeded` are null. What is null because a record is older than the field is not known, and counts neither as 0 nor as a run.
"""

from __future__ import annotations

from typing import Any

from memory_budget.log import lines


def _figure(field: str) -> str:
    """SQL: a record's figure; null for one that cannot be."""
    return f"CASE WHEN {field} BETWEEN 0 AND {lines.MOST} THEN {field} END"


def _name(field: str) -> str:
    """SQL: a record's name; null for an empty one."""
    return f"nullif({field}, '')"


#: Fields read from a record, with their SQL types.
_FIELDS = {
    "timestamp": "VARCHAR",
    "task": "VARCHAR",
    "allocation_id": "VARCHAR",
    "session_id": "VARCHAR",
    "tool_use_id": "VARCHAR",
    "agent_id": "VARCHAR",
    "agent": "VARCHAR",
    "complexity": "VARCHAR",
    "bumped_from": "VARCHAR",
    "profile": "VARCHAR",
    "model": "VARCHAR",
    "budget_allocated": "DOUBLE",
    "tokens_loaded": "DOUBLE",
    "demand_tokens": "DOUBLE",
    "scoped_tokens": "DOUBLE",
    "on_demand_tokens": "DOUBLE",
    "outline_files": "DOUBLE",
    "outline_reads": "DOUBLE",
    "outline_tokens": "DOUBLE",
    "schema_version": "DOUBLE",
    "exceeded_budget": "BOOLEAN",
    "delivered": "VARCHAR",
    "success": "BOOLEAN",
    "duration_seconds": "DOUBLE",
    "scope_breakdown": 'STRUCT("global" DOUBLE, agent_recent DOUBLE, agent_patterns DOUBLE)',
    "api_usage": "STRUCT(requests DOUBLE, input DOUBLE, cache_creation DOUBLE, cache_read DOUBLE, output DOUBLE)",
    "hook_ms": "DOUBLE",
}
#: SQL: a record's time, null for one that cannot be.
_ENDED = (
    f"CASE WHEN regexp_matches(timestamp, '{lines.TIME}') "
    f"AND year(try_cast(substr(timestamp, 1, 19) AS TIMESTAMP)) BETWEEN {lines.YEARS[0]} AND {lines.YEARS[1] - 1} "
    "THEN try_cast(substr(timestamp, 1, 19) AS TIMESTAMP) END"
)
#: SQL: whether a record's demand is of the older meaning. Other writers name no version; theirs is what they say it is.
_OLDER = f"coalesce(schema_version < {lines.DEMAND_SINCE}, false)"
#: Columns of `runs`: SQL type, and the expression over a record's fields. Figures are tokens, seconds, and milliseconds in
#: `hook_ms`. Rows with the same `identity` are one record, written or copied twice.
COLUMNS = {
    "older": ("BOOLEAN", _OLDER),
    "ended": ("TIMESTAMP", _ENDED),
    "agent": ("VARCHAR", _name("agent")),
    "first_tier": ("VARCHAR", f"coalesce({_name('bumped_from')}, {_name('complexity')})"),
    "profile": ("VARCHAR", _name("profile")),
    "model": ("VARCHAR", _name("model")),
    "budget": ("FLOAT", _figure("budget_allocated")),
    "loaded": ("FLOAT", _figure("tokens_loaded")),
    "demand": (
        "FLOAT",
        f"CASE WHEN NOT {_OLDER} THEN coalesce({_figure('demand_tokens')}, {_figure('tokens_loaded')}) END",
    ),
    "scoped": ("FLOAT", _figure("scoped_tokens")),
    "on_demand": ("FLOAT", _figure("on_demand_tokens")),
    "outline_files": ("FLOAT", _figure("outline_files")),
    "outline_reads": ("FLOAT", _figure("outline_reads")),
    "outline_tokens": ("FLOAT", _figure("outline_tokens")),
    "exceeded": ("BOOLEAN", f"CASE WHEN NOT {_OLDER} THEN exceeded_budget END"),
    "delivered": (
        "BOOLEAN",
        "CASE delivered WHEN 'true' THEN true WHEN 'partly' THEN true WHEN 'false' THEN false END",
    ),
    "success": ("BOOLEAN", "success"),
    "seconds": ("FLOAT", _figure("duration_seconds")),
    "in_global": ("FLOAT", _figure('scope_breakdown."global"')),
    "in_agent_recent": ("FLOAT", _figure("scope_breakdown.agent_recent")),
    "in_agent_patterns": ("FLOAT", _figure("scope_breakdown.agent_patterns")),
    "requests": ("FLOAT", _figure("api_usage.requests")),
    "api_input": ("FLOAT", _figure("api_usage.input")),
    "api_cache_write": ("FLOAT", _figure("api_usage.cache_creation")),
    "api_cache_read": ("FLOAT", _figure("api_usage.cache_read")),
    "api_output": ("FLOAT", _figure("api_usage.output")),
    "hook_ms": ("FLOAT", _figure("hook_ms")),
    "identity": ("UBIGINT", f"hash({', '.join(_FIELDS)})"),
}
#: SQL: whether a row is a record.
IS_RECORD = " AND ".join(f"{name} IS NOT NULL" for name in ("agent", "ended", "budget", "loaded"))


def read_json() -> str:
    """SQL: the table function that reads a log's fields; its parameter is the file's path."""
    fields = ", ".join(f"\"{name}\": '{kind}'" for name, kind in _FIELDS.items())
    return f"read_json(?, format='newline_delimited', ignore_errors=true, columns={{{fields}}})"


def selected() -> str:
    """SQL: the columns of `runs`, selected from a record's fields."""
    return ", ".join(
        f"CAST({expression} AS {kind}) AS {name}" for name, (kind, expression) in COLUMNS.items()
    )


def declared() -> str:
    """SQL: the columns of `runs` with their types, as CREATE TABLE lists them."""
    return ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())


def left_out(count: int) -> dict[str, Any]:
    """How many records are no evidence of what tasks need, and why ("" for none), as reports have it."""
    reason = (
        f"schema_version below {lines.DEMAND_SINCE}, which meant something else by demand" if count else ""
    )
    return {"records": count, "reason": reason}
