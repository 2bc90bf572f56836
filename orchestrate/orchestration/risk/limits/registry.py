"""The limits that exist: a name in the configuration, its settings, and the function that judges an opening."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from orchestrate.orchestration.risk.limits import losses, sizes
from orchestrate.orchestration.risk.limits.opening import Opening, Verdict


@dataclass(frozen=True, slots=True)
class Limit:
    """A kind of limit. The docstring of its `settings` says what it limits."""

    settings: type
    judge: Callable[[Any, Opening], Verdict | None]


STRATEGY_LIMITS: Final[dict[str, Limit]] = {
    "max_position_pct": Limit(sizes.MaxPositionPct, sizes.max_position_pct),
    "max_positions": Limit(sizes.MaxPositions, sizes.max_positions),
    "max_leverage": Limit(sizes.MaxLeverage, sizes.max_leverage),
    "max_daily_loss": Limit(losses.MaxDailyLoss, losses.strategy_daily_loss),
    "max_drawdown": Limit(losses.MaxDrawdown, losses.strategy_drawdown),
    "cooldown": Limit(losses.Cooldown, losses.cooldown),
}
PORTFOLIO_LIMITS: Final[dict[str, Limit]] = {
    "max_symbol_pct": Limit(sizes.MaxSymbolPct, sizes.max_symbol_pct),
    "max_framework_pct": Limit(sizes.MaxFrameworkPct, sizes.max_framework_pct),
    "max_gross_leverage": Limit(sizes.MaxGrossLeverage, sizes.max_gross_leverage),
    "max_net_leverage": Limit(sizes.MaxNetLeverage, sizes.max_net_leverage),
    "max_daily_loss": Limit(losses.MaxDailyLoss, losses.portfolio_daily_loss),
    "max_drawdown": Limit(losses.MaxPortfolioDrawdown, losses.portfolio_drawdown),
}
