"""Failures and findings as short summaries show them, whatever the format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.results import Severity

Document = dict[str, Any]
#: The gravest first.
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
#: What is said of figures without a value.
_ABSENT: Final = re.compile(r"no value for (?P<names>\w+(?:, \w+)*): (?P<cause>.*)")


def failure_text(error: Document) -> str:
    """Return an error in one line: file and line where they are known, type, message and bar."""
    at = f"{error['file']}:{error['line']}: " if error.get("file") else ""
    when = f" ({error['bar_date']})" if error["bar_date"] else ""
    return f"{at}{error['type']}: {error['message']}{when}"


def shown_findings(document: Document) -> Iterator[Document]:
    """Yield the findings of a run that a short summary shows."""
    for finding in document["findings"]:
        shown = _of_figures_shown(finding)
        if shown is not None:
            yield shown


def _of_figures_shown(finding: Document) -> Document | None:
    """Return a finding; of one about figures without a value, what it says of those that stand in the summary."""
    match = _ABSENT.fullmatch(finding["message"])
    if match is None:
        return finding
    names = [name for name in match["names"].split(", ") if name not in METRICS or METRICS[name].headline]
    return finding | {"message": f"no value for {', '.join(names)}: {match['cause']}"} if names else None
