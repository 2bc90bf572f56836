"""What an adapter does for the natives that its engine hosts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from orchestrate.domain.errors import EngineError
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.domain.orders.order import Ended, Fill, StrategyCommand
from orchestrate.engines.pending_fills import DueFill, PendingFills, raise_broken
from orchestrate.orchestration.orders.ports import EngineReport, FrameworkPortfolioState, StrategySeat

if TYPE_CHECKING:
    from orchestrate.domain.market.timeline import Market
    from orchestrate.engines.hosting.host import NativeHost

_NOTHING: Final = EngineReport()


class HostingAdapter(ABC):
    """An adapter with its queue of portable orders and its host of natives, if there are any.

    `_held` is what the positions of all portable strategies add up to, by symbol, `_realised` their profit.
    """

    framework: str

    def __init__(self) -> None:
        self._pending = PendingFills(self.framework)
        self._host: NativeHost[Any] | None = None
        self._held: dict[str, float] = {}
        self._realised = 0.0
        self._messages = 0
        #: True where each bar is gone through, `feed: full`
        self._full = False
        self._market: Market
        self._rules: ExecutionRules

    def begin(self, market: Market, seats: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        """Open a host of the natives, and all that portable strategies need."""
        self._market, self._rules = market, rules
        natives = [seat for seat in seats if seat.native is not None]
        if natives:
            self._host = self._open_host(natives)
        self._pending.begin(market, every_bar=self._full)
        self._take_in([seat for seat in seats if seat.native is None])

    def join(self, seat: StrategySeat, t: int) -> None:
        """Take in one more strategy after the step at `t`."""
        if seat.native is None:
            self._take_in([seat])
            return
        if self._host is None:
            self._host = self._open_host(())
        self._host.join(seat, t)

    @abstractmethod
    def _open_host(self, seats: Sequence[StrategySeat]) -> NativeHost[Any]:
        """Build a host of these natives."""

    @abstractmethod
    def _take_in(self, seats: Sequence[StrategySeat]) -> None:
        """Open what these portable strategies need."""

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        """Queue orders for the next open or close; natives are notified of verdicts on theirs at once."""
        self._messages += len(commands)
        host = self._host
        if host is not None:
            host.execute([command for command in commands if command.strategy_id in host])
            commands = [command for command in commands if command.strategy_id not in host]
        self._pending.take(commands)

    def next_event(self, step: int) -> int:
        """Return the first step after `step` at which the market may reach a portable order that rests."""
        return self._pending.next_event(step)

    def wake(self, t: int) -> EngineReport:
        """Fire timers of natives that are due before `t`."""
        return _NOTHING if self._host is None else self._host.wake(t)

    def listen(self) -> EngineReport:
        """Return what natives did that is not reported yet."""
        return _NOTHING if self._host is None else self._host.listen()

    def _fill_reached(self, t: int) -> tuple[Fill, ...]:
        """Fill what the bars reach of portable orders that rest."""
        fills = []
        for due in self._pending.reached(self._size):
            try:
                fills.append(self._fill_due(due, t))
            except Exception as error:
                names = [due.order.id]
                raise_broken(self.framework, names, self._explain(error, names))
        self._messages += len(fills)
        return tuple(fills)

    @abstractmethod
    def _size(self, strategy_id: str, symbol: str) -> float:
        """Return what a portable strategy holds of a symbol."""

    @abstractmethod
    def _fill_due(self, due: DueFill, t: int) -> Fill:
        """Fill what is due of a portable order."""

    def _explain(self, error: Exception, _names: Sequence[str]) -> Exception:
        """Return the error as a DataError where the engine says that the data are at fault."""
        return error

    def _advance_natives(
        self, t: int, rows: Mapping[str, int], fills: tuple[Fill, ...], ended: tuple[Ended, ...]
    ) -> EngineReport:
        """Take natives through their bars; return that with `fills` and `ended` of portable orders before it."""
        if self._host is None:
            return EngineReport(fills, ended=ended)
        report = self._host.advance(t, rows)
        self._messages += len(report.fills)
        if not fills and not ended:
            return report
        return replace(report, fills=fills + report.fills, ended=ended + report.ended)

    def _close_natives(self, t: int, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
        """Fill what is due of natives at the close, after `fills` of portable orders."""
        if self._host is None:
            return fills
        filled = self._host.close(t)
        self._messages += len(filled)
        return fills + filled

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        """Return the engine's positions, netted, and what all of them realised."""
        held, realised = self._held.copy(), self._realised
        if self._host is not None:
            realised += self._host.realised
            for symbol, size in self._host.holdings():
                held[symbol] = rounded(held.get(symbol, 0.0) + size)
        return FrameworkPortfolioState(self.framework, held, realised, self._messages)

    def state_of(self, strategy_id: str) -> FrameworkPortfolioState:
        """Return the state of one native's own engine."""
        held, realised = self._hosted.state_of(strategy_id)
        return FrameworkPortfolioState(self.framework, held, realised)

    def retire(self, strategy_id: str) -> None:
        """Run none of one native's code any more."""
        self._hosted.retire(strategy_id)

    def drop(self, strategy_id: str) -> None:
        """Let go of one native's engine."""
        self._hosted.drop(strategy_id)

    @property
    def _hosted(self) -> NativeHost[Any]:
        if self._host is None:
            raise EngineError(f"{self.framework}: no native is hosted")
        return self._host

    def end(self) -> None:
        """Let go of natives and orders."""
        host, self._host = self._host, None
        self._held.clear()
        self._pending = PendingFills(self.framework)
        if host is not None:
            host.end()
