"""The limits that exist: a name in the configuration, its settings, and the function that judges an opening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrate.orchestration.risk.limits import losses, sizes
from orchestrate.orchestration.risk.limits.opening import Judge, of_portfolio, of_strategy


@dataclass(frozen=True, slots=True)
class Limit:
    """A kind of limit. The docstring of its `settings` says what it limits."""

    settings: type
    judge: Judge


STRATEGY_LIMITS: Final[dict[str, Limit]] = {
    "max_position_pct": Limit(sizes.MaxPositionPct, sizes.max_position_pct),
    "max_positions": Limit(sizes.MaxPositions, sizes.max_positions),
    "max_leverage": Limit(sizes.MaxLeverage, of_strategy(sizes.max_leverage)),
    "max_daily_loss": Limit(losses.MaxDailyLoss, of_strategy(losses.max_daily_loss)),
    "max_drawdown": Limit(losses.MaxDrawdown, of_strategy(losses.max_drawdown)),
    "cooldown": Limit(losses.Cooldown, losses.cooldown),
}
PORTFOLIO_LIMITS: Final[dict[str, Limit]] = {
    "max_symbol_pct": Limit(sizes.MaxSymbolPct, sizes.max_symbol_pct),
    "max_framework_pct": Limit(sizes.MaxFrameworkPct, sizes.max_framework_pct),
    "max_gross_leverage": Limit(sizes.MaxGrossLeverage, of_portfolio(sizes.max_leverage)),
    "max_net_leverage": Limit(sizes.MaxNetLeverage, sizes.max_net_leverage),
    "max_daily_loss": Limit(losses.MaxDailyLoss, of_portfolio(losses.max_daily_loss)),
    "max_drawdown": Limit(losses.MaxPortfolioDrawdown, of_portfolio(losses.max_drawdown)),
}
