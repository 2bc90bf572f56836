"""All native strategies of a run on Nautilus, each in an engine of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from orchestrate.domain.errors import DataError, EngineError, NativeError, OrchestrateError, UserInterrupt
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Fill, StrategyCommand
from orchestrate.engines.nautilus.hosting.native import HostedNative
from orchestrate.engines.nautilus.instruments import explained
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat

NOTHING = EngineReport()
Answer = TypeVar("Answer")


class NativeHost:
    """See `NativeHostPort`. Natives are asked, and told of, in the order of their accounts.

    What breaks in the engine of one of them is its failure; that engine is not called again.
    """

    def __init__(self, market: Market, accounts: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        self._natives: dict[str, HostedNative] = {}
        self._newsworthy: set[str] = set()
        self._timeline, self._t, self._last = market.timeline, 0, market.timeline.last_stamp(market.timeline.rows)
        self._stops = rules.fill == "next_open" and not rules.close_at_end
        try:
            for account in accounts:
                native = self._natives[account.strategy_id] = self._build(account, market, rules)
                self._attempt(native, None, native.start)
        except BaseException:
            self.end()
            raise

    def _build(self, account: StrategySeat, market: Market, rules: ExecutionRules) -> HostedNative:
        try:
            return HostedNative(account, market, rules, self._has_news)
        except OrchestrateError:
            raise
        except Exception as error:
            known = explained(error, [account.strategy_id])
            if isinstance(known, OrchestrateError):
                raise known from error
            raise EngineError(_broken(account.strategy_id, error)) from error

    def _attempt(
        self, native: HostedNative, otherwise: Answer, call: Callable[..., Answer], *arguments: object
    ) -> Answer:
        """Run Nautilus's code, which the strategy may have damaged: what it raises is the strategy's failure."""
        if native.broken is not None:
            return otherwise
        try:
            return call(*arguments)
        except UserInterrupt:
            raise
        except BaseException as error:
            known = explained(error, [native.strategy_id]) if isinstance(error, Exception) else error
            if isinstance(known, DataError):
                raise known from error
            native.broken = error if isinstance(error, NativeError) else NativeError(_broken(native.strategy_id, error))
            native.broken.__cause__ = None if native.broken is error else error
            self._newsworthy.add(native.strategy_id)
            return otherwise

    def __contains__(self, strategy_id: str) -> bool:
        return strategy_id in self._natives

    def _has_news(self, native: HostedNative) -> None:
        self._newsworthy.add(native.strategy_id)

    def wake(self, t: int) -> EngineReport:
        """Timers fire that are due before `t`."""
        for native in self._natives.values():
            self._attempt(native, None, native.wake, t)
        return self.listen() if self._newsworthy else NOTHING

    def execute(self, command: StrategyCommand) -> None:
        """Pass a command on."""
        native = self._natives[command.strategy_id]
        self._attempt(native, None, native.execute, command)

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """Every native lives through its bars."""
        self._t = t
        for native in self._natives.values():
            self._attempt(native, None, native.advance, t, rows)
        return self.listen() if self._newsworthy else NOTHING

    def close(self, t: int) -> tuple[Fill, ...]:
        """Orders handed over fill at the close."""
        for native in self._natives.values():
            self._attempt(native, None, native.close, t)
        return tuple(fill for native in self._natives.values() for fill in native.ledger.fills())

    def listen(self) -> EngineReport:
        """All that has happened since anything was last told; after the last bar that includes stopping.

        Orders from there are demands that nothing can fill any more. Where something still fills at the last close,
        natives are stopped when they are let go.
        """
        if self._last is None:
            self._last = self._timeline.last_stamp(self._timeline.rows)
        if not self._newsworthy and self._stops and self._t == self._last:
            self._stops = False
            for native in self._natives.values():
                self._attempt(native, None, native.stop)
        if not self._newsworthy:
            return NOTHING
        natives = [native for name, native in self._natives.items() if name in self._newsworthy]
        self._newsworthy.clear()
        return EngineReport(
            tuple(fill for native in natives for fill in native.ledger.fills()),
            tuple(demand for native in natives for demand in native.ledger.demands()),
            tuple((native.strategy_id, failure) for native in natives for failure in native.failures()),
            tuple(ended for native in natives for ended in native.ledger.ended()),
        )

    @property
    def realised(self) -> float:
        """What all engines realised, net of fees; NaN where one can't say."""
        return sum(self._realised(native) for native in self._natives.values())

    def _realised(self, native: HostedNative) -> float:
        return self._attempt(native, math.nan, lambda: native.ledger.realised)

    def holdings(self) -> list[tuple[str, float]]:
        """What all engines hold: symbol and signed quantity, one position each."""
        return [holding for native in self._natives.values() for holding in self._holdings(native)]

    def _holdings(self, native: HostedNative) -> list[tuple[str, float]]:
        return self._attempt(native, [], native.holdings)

    def state_of(self, strategy_id: str) -> tuple[dict[str, float], float]:
        """What one native holds and has realised; NativeError where its engine can't say."""
        native = self._natives[strategy_id]
        holdings, realised = self._holdings(native), self._realised(native)
        if native.broken is not None:
            raise native.broken
        held: dict[str, float] = {}
        for symbol, size in holdings:
            held[symbol] = held.get(symbol, 0.0) + size
        return held, realised

    def drop(self, strategy_id: str) -> None:
        """Dispose of the engine of one native."""
        native = self._natives.pop(strategy_id)
        self._newsworthy.discard(strategy_id)
        with suppress(Exception):  # it is unusable anyhow
            native.end(silently=True)

    def end(self) -> None:
        """Stop every native and dispose of its engine; what breaks there breaks too late to change anything."""
        for native in self._natives.values():
            with suppress(Exception):
                native.end()
        self._natives.clear()


def _broken(strategy_id: str, error: BaseException) -> str:
    return f"nautilus broke in the engine of {strategy_id}: {type(error).__name__}: {error}"
