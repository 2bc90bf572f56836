"""All native strategies of a run on Nautilus, each in an engine of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from orchestrate.domain.errors import EngineError, OrchestrateError
from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.market import Market
from orchestrate.domain.orders import Fill, StrategyCommand
from orchestrate.engines.nautilus.hosting.native import HostedNative
from orchestrate.engines.nautilus.instruments import explained
from orchestrate.orchestration.ports import Account, Stepped

NOTHING = Stepped()


class NativeHost:
    """See `NativeHostPort`. Natives are asked, and told of, in the order of their accounts."""

    def __init__(self, market: Market, accounts: Sequence[Account], rules: ExecutionRules) -> None:
        self._natives: dict[str, HostedNative] = {}
        self._newsworthy: set[str] = set()
        self._t, self._last = 0, int(market.timeline.stamps[-1])
        self._stops = rules.fill == "next_open" and not rules.close_at_end
        try:
            for account in accounts:
                with _breaking_named(account.strategy_id):
                    self._natives[account.strategy_id] = HostedNative(account, market, rules, self._has_news)
        except BaseException:
            self.end()
            raise

    def __contains__(self, strategy_id: str) -> bool:
        return strategy_id in self._natives

    def _has_news(self, native: HostedNative) -> None:
        self._newsworthy.add(native.strategy_id)

    def wake(self, t: int) -> Stepped:
        """Timers fire that are due before `t`."""
        for name, native in self._natives.items():
            try:
                native.wake(t)
            except OrchestrateError:
                raise
            except Exception as error:
                raise _broken(name, error) from error
        return self.listen() if self._newsworthy else NOTHING

    def execute(self, command: StrategyCommand) -> None:
        """Pass a command on."""
        with _breaking_named(command.strategy_id):
            self._natives[command.strategy_id].execute(command)

    def advance(self, t: int, rows: Mapping[str, int]) -> Stepped:
        """Every native lives through its bars."""
        self._t = t
        for name, native in self._natives.items():
            try:
                native.advance(t, rows)
            except OrchestrateError:
                raise
            except Exception as error:
                raise _broken(name, error) from error
        return self.listen() if self._newsworthy else NOTHING

    def close(self, t: int) -> tuple[Fill, ...]:
        """Orders handed over fill at the close."""
        for name, native in self._natives.items():
            with _breaking_named(name):
                native.close(t)
        return tuple(fill for native in self._natives.values() for fill in native.ledger.fills())

    def listen(self) -> Stepped:
        """All that has happened since anything was last told; after the last bar that includes stopping.

        Orders from there are demands that nothing can fill any more. Where something still fills at the last close,
        natives are stopped when they are let go.
        """
        if not self._newsworthy and self._stops and self._t == self._last:
            self._stops = False
            for native in self._natives.values():
                native.stop()
        if not self._newsworthy:
            return NOTHING
        natives = [native for name, native in self._natives.items() if name in self._newsworthy]
        self._newsworthy.clear()
        return Stepped(
            tuple(fill for native in natives for fill in native.ledger.fills()),
            tuple(demand for native in natives for demand in native.ledger.demands()),
            tuple(failure for native in natives for failure in native.failure()),
            tuple(ended for native in natives for ended in native.ledger.ended()),
        )

    @property
    def realised(self) -> float:
        """What all engines realised, net of fees."""
        return sum(native.ledger.realised for native in self._natives.values())

    def holdings(self) -> Iterator[tuple[str, float]]:
        """What all engines hold: symbol and signed quantity, one position each."""
        for native in self._natives.values():
            yield from native.holdings()

    def end(self) -> None:
        """Stop every native and dispose of its engine, also after one of them has broken."""
        errors = []
        for native in self._natives.values():
            try:
                native.end()
            except Exception as error:
                errors.append(error)
        self._natives.clear()
        if errors:
            raise errors[0]


@contextmanager
def _breaking_named(strategy_id: str) -> Iterator[None]:
    try:
        yield
    except OrchestrateError:
        raise
    except Exception as error:
        raise _broken(strategy_id, error) from error


def _broken(strategy_id: str, error: Exception) -> OrchestrateError:
    known = explained(error, [strategy_id])
    if isinstance(known, OrchestrateError):
        return known
    return EngineError(f"nautilus broke in the engine of {strategy_id}: {type(error).__name__}: {error}")
