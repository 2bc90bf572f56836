"""An explanation on a terminal: plain sentences for each order, tables for a whole run.

A stage or a reason that is not in the dicts below is shown by its own name, so that a new one needs no change here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.order import Outcome, Reason
from orchestrate.domain.text.printable import one_line
from orchestrate.reporting import output
from orchestrate.reporting.figures import quantity_text as _number
from orchestrate.runs.decisions import CAPITAL, CONFLICTS, ORDERS, OrderHistory, StoredStage
from orchestrate.runs.explanation import Explanation, StrategyState

#: So many orders are shown as text; JSON has all.
_ORDERS: Final = 20
#: What a reason says in a sentence after "because".
REASONS: Final[dict[str, str]] = {
    "capital": "the strategy's capital does not pay for more",
    "below_one_lot": "what is left is less than one lot",
    "open_gap": "at its fill it cost more than the strategy may spend",
    "not_tradable": "the symbol could not be traded",
    "strategy_failed": "the strategy had failed",
    "strategy_paused": "the strategy was paused",
    "strategy_removed": "the strategy was removed",
    "rebalance": "capital goes back to its targets",
    "series_ended": "the symbol has no later bar",
    "unfilled_at_end": "the run ended before it filled",
    "nothing_to_close": "there was nothing left to close",
    "flattened": "all that the strategy holds is closed",
    "close_at_end": "positions are closed at the end of their data",
    "conflict": "other strategies wanted the same symbol on the same bar",
    "limit": "a limit was reached",
    "cancelled": "it was cancelled",
    "expired": "it had expired",
    "bracket": "it closes an entry at its stop_loss, trail_loss or take_profit",
    "oco": "the order that it was paired with filled",
    "position_closed": "the position that it belonged to was closed",
    "margin_call": "its account was called for margin",
    "ruined": "its account was ruined",
    "settlement": "the future ended at its settlement",
    "no_quote": "a leg had no quote to trade at",
    "roll": "one structure is closed and another opened, as one",
    "assigned": "a short option was assigned before it expired",
    "not_covered": "a cash account has no naked calls",
    "no_settlement": "nothing says at which price a leg would be settled",
    "no_stop": "no stop could be placed that its size goes by",
}
#: How long an order without a last moment of its own rests, by its `tif`.
LIFETIMES: Final[dict[str, str]] = {"gtc": "good till cancelled", "day": "good for the day"}
#: Why a strategy had no demand on the bar {at}.
SILENCES: Final[dict[str, str]] = {
    "no_signal": "had a bar and wanted nothing at {at}",
    "no_bar": "had no bar, so it was not called at {at}",
    "failed": "was not called at {at}, because it had failed",
    "waiting": "was not called at {at}, because it had not been added yet",
    "removed": "was not called at {at}, because it had been removed",
    "ruined": "was not called at {at}, because its account had been ruined",
    "stopped": "was not called at {at}, because the portfolio had been stopped",
    "unmanaged": "is no strategy but holds kept positions at {at}",
}


def show(explanation: Explanation, *, file: IO[str] | None = None, width: int | None = None) -> None:
    """Print the explanation, in colour where `file` (default: stdout) is a terminal that wants it."""
    parts = _whole_run(explanation) if explanation.question.is_open else _orders(explanation)
    output.show(Group(*parts), file=file, width=width)


def reason_text(reason: str) -> str:
    """Return a reason as the end of a sentence."""
    return REASONS.get(reason, reason.replace("_", " "))


# ---- single orders


def order_texts(order: OrderHistory) -> tuple[str, list[tuple[str, str]]]:
    """Return what a demand was, in a sentence, and what each stage did to it, by the names of the stages."""
    return _first_sentence(order), list(_lines(order))


def _orders(explanation: Explanation) -> Iterator[RenderableType]:
    paragraphs = [
        *((_state_sentence(state, explanation.question.at), _state_lines(state)) for state in explanation.states),
        *((_first_sentence(order), _lines(order)) for order in explanation.orders[:_ORDERS]),
    ]
    for place, (sentence, lines) in enumerate(paragraphs):
        yield from [Text()] if place else ()
        yield from _paragraph(sentence, lines)
    more = len(explanation.orders) - _ORDERS
    if more > 0:
        yield Text(f"\n… and {more:,} more (--format json shows all)")
    if not explanation.orders and not explanation.states:
        yield Text(f"Run {explanation.run_id} has no such order.")


def _paragraph(sentence: str, lines: Iterable[tuple[str, str]]) -> Iterator[RenderableType]:
    yield Text(sentence, style="bold")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, text in lines:
        grid.add_row(one_line(name), one_line(text))
    yield Padding(grid, (0, 0, 0, 2), expand=False)


def _first_sentence(order: OrderHistory) -> str:
    if order.rule:
        who = f"The orchestrator placed an order of {order.strategy_id} to {_action(order, order.wanted)}"
        return one_line(f"{who} {_bar(order)}, because {reason_text(order.rule)}.")
    return one_line(f"{order.strategy_id} wanted to {_action(order, order.wanted)} {_bar(order)}.")


def _action(order: OrderHistory, quantity: float) -> str:
    side = "buy" if quantity > 0 else "sell"
    purpose = "" if quantity > 0 else " short"
    if order.closing:
        purpose = " to reduce its position" if order.rule == Reason.REBALANCE else " to close its position"
    kind = "" if order.order_type == "market" else f" ({order.order_type.replace('_', ' ')} order{_terms(order)})"
    return f"{side} {_number(abs(quantity))} {order.symbol}{purpose}{kind}"


def _terms(order: OrderHistory) -> str:
    """Return what an order waits for, and how long."""
    terms = order.terms
    if terms is None:
        return ""
    prices = {"stop": terms.stop, "limit": terms.limit, "trail": terms.trail}
    said = [f"{name} {_number(price)}" for name, price in prices.items() if price is not None]
    lasts = f"until {label_text(terms.until)}" if terms.until is not None else LIFETIMES.get(terms.tif, terms.tif)
    return "".join(f", {one}" for one in (*said, lasts))


def _bar(order: OrderHistory) -> str:
    return f"at the close of {label_text(order.t)} ({_number(order.price)})"


def _lines(order: OrderHistory) -> Iterator[tuple[str, str]]:
    """Yield what each stage did, then the order, its engine and its fill."""
    for stage in order.stages:
        if stage.stage == CONFLICTS:
            yield stage.stage, _conflict(order, stage)
        elif stage.stage == CAPITAL and "reserve" in stage.figures:
            yield stage.stage, f"passed: {_kept(stage.figures['reserve'], stage.figures['available'])}"
        else:
            yield stage.stage, _stage(stage)
    yield "order", _end(order)


def _stage(stage: StoredStage) -> str:
    if not stage.reason:
        return stage.detail or "passed"
    none = "ended" if stage.stage == ORDERS else "refused"
    verdict = none if not stage.after else f"cut from {_number(abs(stage.before))} to {_number(abs(stage.after))}"
    detail = f" ({stage.detail})" if stage.detail else ""
    return f"{verdict}, because {reason_text(stage.reason)}{detail}"


def _kept(reserve: float, available: float) -> str:
    if not reserve:
        return f"{_money(available)} was available"
    return f"{_money(reserve)} of {_money(available)} available were held back for it"


def _conflict(order: OrderHistory, stage: StoredStage) -> str:
    """Return a conflict with its parties."""
    wanted = [f"{name} to {_side(quantity)}" for name, quantity in order.parties.items()]
    parties = f"{', '.join(wanted)} {order.symbol} on the same bar" if wanted else ""
    said = "passed" if not stage.reason else _stage(stage)
    return f"{said}; others wanted, too: {parties}" if parties else said


def _side(quantity: float) -> str:
    return f"{'buy' if quantity > 0 else 'sell'} {_number(abs(quantity))}"


def _end(order: OrderHistory) -> str:
    if not order.order_id:
        return "none was placed"
    if order.fill is None:
        never = order.outcome == Outcome.REJECTED
        return f"{order.order_id} never filled" if never else f"{order.order_id} was open when the run ended"
    fill = order.fill
    done = f"{'bought' if fill.quantity > 0 else 'sold'} {_number(abs(fill.quantity))} at {_number(fill.price)}"
    return f"{order.order_id}: {order.engine} {done} in the bar {label_text(fill.t)}, fee {_money(fill.fee)}"


# ---- moments without one


def _state_sentence(state: StrategyState, asked: str | None) -> str:
    said = SILENCES.get(state.reason, f"{state.reason.replace('_', ' ')} at {{at}}").format(at=asked)
    detail = f" ({state.detail})" if state.detail else ""
    return one_line(f"{state.strategy_id} {said}{detail}.")


def _state_lines(state: StrategyState) -> Iterator[tuple[str, str]]:
    held = [f"{_number(quantity)} {symbol}" for symbol, quantity in state.held.items()]
    yield "held", f"{', '.join(held) or 'nothing'} at the close of {label_text(state.t)}"
    waiting = [f"{order.order_id} to {_side(order.placed)} {order.symbol}" for order in state.waiting]
    yield "waiting", ", ".join(waiting) or "no order"
    for order in state.touched:
        cuts = [_stage(stage) for stage in order.stages[-1:] if order.ended == state.t]
        yield "then", "; ".join((*cuts, _end(order)))


# ---- a whole run


def _whole_run(explanation: Explanation) -> Iterator[RenderableType]:
    yield Text.assemble(("Run ", "bold"), explanation.run_id, f"  {explanation.demands:,} demands")
    if not explanation.reasons:
        yield Text("Nothing was cut or refused.")
        return
    yield Text()
    yield Text("Most frequent reasons of cuts and refusals", style="bold")
    yield Padding(_reasons(explanation), (0, 0, 1, 2), expand=False)
    yield Text("Costliest cuts and refusals, in money at the close decided on", style="bold")
    yield Padding(_costliest(explanation), (0, 0, 1, 2), expand=False)
    first, _ = explanation.costliest[0]
    option = f"--order {first.order_id}" if first.order_id else f"--at {label_text(first.t)}"
    yield Text(one_line(f"orchestrate explain {explanation.run_id} {option} says why."))


def _reasons(explanation: Explanation) -> Table:
    table = _table("reason", "times >", "money >", "because")
    for one in explanation.reasons:
        table.add_row(one_line(one.reason), f"{one.count:,}", _money(one.money), one_line(reason_text(one.reason)))
    return table


def _costliest(explanation: Explanation) -> Table:
    table = _table("money >", "bar", "wanted >", "granted >", "reason", "strategy, symbol")
    for order, money in explanation.costliest:
        figures = _number(order.wanted), _number(order.granted)
        name = one_line(f"{order.strategy_id}, {order.symbol}")
        table.add_row(_money(money), label_text(order.t), *figures, one_line(order.reason), name)
    return table


def _table(*heads: str) -> Table:
    """Return a table whose last column alone may wrap; ` >` after a head puts its column to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", expand=False)
    for place, head in enumerate(heads, 1):
        right = head.endswith(" >")
        table.add_column(
            head.removesuffix(" >"), justify="right" if right else "left", no_wrap=place < len(heads), overflow="fold"
        )
    return table


def _money(value: float) -> str:
    return f"{value:,.2f}"
