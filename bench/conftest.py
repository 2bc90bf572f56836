"""One ledger for a run of the bench, and its table of goals at the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.goals import RESULT, Ledger, table


@pytest.fixture(scope="session")
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What our runs keep between runs goes to a folder of this run's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORCHESTRATE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not RESULT.exists():
        return
    result = json.loads(RESULT.read_text())
    terminalreporter.section("goals and what was reached")
    for line in table(result["goals"]):
        terminalreporter.write_line(line)
    verdicts = Counter(row.get("met") for row in result["goals"])
    counts = (
        f"{verdicts[True]} met, {verdicts[False]} missed, {verdicts[None]} not measured; {result['minutes']} minutes"
    )
    terminalreporter.write_line(f"\n{counts}; all of it: {RESULT}")
