"""What hosts do on every engine: a failure is one strategy's, is reported once, and the last bar ends their lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from orchestrate.domain.errors import DataError, NativeError, UserInterrupt
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Demand, Order, Reason, StrategyCommand
from orchestrate.engines.hosting.host import Moment, NativeHost
from orchestrate.engines.hosting.orders import NOTHING
from orchestrate.engines.hosting.strategy import HostedStrategy, Verdict
from orchestrate.orchestration.orders.ports import StrategySeat
from tests.engines.builders import market_of, series

STEPS = 3
Act = Callable[["Plain"], object]


class Plain(HostedStrategy[str]):
    """Its engine does at each step what `engine` says, its code what `code` says; `log` has all that happens."""

    framework = "plain"
    engine: Mapping[str, Act] = {}
    code: Mapping[str, Act] = {}

    def __init__(
        self, seat: StrategySeat, market: Market, rules: ExecutionRules, moment: Moment, notify: Callable[[str], None]
    ) -> None:
        super().__init__(seat, notify)
        self.moment, self.log = moment, list[str]()

    def _do(self, what: str) -> None:
        self.log.append(what)
        if what in self.engine and self.strategy_id == "bad":
            self.engine[what](self)
        if what in self.code and self.strategy_id == "bad":
            self._code.call(self.code[what], self)

    def start(self) -> None:
        self._do("start")

    def advance(self, t: int, rows: Mapping[str, int]) -> None:
        self._do(f"step {self.moment.step}")

    def close(self, t: int) -> None:
        self._do("close")

    def notify(self) -> None:
        self._do("notify")

    def stop(self) -> None:
        self._do("stop")

    def end(self) -> None:
        self._do("end")

    def _release(self, order: Order, verdict: Verdict) -> None:
        self._do(f"release {verdict.name}")

    def _trade(self, order: Order) -> None:
        self._do("trade")

    def _resize(self, verdict: Verdict) -> None:
        self._do(f"resize {verdict.name} to {verdict.quantity:g}: {verdict.reason}")

    def _end(self, verdict: Verdict, *, refused: bool) -> None:
        self._do(f"{'refuse' if refused else 'cancel'} {verdict.name}")

    def _abandon(self) -> None:
        self._do("abandon")

    def _realised(self) -> float:
        return 1.0

    def _held(self) -> dict[str, float]:
        return {"A": 2.0}


def raising(error: BaseException) -> Act:
    def act(_: Plain) -> None:
        raise error

    return act


class Hosts:
    """A host of two natives, "good" and "bad"."""

    def __init__(self, *, stops: bool = True) -> None:
        self.natives: dict[str, Plain] = {}
        stage = market_of(series("A", [(10.0, 10.0)] * STEPS))
        self.stamps = [int(stamp) for stamp in stage.timeline.stamps]
        seats = [StrategySeat(name, 100.0, ("A",), native=object) for name in ("good", "bad")]
        self.host = NativeHost(self.build, stage, seats, ExecutionRules(), ("A",), stops_at_last_bar=stops)

    def build(self, seat: StrategySeat, *arguments: object) -> Plain:
        native = self.natives[seat.strategy_id] = Plain(seat, *arguments)  # type: ignore[arg-type]  # as they come
        return native

    def step(self, number: int) -> list[tuple[str, str]]:
        """The failures that are reported at a step, by strategy."""
        report = self.host.advance(self.stamps[number], {"A": number})
        return [(name, str(error)) for name, error in (*report.failures, *self.host.listen().failures)]


@pytest.fixture(autouse=True)
def _do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plain, "engine", {})
    monkeypatch.setattr(Plain, "code", {})


def test_what_the_code_raises_is_reported_once_and_no_code_runs_again() -> None:
    Plain.code = {"step 0": raising(ValueError("mine")), "step 1": raising(ValueError("never"))}
    hosts = Hosts()
    assert [hosts.step(0), hosts.step(1)] == [[("bad", "mine")], []]
    assert hosts.natives["bad"].log == ["start", "step 0", "abandon", "step 1"]


def test_what_the_engine_raises_breaks_it_and_it_is_not_called_again() -> None:
    Plain.engine = {"step 0": raising(KeyError("x"))}
    hosts = Hosts()
    assert hosts.step(0) == [("bad", "plain broke in the engine of bad: KeyError: 'x'")]
    assert hosts.step(1) == []
    assert hosts.natives["bad"].log == ["start", "step 0"]
    assert hosts.natives["good"].log == ["start", "step 0", "step 1"]
    with pytest.raises(NativeError, match="plain broke"):
        hosts.host.state_of("bad")
    assert hosts.host.state_of("good") == ({"A": 2.0}, 1.0)
    assert hosts.host.holdings() == [("A", 2.0)]


def test_a_native_error_in_the_code_is_about_the_engine() -> None:
    Plain.code = {"step 0": raising(NativeError("damaged"))}
    hosts = Hosts()
    assert hosts.step(0) == [("bad", "damaged")]
    hosts.step(1)
    assert hosts.natives["bad"].log == ["start", "step 0"]


def test_what_happened_before_it_broke_is_reported() -> None:
    def fill_and_break(one: Plain) -> None:
        one.orders.demand("1", Demand("bad", "A", 5.0, False, 10.0, 0, 0, native_order="1"))
        one.orders.release("1", "bad-1")
        one.orders.fill("1", "A", 5.0, 10.0, 0.0, 0)
        raise KeyError("x")

    Plain.engine = {"step 0": fill_and_break}
    hosts = Hosts()
    report = hosts.host.advance(hosts.stamps[0], {"A": 0})
    assert [fill.order_id for fill in report.fills] == ["bad-1"]
    assert [name for name, _ in report.failures] == ["bad"]


@pytest.mark.parametrize("error", [UserInterrupt(), DataError("a figure is too large")])
def test_interrupts_and_faults_of_the_data_are_nobodys_failure(error: BaseException) -> None:
    Plain.engine = {"step 0": raising(error)}
    with pytest.raises(type(error)):
        Hosts().step(0)


def test_natives_stop_after_the_last_bar_once_nothing_is_left_to_report() -> None:
    Plain.engine = {"stop": raising(KeyError("late"))}
    hosts = Hosts()
    for number in range(STEPS - 1):
        assert hosts.step(number) == []
    assert hosts.step(STEPS - 1) == [("bad", "plain broke in the engine of bad: KeyError: 'late'")]
    assert hosts.host.listen() is NOTHING
    assert hosts.natives["good"].log[-2:] == ["step 2", "stop"]


def test_natives_that_do_not_stop_there_end_with_the_run() -> None:
    Plain.engine = {"end": raising(KeyError("too late"))}
    hosts = Hosts(stops=False)
    hosts.step(STEPS - 1)
    hosts.host.end()
    hosts.host.end()
    assert [native.log[-1] for native in hosts.natives.values()] == ["end", "end"]
    assert "stop" not in hosts.natives["good"].log


def test_a_native_that_is_dropped_runs_no_code() -> None:
    Plain.code = {"end": raising(ValueError("never"))}
    hosts = Hosts()
    hosts.host.drop("bad")
    assert hosts.natives["bad"].log == ["start", "end"]
    assert "bad" not in hosts.host
    assert hosts.host.report() is NOTHING


def test_verdicts_come_first_and_then_each_native_is_notified_once() -> None:
    def command(action: str, name: str, strategy_id: str = "bad") -> StrategyCommand:
        order = Order("x", strategy_id, "A", 3.0, False, reason=Reason.CAPITAL, native_order=name)
        return StrategyCommand(strategy_id, action, order)  # type: ignore[arg-type]  # one of them

    hosts = Hosts()
    commands = [command(action, "1") for action in ("submit", "resize", "reject", "cancel")]
    hosts.host.execute([*commands, command("submit", ""), command("cancel", ""), command("submit", "2", "good")])
    assert hosts.natives["bad"].log[1:] == [
        "release 1",
        "resize 1 to 3: capital",
        "refuse 1",
        "cancel 1",
        "trade",
        "notify",
    ]
    assert hosts.natives["good"].log == ["start", "release 2"]
