"""docs/reference/metrics.md has the definitions of the registry."""

from __future__ import annotations

from orchestrate.analytics.metrics import METRICS
from tests.documents.metrics_page import PAGE, definitions, updated


def test_the_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert definitions() in text
    assert updated(text) == text


def test_every_metric_is_defined_once() -> None:
    meanings = [metric.definition for metric in METRICS.values()]
    assert all(meanings)
    assert len({metric.label for metric in METRICS.values()}) == len(METRICS)
