"""Why orders of a stored run were placed, cut or refused, or never came: from what was stored alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from orchestrate.domain.errors import ConfigurationError, NotFoundError
from orchestrate.domain.market.stamps import label_text, moment_of, span_of
from orchestrate.domain.orders.order import ENDS_OF_ITSELF, Outcome
from orchestrate.domain.portfolio import UNMANAGED
from orchestrate.domain.text.printable import one_line
from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.runs.decisions import DecisionTable, Key, OrderHistory, is_cut, is_open, is_touched
from orchestrate.runs.explanation import Explanation, Question, ReasonCount, StrategyState
from orchestrate.runs.reading import Document, StoredRun, read_run

#: First and last nanosecond of labels.
Span = tuple[int, int]
_EQUITY: Final = "equity.parquet"
#: So many reasons, and so many cuts, are shown of a whole run.
_MOST: Final = 10
#: The status of strategies that are not called.
_NOT_CALLED: Final = ("waiting", "failed", "removed", "ruined")


def explain(named: str, reports: Path, question: Question, *, all_orders: bool = True) -> Explanation:
    """Explain the run called `named`. NotFoundError where the run, or a name in the question, isn't there.

    Without `all_orders` an explanation of the whole run has only those that were cut or refused.
    """
    span = None if question.at is None else _span(question.at)
    run = read_run(reports, named, (*DecisionTable.FILES, _EQUITY))
    table = DecisionTable(run)
    if question.is_open:
        return _whole_run(run, table, question, all_orders=all_orders)
    _require_names(run, table, question)

    def wanted(demand: Sequence[Key]) -> bool:
        key = demand[0]
        return (
            question.strategy in (None, key.strategy_id)
            and question.symbol in (None, key.symbol)
            and question.order in (None, key.order_id)
            and (span is None or span[0] <= key.label <= span[1])
        )

    orders = tuple(table.histories(wanted))
    states: tuple[StrategyState, ...] = ()
    if span is not None and not orders:
        bar = _last_bar(run, table, span, question)
        states = _states(run, table, question, span, bar) if question.order is None else ()
    return Explanation(run.folder.name, question, len(table), orders, states)


def explain_run(run: StoredRun) -> Explanation:
    """Explain what was cut, refused or in conflict in a whole run, which was read with its decisions."""
    table = DecisionTable(run)
    parties: dict[tuple[int, str], set[str]] = {}
    for key in table.keys:
        parties.setdefault((key.label, key.symbol), set()).add(key.strategy_id)
    orders = tuple(
        table.histories(lambda demand: is_cut(demand) or len(parties[demand[0].label, demand[0].symbol]) > 1)
    )
    return _explained(run, table, Question(), orders)


def _span(text: str) -> Span:
    try:
        return span_of(text)
    except ValueError:
        message = f"--at: {one_line(text)!r} is no label of a bar: write it as reports do, 2015-01-02 or"
        raise ConfigurationError(f"{message} 2015-01-02T09:30:00Z, or a day, a month or a year") from None


# ---- names


def _require_names(run: StoredRun, table: DecisionTable, question: Question) -> None:
    symbols = dict.fromkeys((*run.plan.get("data", {}), *(key.symbol for key in table.keys)))
    _require("strategy", question.strategy, run, run.figures["strategies"])
    _require("symbol", question.symbol, run, symbols)
    if question.order is not None:
        _require("order", question.order, run, {key.order_id: None for key in table.keys if key.order_id})


def _require(kind: str, name: str | None, run: StoredRun, known: Mapping[str, object]) -> None:
    """NotFoundError where a name is given that the run does not have."""
    if name is None or name in known:
        return
    hint = did_you_mean(name, known)
    message = f"there is no {kind} '{one_line(name)}' in run {run.folder.name}"
    raise NotFoundError(f"{message}\n    hint: {one_line(hint)}" if hint else message)


def _last_bar(run: StoredRun, table: DecisionTable, span: Span, question: Question) -> int:
    """Return the last bar in `span`; NotFoundError, with those around it, where there is none."""
    [labels] = run.columns(_EQUITY, ("label",))
    known: list[int] = [*labels, *(key.label for key in table.keys)]
    inside = [label for label in known if span[0] <= label <= span[1]]
    if inside:
        return max(inside)
    before = max((label for label in known if label < span[0]), default=None)
    after = min((label for label in known if label > span[1]), default=None)
    near = [label_text(label) for label in (before, after) if label is not None]
    hint = f"\n    hint: the nearest: {', '.join(near)}" if near else ""
    raise NotFoundError(f"run {run.folder.name} has no bar at {one_line(question.at)}{hint}")


# ---- a whole run


def _whole_run(run: StoredRun, table: DecisionTable, question: Question, *, all_orders: bool) -> Explanation:
    orders = tuple(table.histories((lambda _demand: True) if all_orders else is_cut))
    return _explained(run, table, question, orders)


def _explained(
    run: StoredRun, table: DecisionTable, question: Question, orders: tuple[OrderHistory, ...]
) -> Explanation:
    costliest = _costliest(orders, _multipliers(run))
    return Explanation(run.folder.name, question, len(table), orders, reasons=_reasons(run), costliest=costliest)


def _multipliers(run: StoredRun) -> Mapping[str, float]:
    """Return the worth of a point of each symbol, where that isn't 1."""
    instruments = run.plan.get("instruments", {})
    return {symbol: float(facts["multiplier"]) for symbol, facts in instruments.items() if facts["multiplier"]}


def _reasons(run: StoredRun) -> tuple[ReasonCount, ...]:
    """Return the most frequent reasons of cuts and refusals as the run's document has them, none of before it did."""
    stored: Sequence[Document] = run.figures.get("demands", {}).get("reasons", ())
    return tuple(ReasonCount(one["reason"], one["count"], one["money"]) for one in stored[:_MOST])


