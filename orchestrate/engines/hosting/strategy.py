"""One native strategy in an engine of its own, as far as it is the same in every engine."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar, Generic, NamedTuple, TypeVar

from orchestrate.domain.errors import DataError, NativeError, UserInterrupt
from orchestrate.domain.orders.order import Order, StrategyCommand
from orchestrate.engines.hosting.guard import CodeGuard
from orchestrate.engines.hosting.orders import NOTHING, Key, NativeOrders
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat

Answer = TypeVar("Answer")


class Verdict(NamedTuple):
    """What the orchestrator decided on a native's order: so much of it, and why."""

    name: str
    quantity: float
    reason: str
    detail: str


class HostedStrategy(ABC, Generic[Key]):
    """A strategy that takes no further part once its code raises; its engine then still executes closing orders.

    Once its engine raises, it is `broken`, and neither is called again. `notify` receives the strategy's id whenever
    there is something to report.
    """

    framework: ClassVar[str]

    def __init__(self, seat: StrategySeat, notify: Callable[[str], None]) -> None:
        self.strategy_id = seat.strategy_id
        self.broken: NativeError | None = None
        self.orders: NativeOrders[Key] = NativeOrders(seat.strategy_id, partial(notify, seat.strategy_id))
        self._seat, self._notify = seat, notify
        self._code = CodeGuard(seat.scope, self._fail)
        self._failures: list[BaseException] = []

    # ---- failures

    def _fail(self, error: BaseException) -> None:
        """Take in what the strategy's code raised; a NativeError is about its engine."""
        self._add_failure(error)
        if isinstance(error, NativeError):
            self.broken = error
        else:
            self.orders.abandon()
            self._abandon()

    def _add_failure(self, error: BaseException) -> None:
        self._failures.append(error)
        self._notify(self.strategy_id)

    def attempt(self, otherwise: Answer, call: Callable[..., Answer], *arguments: object) -> Answer:
        """Run the engine's code, which the strategy may have damaged: what it raises is the strategy's failure."""
        if self.broken is not None:
            return otherwise
        return self._catch(otherwise, call, *arguments)

    def _catch(self, otherwise: Answer, call: Callable[..., Answer], *arguments: object) -> Answer:
        try:
            return call(*arguments)
        except UserInterrupt:
            raise
        except BaseException as error:
            known = self.explain(error, self.strategy_id)
            if isinstance(known, DataError):
                raise known from (None if known is error else error)
            broken = error if isinstance(error, NativeError) else NativeError(self.describe(error, self.strategy_id))
            broken.__cause__ = None if broken is error else error
            self.broken = broken
            self._add_failure(broken)
            return otherwise

    @classmethod
    def describe(cls, error: BaseException, strategy_id: str) -> str:
        """Say where the engine broke."""
        return f"{cls.framework} broke in the engine of {strategy_id}: {type(error).__name__}: {error}"

    @classmethod
    def explain(cls, error: BaseException, strategy_id: str) -> BaseException:  # noqa: ARG003  # for engines that do
        """Return the error as a DataError where the engine says that the data are at fault."""
        return error

    # ---- reports

    def report(self) -> EngineReport:
        """Return what is not reported yet: fills, demands, ended orders, failures."""
        report = self._catch(NOTHING, self.orders.report)
        if not self._failures:
            return report
        failures = tuple((self.strategy_id, failure) for failure in self._failures)
        self._failures.clear()
        return replace(report, failures=failures)

    def realised(self) -> float:
        """Return its profit net of fees, by its own engine; NaN where that can't say."""
        return self.attempt(math.nan, self._realised)

    def held(self) -> dict[str, float]:
        """Return the quantity of each symbol, by its own engine."""
        return self.attempt({}, self._held)

    # ---- commands

    def execute(self, command: StrategyCommand) -> None:
        """Carry out a command; what is submitted fills at the next open or close, or rests from there on."""
        order = command.order
        reason = (command.reason or order.reason).value
        verdict = Verdict(order.native_order, order.quantity, reason, command.detail)
        if command.action == "submit":
            if verdict.name:
                self._release(order, verdict)
            else:
                self._trade(order)
        elif command.action == "resize":
            self._resize(verdict)
        elif verdict.name:
            self._end(verdict, refused=command.action == "reject")

    @abstractmethod
    def _release(self, order: Order, verdict: Verdict) -> None:
        """Let one of the strategy's orders fill or rest, in the quantity that is left."""

    @abstractmethod
    def _trade(self, order: Order) -> None:
        """Send a market order of the orchestrator's own for the strategy."""

    @abstractmethod
    def _resize(self, verdict: Verdict) -> None:
        """Reduce an order that waits."""

    @abstractmethod
    def _end(self, verdict: Verdict, *, refused: bool) -> None:
        """End an order, wherever it is: it is refused or cancelled."""

    # ---- what each engine does in its own way

    @abstractmethod
    def start(self) -> None:
        """Begin the strategy's life, before the first bar."""

    @abstractmethod
    def advance(self, t: int, rows: Mapping[str, int]) -> None:
        """Take engine and strategy through the bars at `t`."""

    @abstractmethod
    def close(self, t: int) -> None:
        """Fill what is due at the close of the bars of the last `advance`."""

    def wake(self, t: int) -> None:
        """Fire the timers that are due before `t`."""

    def notify(self) -> None:
        """Notify the strategy of verdicts, if its engine does not do so at once."""

    @abstractmethod
    def stop(self) -> None:
        """End the strategy's life, after the last bar."""

    @abstractmethod
    def end(self) -> None:
        """Stop the strategy if that has not been done, and let go of its engine."""

    def retire(self) -> None:
        """Run none of the strategy's code any more; its engine still executes closing orders."""
        self._code.close()
        self.orders.abandon()
        self._abandon()

    def discard(self) -> None:
        """Let go of an unusable engine without running any of the strategy's code."""
        self._code.close()
        self.end()

    @abstractmethod
    def _abandon(self) -> None:
        """Drop all orders that are not due: the strategy has failed."""

    @abstractmethod
    def _realised(self) -> float: ...

    @abstractmethod
    def _held(self) -> dict[str, float]: ...
