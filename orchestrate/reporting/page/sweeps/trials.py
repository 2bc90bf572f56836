"""The trials in a table, what failed, and where the sweep came from."""

from __future__ import annotations

from typing import Final

from orchestrate.domain.sweeps import TrialStatus
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, Number, details, paragraph, table
from orchestrate.reporting.page.sections import provenance
from orchestrate.reporting.page.sweeps.subject import Row, SweepSubject
from orchestrate.reporting.sweeps.figures import compared_metrics, metric_label, metric_text, value_text
from orchestrate.runs.sweeps.reading import BEST

Block = Html | Chart
_ROWS: Final = 200
_FAILURES: Final = 50


def trials(subject: SweepSubject) -> list[Block]:
    """Return the best trials first, as many as a page can hold."""
    metric, sign = subject.objective.metric, -1.0 if subject.objective.maximize else 1.0

    def order(row: Row) -> tuple[bool, float, int]:
        value = row.metrics.get(metric)
        return not row.eligible, float("inf") if value is None else sign * value, row.number

    done = [row for row in subject.rows if row.status == TrialStatus.DONE]
    shown = sorted(done, key=order)[: subject.few(_ROWS)]
    metrics = compared_metrics(subject.document)
    heads = ["trial", "chosen from", *(axis.name for axis in subject.axes), *map(metric_label, metrics)]
    rows = [
        [
            str(row.number),
            "yes" if row.eligible else "no",
            *(value_text(row.point.get(axis.name)) if axis.name in row.point else "" for axis in subject.axes),
            *(Number(metric_text(name, row.metrics.get(name))) for name in metrics),
        ]
        for row in shown
    ]
    note = f"{len(shown):,} of {len(subject.rows):,} trials shown; orchestrate report --format csv has all."
    return [table("Best trials", heads, rows), paragraph(note, "note")] if rows else []


def judged(subject: SweepSubject) -> list[Block]:
    """Return gates and failed trials."""
    document = subject.document
    blocks: list[Block] = [provenance.gates_table(document["gates"])] if document["gates"] else []
    failed = [row for row in subject.rows if row.status == TrialStatus.FAILED]
    if failed:
        rows = [[str(row.number), row.reason] for row in failed[: subject.few(_FAILURES)]]
        blocks.append(table("Failed trials", ["trial", "reason"], rows, visible=True))
    return blocks


def configuration(subject: SweepSubject) -> list[Block]:
    """Return the file as it was given, the plan, and the configuration of the pick."""
    best = subject.run.files.get(BEST)
    shown: list[Block] = []
    if best is not None:
        shown = [
            details("The configuration of the pick", provenance.text_block("Best", best.decode("utf-8", "replace")))
        ]
    return [*shown, *provenance.configuration(subject)]
