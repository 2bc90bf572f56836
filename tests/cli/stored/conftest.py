"""Runs made by hand and stored as `backtest` stores them, each with a moment and strategies of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from orchestrate.analytics.gates import judge
from orchestrate.analytics.summary import summarise
from orchestrate.domain.results import RunResult
from orchestrate.runs import store
from orchestrate.runs.manifest import manifest, seal
from orchestrate.runs.parquet import parquet_files

Store = Callable[..., str]


def encoded(document: object) -> bytes:
    return json.dumps(document, indent=2).encode() + b"\n"


def files_of(result: RunResult) -> dict[str, bytes]:
    figures = summarise(result)
    figures["gates"] = judge(result.plan.gates, figures)
    return {"plan.json": encoded(result.plan.to_dict()), "metrics.json": encoded(figures), **parquet_files(result)}


@pytest.fixture
def stored(prompt, monkeypatch) -> Store:
    """Store a result as the run of a moment; return its id, whose end counts up from 000000."""
    count, made = iter(range(1000)), {}
    monkeypatch.setattr(store.secrets, "token_hex", lambda _size: f"{next(count):06x}")

    def keep(result: RunResult, moment: str = "2026-01-01", exit_code: int = 0, seconds: float = 0.25) -> str:
        started = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        if id(result) not in made:
            made[id(result)] = result, files_of(result)
        files = made[id(result)][1]
        with store.claim(prompt.folder / "reports", started) as claimed:
            facts = manifest(
                result,
                run_id=claimed.run_id,
                version="1",
                exit_code=exit_code,
                started=started,
                duration_seconds=seconds,
                journal=result.plan.logging.path,
                overrides={},
                files=files,
                distributions={},
            )
            return claimed.keep({**files, "run.json": seal(encoded(facts))}).name

    return keep
