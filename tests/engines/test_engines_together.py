"""Both engines in one process: they agree, don't disturb each other, and leave nothing behind."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.builders import ScriptRun, accounts, market_of, order, run_script, series, steps
from tests.engines.conformance.arithmetic import Run, runs
from tests.engines.conformance.in_memory import InMemoryAdapter

ENGINES = [BacktraderOrchestrationAdapter, NautilusOrchestrationAdapter, InMemoryAdapter]
RULES = ExecutionRules(commission=Commission(percent=0.1, minimum=1.0), slippage=Slippage(percent=0.05))
BARS = [(100.0 + step % 13, 100.5 + step % 7) for step in range(60)]
SCRIPT = {step: [order(str(step), 5 if step % 4 < 2 else -5)] for step in range(60)}


@given(run=runs())
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_all_engines_give_the_same_quantities_and_prices_to_the_last_digit(run: Run) -> None:
    backtrader, nautilus, plain = (run_script(engine(), run.market, run.rules, run.script) for engine in ENGINES)
    facts = [
        [(fill.order_id, fill.strategy_id, fill.symbol, fill.quantity, fill.price, fill.t) for fill in script_run.fills]
        for script_run in (backtrader, nautilus, plain)
    ]
    assert facts[0] == facts[1] == facts[2]
    assert nautilus.fees == pytest.approx(backtrader.fees, abs=1e-8)


@pytest.mark.parametrize("slippage", [Slippage(ticks=1), Slippage(percent=0.013)])
@pytest.mark.parametrize("precision", [1, 5, 8])
def test_slippage_of_prices_with_many_digits_is_the_same_to_the_last_one(slippage: Slippage, precision: int) -> None:
    dice = np.random.default_rng(precision)
    prices = np.round(10 ** dice.uniform(3, 8 - precision / 4, size=200), precision)
    market = market_of(series("A", [(price, price) for price in prices]), A=Instrument("A", precision=precision))
    script = {step: [order(str(step), 5 if step % 4 < 2 else -5)] for step in range(200)}
    first, second, third = (
        run_script(engine(), market, ExecutionRules(slippage=slippage), script) for engine in ENGINES
    )
    assert first.prices == second.prices == third.prices
    if slippage.ticks:
        tick = Decimal(1).scaleb(-precision)
        signs = [1 if fill.quantity > 0 else -1 for fill in first.fills]
        exact = [Decimal(repr(float(price))) + sign * tick for price, sign in zip(prices, signs, strict=True)]
        assert first.prices == [float(price) for price in exact]


def test_engines_alive_at_once_give_what_they_give_alone() -> None:
    market = market_of(series("A", BARS))
    alone = [run_script(engine(), market, RULES, SCRIPT) for engine in ENGINES]
    living: list[OrchestrationPort] = [engine() for engine in ENGINES]
    together = [ScriptRun() for _ in living]
    for engine in living:
        engine.begin(market, accounts(market), RULES)
    loops = [
        steps(engine, market, RULES, SCRIPT, script_run, every_bar=False)
        for engine, script_run in zip(living, together, strict=True)
    ]
    for _ in zip(*loops, strict=True):
        pass
    for engine in living:
        engine.end()
    assert together == alone


@pytest.mark.parametrize("ended_first", [0, 1])
def test_ending_one_engine_leaves_another_of_its_kind_alive(ended_first: int) -> None:
    market = market_of(series("A", BARS))
    alone = run_script(NautilusOrchestrationAdapter(), market, RULES, SCRIPT)
    pair = [NautilusOrchestrationAdapter(), NautilusOrchestrationAdapter()]
    script_run = [ScriptRun(), ScriptRun()]
    for engine in pair:
        engine.begin(market, accounts(market), RULES)
    loops = [
        steps(engine, market, RULES, SCRIPT, seen, every_bar=False)
        for engine, seen in zip(pair, script_run, strict=True)
    ]
    for _ in range(20):
        next(loops[0]), next(loops[1])
    pair[ended_first].end()
    other = 1 - ended_first
    for _ in loops[other]:
        pass
    pair[other].end()
    assert script_run[other] == alone


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_is_silent_and_changes_nothing_of_the_process(
    engine: type[OrchestrationPort], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    market = market_of(series("A", BARS))
    run_script(engine(), market, RULES, SCRIPT)  # what is loaded once is loaded
    monkeypatch.chdir(tmp_path)
    before = _process()
    run_script(engine(), market, RULES, SCRIPT)
    assert _process() == before
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def _process() -> dict[str, object]:
    return {
        "signals": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "environment": dict(os.environ),
        "threads": threading.active_count(),
        "warnings": list(warnings.filters),
        "folder": Path.cwd(),
        "exception hook": sys.excepthook,
    }


def test_a_real_interrupt_while_an_engine_fills(request: pytest.FixtureRequest) -> None:
    class Interrupted(ExecutionRules):
        def fee(self, quantity: float, price: float, instrument: object) -> float:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1.0)
            return 0.0

    market = market_of(series("A", BARS))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background may ignore it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    for engine in ENGINES:
        with pytest.raises(KeyboardInterrupt):
            run_script(engine(), market, Interrupted(), SCRIPT)


@pytest.mark.parametrize("engine", ENGINES)
def test_warnings_of_the_engines_libraries_dont_become_ours(engine: type[OrchestrationPort]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run_script(engine(), market_of(series("A", BARS)), RULES, SCRIPT).fills


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_an_order_costs_the_same_however_many_came_before(engine: type[OrchestrationPort]) -> None:
    orders, fifth = 10_000, 2_000
    market = market_of(series("A", [(100.0 + step % 13, 100.5) for step in range(orders)]))
    script = {step: [order(str(step), 5 if step % 2 == 0 else -5)] for step in range(orders)}
    living = engine()
    living.begin(market, accounts(market), RULES)
    loop = steps(living, market, RULES, script, ScriptRun(), every_bar=False)
    costs = []
    gc.collect()
    gc.disable()  # a collection in the last fifths would look at all that the first have left
    try:
        for _ in range(orders // fifth):
            started = time.process_time()
            assert len(list(itertools.islice(loop, fifth))) == fifth
            costs.append(time.process_time() - started)
    finally:
        gc.enable()
    living.end()
    assert min(costs[-2:]) < 1.5 * min(costs[:2])


def _in_a_fresh_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("kept", "gone", "library"),
    [
        ("backtrader", "nautilus", "nautilus_trader"),
        ("nautilus", "backtrader", "backtrader"),
    ],
)
def test_an_engine_works_where_the_other_was_deleted(kept: str, gone: str, library: str) -> None:
    output = _in_a_fresh_process(
        f"""
        import sys
        class Blocked:
            def find_spec(self, name, path=None, target=None):
                if name.startswith("orchestrate.engines.{gone}") or name.split(".")[0] == "{library}":
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Blocked())
        from importlib import import_module
        engine = import_module("orchestrate.engines.{kept}.adapter")
        from orchestrate.domain.orders.execution import ExecutionRules
        from tests.engines.builders import market_of, order, run_script, series
        adapter = getattr(engine, "{kept.capitalize()}OrchestrationAdapter")
        market = market_of(series("A", [(1.0, 2.0), (3.0, 4.0)]))
        script_run = run_script(adapter(), market, ExecutionRules(), {{1: [order("b", 2)]}})
        print(script_run.prices)
        """
    )
    assert output == "[3.0]\n"


def test_settings_import_no_engine() -> None:
    output = _in_a_fresh_process(
        """
        import sys
        import orchestrate.engines.backtrader.settings, orchestrate.engines.nautilus.settings
        print(sorted({"backtrader", "nautilus_trader", "numpy", "pandas"} & set(sys.modules)))
        """
    )
    assert output == "[]\n"