def _costliest(orders: Iterable[OrderHistory], worth: Mapping[str, float]) -> tuple[tuple[OrderHistory, float], ...]:
    """Return the demands of which most money was refused, the largest first; equal ones as they were decided."""
    refused = [
        (order, (abs(order.wanted) - abs(order.granted)) * abs(order.price) * worth.get(order.symbol, 1.0))
        for order in orders
        if order.outcome != Outcome.APPROVED
        and any(stage.reason not in {"", *ENDS_OF_ITSELF} for stage in order.stages)
    ]
    return tuple(sorted(refused, key=lambda pair: -pair[1])[:_MOST])


# ---- a moment without a demand


def _states(
    run: StoredRun, table: DecisionTable, question: Question, span: Span, bar: int
) -> tuple[StrategyState, ...]:
    """Return the actions, holdings and open orders of each strategy that may be meant."""
    strategies: dict[str, Any] = run.figures["strategies"]
    meant = [
        name
        for name, facts in strategies.items()
        if question.strategy in (None, name) and (question.symbol is None or question.symbol in facts["symbols"])
    ]

    def is_meant(demand: Sequence[Key]) -> bool:
        return demand[0].strategy_id in meant and question.symbol in (None, demand[0].symbol)

    waiting = table.histories(lambda demand: is_meant(demand) and is_open(demand, bar))
    touched = table.histories(lambda demand: is_meant(demand) and is_touched(demand, *span))
    held, has_bar = _held(run, table, bar), _has_bar(run, meant, span)
    why = {name: ("no_signal" if has_bar[name] else "no_bar", "") for name in meant} | _absences(run, bar)
    return tuple(
        StrategyState(
            strategy_id=name,
            t=bar,
            reason=why[name][0],
            detail=why[name][1],
            held={symbol: left for symbol, left in held.get(name, {}).items() if question.symbol in (None, symbol)},
            waiting=tuple(order for order in waiting if order.strategy_id == name),
            touched=tuple(order for order in touched if order.strategy_id == name),
            symbol=question.symbol,
        )
        for name in meant
    )


def _absences(run: StoredRun, bar: int) -> dict[str, tuple[str, str]]:
    """Return by strategy why it was not called at a bar: the reason, and the detail."""
    strategies: dict[str, Any] = run.figures["strategies"]
    stop = run.figures.get("stopped")
    absences: dict[str, tuple[str, str]] = {}
    for name, facts in strategies.items():
        change = _standing(facts.get("status_changes", ()), bar)
        if name.startswith(UNMANAGED):
            absences[name] = ("unmanaged", "")
        elif change is not None and change["status"] in _NOT_CALLED:
            absences[name] = (change["status"], _when(change))
        elif stop is not None and span_of(stop["bar_date"])[0] < bar:
            figures = f"{stop['limit']}: {stop['figure']:.4g} of {stop['bound']:.4g}"
            absences[name] = ("stopped", f"at the close of {stop['bar_date']}, {figures}")
    return absences


def _standing(changes: Sequence[Document], bar: int) -> Document | None:
    """Return the change of status that a strategy's call at `bar` depends on; None where it has had none."""
    return next((change for change in reversed(changes) if _is_over(change, bar)), None)


def _is_over(change: Document, bar: int) -> bool:
    """True where a change comes before the call at `bar`, or prevents its answer, as a failure does."""
    if change["bar_date"] is None:
        return True
    t = span_of(change["bar_date"])[0]
    return t <= bar if change["moment"] == "open" or change["status"] == "failed" else t < bar


def _when(change: Document) -> str:
    where = {"open": "before the open of", "close": "at the close of"}[change["moment"]]
    return "" if change["bar_date"] is None else f"{where} {change['bar_date']}"


def _held(run: StoredRun, table: DecisionTable, bar: int) -> Mapping[str, Mapping[str, float]]:
    """Return all holdings; what a removed strategy kept stands in the unmanaged book of its framework."""
    strategies: dict[str, Any] = run.figures["strategies"]
    held = {name: dict(own) for name, own in table.holdings(bar).items()}
    books = {facts["framework"]: name for name, facts in strategies.items() if name.startswith(UNMANAGED)}
    for one in _removals(run, bar):
        if one["positions"] == "keep":
            for symbol, quantity in held.pop(one["strategy_id"], {}).items():
                book = held.setdefault(books[strategies[one["strategy_id"]]["framework"]], {})
                book[symbol] = book.get(symbol, 0.0) + quantity
    return held


def _removals(run: StoredRun, bar: int) -> list[Document]:
    """Return the removals of the schedule that were made by then."""
    strategies: dict[str, Any] = run.figures["strategies"]
    due = [one for one in _schedule(run) if one["action"] == "remove" and moment_of(one["at"]) <= bar]
    return [one for one in due if strategies[one["strategy_id"]]["status"] == "removed"]


def _schedule(run: StoredRun) -> Sequence[Document]:
    schedule: Sequence[Document] = run.plan.get("portfolio", {}).get("schedule", ())
    return schedule


def _has_bar(run: StoredRun, strategies: Sequence[str], span: Span) -> Mapping[str, bool]:
    """Return for each strategy whether one of its symbols has a bar there."""
    [labels] = run.columns(_EQUITY, ("label",))
    steps = [step for step, label in enumerate(labels) if span[0] <= label <= span[1]]
    columns = run.columns(_EQUITY, [f"has_bar.{name}" for name in strategies], steps)
    return {name: any(own) for name, own in zip(strategies, columns, strict=True)}
