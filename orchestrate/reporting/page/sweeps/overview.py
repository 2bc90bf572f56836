"""The first things to read of a sweep: its verdict, the pick, and what the statistics say."""

from __future__ import annotations

from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, Number, joined, paragraph, table, tag
from orchestrate.reporting.page.sweeps.subject import Competition, SweepSubject
from orchestrate.reporting.sweeps.figures import (
    STATISTICS,
    metric_label,
    metric_text,
    objective_text,
    point_text,
    statistic_text,
    value_text,
)

Block = Html | Chart
_TILES = ("deflated_sharpe", "pbo", "stability")


def headline(subject: SweepSubject) -> list[Block]:
    """Return the verdict, the figures that people look for first, and the pick."""
    blocks: list[Block] = []
    for part in subject.parts:
        blocks += [paragraph(part.facts["verdict"], "lead"), _tiles(subject, part), *_picked(subject, part)]
    return [*blocks, *_together(subject)]


def _together(subject: SweepSubject) -> list[Block]:
    """Return the trial of what was picked for each strategy alone."""
    best = subject.document["best"] if len(subject.parts) > 1 else None
    if best is None:
        return []
    name = subject.objective.metric
    figure = f"{metric_label(name)} {metric_text(name, best['metrics'].get(name))}"
    return [paragraph(f"All of them together: trial {best['trial']}, {figure} of the portfolio.")]


def _tiles(subject: SweepSubject, part: Competition) -> Html:
    best = part.facts["best"]
    name = subject.objective.metric
    found = metric_text(name, best["metrics"].get(name)) if best else metric_text(name, None)
    tiles = [(f"{part.prefix}{metric_label(name)}", found)]
    tiles += [(STATISTICS[key].label, statistic_text(key, part.facts[key])) for key in _TILES]
    outside = subject.document["out_of_sample"]
    if outside is not None:
        tiles.append(("Sharpe out of sample", metric_text("sharpe", outside.get("sharpe"))))
    tiles.append(("trials evaluated", f"{subject.document['evaluated']:,}"))
    return tag("dl", joined(_tile(label, text) for label, text in tiles), class_="tiles")


def _tile(label: str, text: str) -> Html:
    kind = {"class_": "neg"} if text.startswith("-") else {}
    return tag("div", joined([tag("dt", label), tag("dd", Number(text), **kind)]))


def _picked(subject: SweepSubject, part: Competition) -> list[Block]:
    best = part.facts["best"]
    if best is None:
        return [paragraph(f"{part.prefix}no trial can be chosen.")]
    how = "on a plateau" if subject.document["select"] == "plateau" else "the best"
    text = f"{part.prefix}trial {best['trial']} ({objective_text(subject.document)}, {how}): "
    parameters = tag("strong", point_text(best["parameters"]))
    edges = " and ".join(f"the {one['end']} {one['parameter']}" for one in part.facts["edges"])
    note = [paragraph(f"It has {edges} tried; better values may lie beyond.", "note")] if edges else []
    return [paragraph(joined([text[0].upper() + text[1:], parameters, "."])), *note]


def statistics(subject: SweepSubject) -> list[Block]:
    """Return each figure with what it says, or why there is none."""
    rows = [
        [
            f"{part.prefix}{figure.label}",
            Number(statistic_text(key, part.facts[key])),
            part.facts["reasons"].get(key) or figure.says,
        ]
        for part in subject.parts
        for key, figure in STATISTICS.items()
    ]
    return [table("Statistics of the pick", ["figure", "value", "says"], rows), *_outside(subject)]


def _outside(subject: SweepSubject) -> list[Block]:
    outside = subject.document["out_of_sample"]
    if not outside:
        return []
    rows = [[metric_label(name), Number(metric_text(name, value))] for name, value in outside.items()]
    return [table("Out of sample", ["figure", "value"], rows, visible=True)]


def varied(subject: SweepSubject) -> list[Block]:
    """Return the parameters, how their values were chosen, and what became of the trials."""
    rows = [
        [axis.name, ".".join(axis.path), _values(axis.values, axis.bounds), _found(subject, axis.name)]
        for axis in subject.axes
    ]
    document = subject.document
    rules = [*document["where"], *(f"required: {text}" for text in document["require"])]
    notes = [paragraph(f"{document['method']}, seed {document['seed']}. {'; '.join(rules)}", "note")]
    counts = [
        [name.replace("_", " "), Number(f"{count:,}"), _first_reason(subject, name)]
        for name, count in document["statuses"].items()
    ]
    return [
        table("Parameters", ["parameter", "in the configuration", "values", "picked"], rows, visible=True),
        *notes,
        table("Trials by status", ["status", "trials", "for example"], counts, visible=True),
    ]


def _values(values: tuple[object, ...], bounds: tuple[float, float] | None) -> str:
    if bounds is not None:
        return f"from {value_text(bounds[0])} to {value_text(bounds[1])}"
    return ", ".join(map(value_text, values))


def _found(subject: SweepSubject, name: str) -> str:
    picked = (part.facts["best"]["parameters"] for part in subject.parts if part.facts["best"])
    return next((value_text(point[name]) for point in picked if name in point), "")


def _first_reason(subject: SweepSubject, status: str) -> str:
    return next((row.reason for row in subject.rows if row.status == status and row.reason), "")
