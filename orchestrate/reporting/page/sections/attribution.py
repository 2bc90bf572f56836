"""What gave the return and the risk: symbols, strategies against equal weights, parts of the volatility."""

from __future__ import annotations

from orchestrate.reporting.page import numbers
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, paragraph, table, tag
from orchestrate.reporting.page.subject import Subject
from orchestrate.runs.reading import Document

Block = Html | Chart
#: Effects of Brinson and Fachler.
_EFFECTS = ("allocation", "selection", "interaction")


def attribution(subject: Subject) -> list[Block]:
    """Return the parts that add up to the portfolio's return, to its volatility, and to its lead over equal weights."""
    known: Document | None = subject.document.get("attribution")
    if not known:
        return []
    return [*_strategies(known), *_symbols(known)]


def _strategies(known: Document) -> list[Block]:
    """Return a line a strategy: its part of the return, of the volatility, and of the lead over equal weights."""
    risk, equal = known.get("risk") or {}, known.get("equal_weights") or {}
    if len(known["strategies"]) < 2:
        return []
    effects: Document = equal.get("strategies", {})
    named = _effects(equal)
    rows = [
        [
            name,
            numbers.change(part),
            numbers.share(risk.get(name)),
            *(numbers.change(effects.get(name, {}).get(effect)) for effect in named),
        ]
        for name, part in known["strategies"].items()
    ]
    reserve = equal.get("reserve", {})
    if reserve:
        rest = [numbers.change(reserve.get(effect)) for effect in named]
        rows.append(["reserve", numbers.NOTHING, numbers.NOTHING, *rest])
    heads = ["strategy", "return", "volatility", *named]
    blocks: list[Block] = [table("What strategies gave to return and volatility", heads, rows)]
    if equal:
        blocks.append(paragraph(_lead(equal), "note"))
    return blocks


def _lead(equal: Document) -> str:
    """Say how far the portfolio lies from equal weights."""
    lead, total = equal["excess"], numbers.change(equal["total_return"]).shown
    apart = f"{numbers.share(abs(lead)).text} {'more' if lead >= 0 else 'less'}"
    parts = ", ".join(_effects(equal))
    return f"Equal weights would have given {total}; the portfolio gave {apart}, by {parts} (Brinson and Fachler)."


def _effects(equal: Document) -> list[str]:
    """Return the effects that there are: where both hold the same strategies, weights alone make a difference."""
    parts = [*equal.get("strategies", {}).values(), equal.get("reserve", {})]
    return [effect for effect in _EFFECTS if effect == _EFFECTS[0] or any(part.get(effect) for part in parts)]


def _symbols(known: Document) -> list[Block]:
    symbols: dict[str, float] = known["symbols"]
    if len(symbols) < 2:
        return []
    rows = [[name, numbers.change(part)] for name, part in sorted(symbols.items(), key=lambda one: -abs(one[1]))]
    return [tag("h3", "By symbol"), table("Contributions of symbols", ["symbol", "return"], rows)]
