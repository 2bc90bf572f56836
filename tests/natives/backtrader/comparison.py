"""Compares a Backtrader strategy under the orchestrator with a bare run of it."""

from __future__ import annotations

import pytest

from orchestrate.domain.orders.execution import Commission, ExecutionRules
from tests.natives.backtrader.builders import AT_CLOSE, PLAIN, bare, host

FEES = ExecutionRules(commission=Commission(percent=0.1, minimum=1.0))
RULES = pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE, FEES], ids=["open", "close", "fees"])


def same(native, stage, rules=PLAIN, config=None, symbols=(), *, at_least=10, **how):
    """Trades and final value agree; so does what the strategy noted (`notices`)."""
    stake = int(how["sizing"].value) if "sizing" in how else 1
    notices = native.notices = []
    alone = bare(native, stage, rules, config, symbols, stake=stake)
    native.notices = []
    hosted = host(native, stage, rules, config, symbols, **how)
    assert hosted.status() == "completed", hosted.error()
    trades = hosted.trades()
    if rules.fill == "close":  # cheating on the close needs one more bar
        last = max(one.timestamp[-1] for one in stage.series.values()) / 1e9
        trades = [trade for trade in trades if trade[0].timestamp() < last or trade in alone.trades]
    assert trades == alone.trades
    assert len(alone.trades) >= at_least
    if len(trades) == len(hosted.trades()):
        assert hosted.equity() == pytest.approx(alone.value, rel=1e-12)
    assert native.notices == notices
    return hosted
