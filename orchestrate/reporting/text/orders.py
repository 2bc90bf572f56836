"""What became of orders: cuts and refusals by reason, conflicts, and what is still held at the end."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from orchestrate.reporting.explanation import reason_text
from orchestrate.reporting.text.figures import count, money, number
from orchestrate.reporting.text.layout import Column, Screen, fitted

Document = dict[str, Any]
_REASONS: Final = 5
_SYMBOLS: Final = 5
_POSITIONS: Final = 10


def were_cut(document: Document) -> bool:
    """Return whether a demand was cut or refused, as far as that was stored."""
    demands = document.get("demands", {})
    return bool(demands.get("resized") or demands.get("blocked"))


def cuts(document: Document, screen: Screen) -> RenderableType | None:
    """Return the most frequent reasons of cuts and refusals; None where there was none, or nothing was stored of it."""
    demands = document.get("demands")
    if not were_cut(document) or demands is None:
        return None
    reasons = demands["reasons"]
    total = f"{demands['count']:,} demands: {demands['resized']:,} cut, {demands['blocked']:,} refused"
    rows = [
        [Text(one["reason"]), count(one["count"]), money(one["money"]), Text(_because(one["reason"], demands))]
        for one in reasons[: screen.most(_REASONS)]
    ]
    columns = [
        Column("reason", right=False),
        Column("times"),
        Column("money"),
        Column("because", right=False, prose=True),
    ]
    more = [f"and {len(reasons) - len(rows)} more (-v shows all)"] if len(reasons) > len(rows) else []
    return Group(Text(total), fitted(columns, rows, screen), *map(Text, more))


def _because(reason: str, demands: Document) -> str:
    """Return a reason in words; of limits also which, and how often each."""
    limits = [f"{name} {times:,}" for name, times in demands.get("limits", {}).items()]
    named = f": {', '.join(limits)}" if reason == "limit" and limits else ""
    return f"{reason_text(reason)}{named}"


def conflicts(document: Document, screen: Screen) -> RenderableType | None:
    """Return how often strategies wanted the same symbol on the same bar, where, and what the policy does then."""
    found = document.get("conflicts", {"count": 0})
    if not found["count"]:
        return None
    policy = found["policy"]
    described = CONFLICT_POLICIES[policy].description if policy in CONFLICT_POLICIES else "a function of yours"
    symbols = list(found["symbols"].items())
    named = [f"{symbol} {times:,}" for symbol, times in symbols[: screen.most(_SYMBOLS)]]
    if len(symbols) > len(named):
        named.append(f"{len(symbols) - len(named):,} more symbols")
    total = f"{found['count']:,} on one symbol and bar, {found['opposite']:,} of opposite sides"
    return Group(Text(f"{total}: {', '.join(named)}"), Text.assemble(("policy ", "dim"), f"{policy}: {described}"))


def positions(document: Document, screen: Screen) -> RenderableType | None:
    """Return what is held at the end, the largest first; None where that is nothing, or it was not stored."""
    held = sorted(document.get("open_positions", ()), key=lambda one: -abs(one["worth"]))
    if not held:
        return None
    columns = [
        Column("strategy", right=False),
        Column("symbol", right=False),
        Column("quantity"),
        Column("cost", rank=2),
        Column("close", rank=1),
        Column("worth"),
        Column("profit"),
        Column("since", right=False, rank=3),
    ]
    shown = held[: screen.most(_POSITIONS)]
    more = [f"and {len(held) - len(shown)} more (-v shows all)"] if len(held) > len(shown) else []
    return Group(fitted(columns, [_position(one) for one in shown], screen), *map(Text, more))


def _position(one: Document) -> list[Text]:
    return [
        Text(one["strategy_id"]),
        Text(one["symbol"]),
        number(one["quantity"]),
        number(one["average_price"]),
        number(one["price"]),
        money(one["worth"]),
        money(one["open_profit"]),
        Text(one["opened"]),
    ]
