"""Read the journal back: what became of each run, and how long reports took.

Files that were rotated away count, packed ones too, and each line once. A line that is damaged is counted and left out.
"""

from __future__ import annotations

import glob
import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from orchestrate.domain.errors import StoreError

#: Lines with one of these are looked at; there may be thousands of others for each of them.
_WANTED: Final = (b'"event":"backtest_', b'"event":"orchestrator.backtest_', b'"event":"report_generated"')
_ENDS: Final = {"backtest_completed": "completed", "backtest_failed": "failed"}
_SEVERAL: Final = "orchestrator."


@dataclass(slots=True)
class LoggedRun:
    """What the journal says of a run; `end` is `completed`, `failed` or `interrupted`, "" for one that never ended."""

    run_id: str
    user: str
    began: datetime
    several: bool = False
    end: str = ""
    seconds: float | None = None

    def take(self, event: str, line: dict[str, Any], moment: datetime) -> None:
        """Add what a line says."""
        self.began = min(self.began, moment)
        self.several |= event.startswith(_SEVERAL) or (_number(line.get("strategy_count")) or 0) > 1
        if event in _ENDS:
            interrupted = line.get("status") == "interrupted" or line.get("error_type") == KeyboardInterrupt.__name__
            self.end = "interrupted" if interrupted else _ENDS[event]
            self.seconds = _number(line.get("duration_seconds"))


@dataclass(slots=True)
class JournalFacts:
    """All that HEART needs of a journal."""

    runs: dict[str, LoggedRun] = field(default_factory=dict)
    #: of each report when it was made, of which run, and its seconds
    reports: set[tuple[datetime, str, float]] = field(default_factory=set)
    damaged: int = 0


def journal_files(journal: Path) -> list[Path]:
    """Return the journal and what was rotated away of it, such as orchestrate.jsonl.1 and orchestrate.jsonl.2.gz."""
    name = f"{glob.escape(journal.stem)}*{glob.escape(journal.suffix)}*"
    return sorted(path for path in journal.parent.glob(name) if path.is_file())


def read_journal(files: Iterable[Path]) -> JournalFacts:
    """Return what journals say of runs and reports; StoreError where a file can't be read at all."""
    facts = JournalFacts()
    for path in files:
        try:
            for line in _lines(path):
                _take(facts, line)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            facts.damaged += 1
        except OSError as error:
            raise StoreError(f"{path}: the journal can't be read: {error.strerror}") from None
    return facts


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield from file


def _take(facts: JournalFacts, line: bytes) -> None:
    text = line.strip()
    if not text:
        return
    if not (text.startswith(b"{") and text.endswith(b"}")):
        facts.damaged += 1
    elif any(wanted in text for wanted in _WANTED):
        try:
            _add(facts, json.loads(text))
        except (ValueError, KeyError, TypeError, RecursionError):
            facts.damaged += 1


def _add(facts: JournalFacts, line: dict[str, Any]) -> None:
    """Add a line; what it lacks of what every line has raises."""
    event, run_id, user, moment = str(line["event"]), str(line["run_id"]), str(line["user"]), _moment(line["ts"])
    if event == "report_generated":
        seconds = _number(line["duration_seconds"])
        if seconds is not None:
            facts.reports.add((moment, run_id, seconds))
        return
    run = facts.runs.setdefault(run_id, LoggedRun(run_id, user, moment))
    run.take(event, line, moment)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(value: object) -> float | None:
    """Return a number that a float can hold; None for anything else."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
