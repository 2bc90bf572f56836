"""Judge by the age of a file whether its last bar is final.

A copy of a file has another age, so only commands that inspect data report this; a run ignores it, because its
results depend on the data alone.
"""

from __future__ import annotations

from pathlib import Path

from orchestrate.data.calendar import DAY
from orchestrate.data.columns import counted, show
from orchestrate.data.sources import name
from orchestrate.domain.market.timeline import Stamps
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding


def unclosed_by_age(entry: DataPlan, root: Path, label: Stamps, length: int) -> Finding | None:
    """Return a finding where the entry's file was last written while its last bar was still being traded.

    `label` and `length` are of the bars that were read. A last bar with an odd stamp is reported by `findings`.
    """
    path = root / entry.path
    if not entry.path or entry.stamp == "end" or not path.is_file():
        return None
    last, written = int(label[-1]), path.stat().st_mtime_ns
    is_odd = len(label) > 1 and last % length != label[-2] % length
    if is_odd or not last <= written < last + length:
        return None
    if length < DAY:
        message, then = "the file was written before its last bar was over", "its close is not final"
        return counted("warning", name(entry), message, 1, (show(last),), then)
    # whether an exchange had closed by then is not known
    return counted(
        "info", name(entry), "the file is not newer than its last bar", 1, (show(last),), "is its close final?"
    )
