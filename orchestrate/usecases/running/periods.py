"""Bars per year, by which figures are annualised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from orchestrate.data.calendar import DAY, periods_per_year
from orchestrate.domain.market.timeline import Flags, Market
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import StrategyResult


def periods_ahead(plan: RunPlan, market: Market) -> float:
    """Bars per year of the portfolio, before the run: those of all symbols that strategies trade."""
    if plan.periods_per_year is not None:
        return plan.periods_per_year
    traded = tuple(
        dict.fromkeys(symbol for strategy in plan.strategies for symbol in strategy.symbols or market.series)
    )
    return _periods_of(market, traded, [market.timeline.rows[symbol] >= 0 for symbol in traded])


def periods(plan: RunPlan, market: Market, results: Mapping[str, StrategyResult]) -> dict[str, float]:
    """Return bars per year by strategy, and of all together under ""."""
    if plan.periods_per_year is not None:
        return dict.fromkeys(("", *results), plan.periods_per_year)
    traded = tuple(dict.fromkeys(symbol for result in results.values() for symbol in result.symbols))
    return {
        "": _periods_of(market, traded, [result.has_bar for result in results.values()]),
        **{result.id: _periods_of(market, result.symbols, [result.has_bar]) for result in results.values()},
    }


def _periods_of(market: Market, symbols: tuple[str, ...], own: Sequence[Flags]) -> float:
    """Return those of the stamps at which `symbols` have a bar, by any of the flags in `own`.

    Two hourly symbols make two returns an hour where their bars end at different minutes, so what each symbol has by
    itself decides for daily bars only.
    """
    traded = [symbol for symbol in symbols if market.series[symbol].tradable] or symbols  # resampled ones make no step
    periods = {market.periods_per_year[symbol] for symbol in traded}
    daily = all(market.series[symbol].length == DAY for symbol in traded)
    if len(traded) == 1 or (daily and len(periods) == 1):
        return min(periods)
    union = np.logical_or.reduce(own)
    stamps = market.timeline.stamps[: len(union)][union]
    return periods_per_year(stamps, daily=daily) if len(stamps) else min(periods)
