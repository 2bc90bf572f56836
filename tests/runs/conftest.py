"""A journal with a clock that stands still."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from orchestrate.domain.plan import LoggingPlan
from orchestrate.runs.journal import Journal

BAR = 1_577_923_200 * 10**9  # 2020-01-02
NOON = datetime(2026, 3, 4, 13, 0, 0, 56_789, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture
def journal(tmp_path):
    plan = LoggingPlan(path=str(tmp_path / "logs" / "j.jsonl"), user="ann")
    with Journal(plan, "RUN", now=lambda: NOON) as opened:
        yield opened


def lines(journal):
    return [json.loads(line) for line in journal.path.read_text().splitlines()]
