"""Strategies side by side, and how their returns go together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrate.analytics.attribution import CrossFrameworkAnalytics
from orchestrate.analytics.metrics import METRICS
from orchestrate.reporting.text.figures import absent, count, metric, percent, ratio
from orchestrate.reporting.text.layout import Column, Screen, fitted, listed

Document = dict[str, Any]
#: These are shown however narrow the terminal is.
_ALWAYS: Final = ("total_return", "sharpe", "max_drawdown", "trades")
#: A matrix says something from so many on.
_SEVERAL: Final = 3
#: So many of the closest pairs are shown where a matrix is too wide, and so many of the least close.
_PAIRS: Final = 4


def compared(document: Document, screen: Screen) -> RenderableType:
    """Return a line a strategy; below them frameworks that hold several, the portfolio, and the benchmark."""
    return fitted(*table(document), screen)


def table(document: Document, most: int | None = None) -> tuple[list[Column], list[list[Text]]]:
    """Return the columns and rows of the comparison, of `most` strategies where that is given."""
    metrics = _compared_metrics()
    optional = [name for name in metrics if name not in _ALWAYS]
    ranks = {name: 2 + place for place, name in enumerate(optional)}
    columns = [
        Column("id", right=False),
        Column("framework", right=False, rank=1),
        *(Column(METRICS[name].column, rank=ranks.get(name, 0)) for name in metrics),
        *map(Column, ("cut", "refused", "contrib.")),
    ]
    rows, size = list(_rows(document)), len(document["strategies"])
    return columns, rows[: size if most is None else min(most, size)] + rows[size:]


def _rows(document: Document) -> Iterator[list[Text]]:
    added, strategies = CrossFrameworkAnalytics(document), document["strategies"]
    for name, strategy in strategies.items():
        style = "" if strategy["status"] == "completed" else "yellow"
        yield _row(Text(name, style), strategy["framework"], strategy["metrics"], [strategy], added.strategy(name))
    members = Counter(strategy["framework"] for strategy in strategies.values())
    for name, framework in document["frameworks"].items():
        if len(document["frameworks"]) > 1 and members[name] > 1:
            own = [strategy for strategy in strategies.values() if strategy["framework"] == name]
            yield _row(Text(f"all {name}", "dim"), "", framework["metrics"], own, added.frameworks[name])
    whole = document["portfolio"]["metrics"]
    yield _row(Text("portfolio", "bold"), "", whole, list(strategies.values()), added.portfolio)
    if "benchmark" in document:
        yield _held(document["benchmark"])


def _row(name: Text, framework: str, metrics: Document, members: list[Document], added: float) -> list[Text]:
    return [
        name,
        Text(framework),
        *(metric(one, metrics) for one in _compared_metrics()),
        count(sum(strategy["resized"] for strategy in members)),
        count(sum(strategy["blocked"] for strategy in members)),
        percent(added),
    ]


def _held(benchmark: Document) -> list[Text]:
    """Return the benchmark's line: bought at its first close and held."""
    figures = (metric(name, benchmark["metrics"]) for name in _compared_metrics())
    return [Text(benchmark["symbol"], "dim"), Text("held"), *figures, absent(), absent(), absent()]


def _compared_metrics() -> list[str]:
    """Return the metrics by which strategies are compared."""
    return [name for name, one in METRICS.items() if one.column]


def correlation(document: Document, screen: Screen) -> RenderableType | None:
    """Return the correlation of more than two strategies, and the pairs that diversify or are one bet."""
    matrix = document["correlation"]
    names = list(matrix)
    known = any(matrix[one][other] is not None for place, one in enumerate(names) for other in names[:place])
    if len(names) < _SEVERAL or not known:
        return None
    return Group(_matrix(matrix, names, screen), *_named_pairs(document.get("correlated", {}), screen))


def _matrix(matrix: Document, names: list[str], screen: Screen) -> RenderableType:
    """Return each pair once, by the numbers of the strategies; the extreme pairs where the screen is too narrow."""
    columns = [Column("", right=False), *(Column(str(place)) for place in range(1, len(names)))]
    rows = [
        [Text(f"{place} {name}"), *(ratio(matrix[name][other]) for other in names[: place - 1])]
        for place, name in enumerate(names, 1)
    ]
    full = [row + [Text()] * (len(columns) - len(row)) for row in rows]
    widest = max(len(row[0].plain) for row in full) + sum(7 for _ in columns[1:])
    return fitted(columns, full, screen) if widest <= screen.room else _extreme_pairs(matrix, names)


def _named_pairs(correlated: Document, screen: Screen) -> Iterator[Text]:
    """Yield the pairs whose returns move apart, then those whose returns move together."""
    for kind, words, style in (("diversifiers", "diversify", "dim"), ("alike", "one bet", "yellow")):
        pairs = [f"({', '.join(one['strategies'])})" for one in correlated.get(kind, ())]
        shown = pairs[: screen.most(_PAIRS)]
        more = f" and {len(pairs) - len(shown)} more" if len(pairs) > len(shown) else ""
        if pairs:
            yield Text.assemble((f"{words} ", style), ", ".join(shown) + more)


def _extreme_pairs(matrix: Document, names: list[str]) -> RenderableType:
    pairs = [
        (figure, f"{one}, {other}")
        for place, one in enumerate(names)
        for other in names[:place]
        if (figure := matrix[one][other]) is not None
    ]
    ranked = sorted(pairs, key=lambda pair: (-pair[0], pair[1]))
    if len(ranked) > 2 * _PAIRS:
        ranked = ranked[:_PAIRS] + ranked[-_PAIRS:]
    return listed((ratio(figure), Text(pair)) for figure, pair in ranked) or Text()
