"""The generated part of docs/reference/metrics.md; `python -m tests.documents.metrics_page` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.analytics.metrics.metric import Metric

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
_BLOCK: Final = re.compile(r"(<!-- metrics: .*? -->\n).*?(<!-- end -->)", re.DOTALL)
_SHOWN: Final = {
    "change": "+1.23%",
    "share": "1.23%",
    "ratio": "1.23",
    "count": "12",
    "money": "1,234.50",
    "days": "1.2 days",
}


def updated(text: str) -> str:
    """Return the page with the definitions that the registry has."""
    return _BLOCK.sub(lambda block: f"{block[1]}{definitions()}{block[2]}", text)


def definitions() -> str:
    """Return two tables: the headline figures, then all others."""
    headline = {name: metric for name, metric in METRICS.items() if metric.headline}
    others = {name: metric for name, metric in METRICS.items() if not metric.headline}
    return f"\n## Headline figures\n\n{_table(headline)}\n## All others\n\n{_table(others)}\n"


def _table(metrics: dict[str, Metric]) -> str:
    rows = ["| metric | shown | definition | other libraries |", "|---|---|---|---|", *_rows(metrics)]
    return "\n".join(rows) + "\n"


def _rows(metrics: dict[str, Metric]) -> Iterator[str]:
    for name, metric in metrics.items():
        definition = metric.definition.replace("|", "\\|")
        yield f"| `{name}` | {metric.label}, {_SHOWN[metric.format]} | {definition} | {metric.libraries or '–'} |"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
