"""How an engine begins, breaks and ends, alone and beside others."""

from __future__ import annotations

import pytest

from orchestrate.domain.errors import EngineError
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from tests.engines.builders import ScriptRun, accounts, market_of, order, run_script, series, steps, submit
from tests.engines.conformance.candidate import FIVE, PLAIN, Candidate


class Life(Candidate):
    """Runs in a row, interleaved, interrupted."""

    def test_nothing_to_do(self) -> None:
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), PLAIN, {}, every_bar=True)
        assert (script_run.fills, script_run.held, script_run.realised) == ([], {}, 0.0)

    def test_messages_count_orders_and_fills(self) -> None:
        script = {0: [order("1", 1), order("2", 1)], 1: [order("3", -2)]}
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), PLAIN, script)
        assert [state.messages for state in script_run.states] == [4, 6]

    def test_runs_one_after_another_are_equal(self) -> None:
        script = {0: [order("1", 5)], 2: [order("2", -2)], 3: [order("3", -3)]}
        first, second = (run_script(self.engine(), market_of(series("A", FIVE)), PLAIN, script) for _ in range(2))
        assert first == second

    def test_interleaved_runs_are_equal_to_runs_alone(self) -> None:
        rules = ExecutionRules(commission=Commission(percent=0.1), slippage=Slippage(ticks=1))
        bars = [(10.0 + step, 10.25 + step) for step in range(12)]
        markets = [market_of(series("A", bars)), market_of(series("A", bars[::-1]))]
        scripts = [
            {step: [order(str(step), 5 if step % 4 < 2 else -5)] for step in range(start, 12, 1 + start)}
            for start in (0, 1)
        ]
        alone = [run_script(self.engine(), *each) for each in zip(markets, [rules] * 2, scripts, strict=True)]
        engines, together = [self.engine(), self.engine()], [ScriptRun(), ScriptRun()]
        for engine, market in zip(engines, markets, strict=True):
            engine.begin(market, accounts(market), rules)
        left, right = (
            steps(engine, market, rules, script, script_run, every_bar=False)
            for engine, market, script, script_run in zip(engines, markets, scripts, together, strict=True)
        )
        alive = [left, right]
        while alive:
            alive = [run for run in alive if next(run, None) is not None]
        for engine in engines:
            engine.end()
        assert together == alone

    def test_end_is_legal_twice_and_at_any_time(self) -> None:
        engine = self.engine()
        engine.end()
        market = market_of(series("A", FIVE))
        engine = self.engine()
        engine.begin(market, accounts(market), PLAIN)
        engine.execute_commands(submit(order("b", 1)))
        engine.end()
        engine.end()

    @pytest.mark.parametrize("raised", [KeyboardInterrupt(), EngineError("a rule that breaks")])
    @pytest.mark.parametrize("rule", ["fee", "fill_price"])
    def test_what_is_raised_inside_gets_out_as_itself_and_the_engine_ends(
        self, raised: BaseException, rule: str
    ) -> None:
        def broken(*_: object) -> float:
            raise raised

        market = market_of(series("A", FIVE))
        engine = self.engine()
        engine.begin(market, accounts(market), type("Breaking", (ExecutionRules,), {rule: broken})())
        event = next(iter(market.timeline.events()))
        engine.execute_commands(submit(order("b", 1)))
        with pytest.raises(type(raised)) as caught:
            engine.advance(event.t, event.rows)
        assert caught.value is raised
        engine.end()
        script = {0: [order("b", 1)]}
        assert run_script(self.engine(), market, PLAIN, script).prices == [10.0]

    def test_an_engine_that_breaks_is_named(self) -> None:
        class Breaking(ExecutionRules):
            def fill_price(self, raw: float, quantity: float, instrument: Instrument) -> float:
                raise ValueError("no such price")

        market = market_of(series("A", FIVE))
        engine = self.engine()
        engine.begin(market, accounts(market), Breaking())
        event = next(iter(market.timeline.events()))
        engine.execute_commands(submit(order("the-order", 1)))
        with pytest.raises(EngineError, match=r"the-order.*no such price"):
            engine.advance(event.t, event.rows)
        engine.end()

    def test_only_the_step_under_way_closes(self) -> None:
        market = market_of(series("A", FIVE))
        engine = self.engine()
        engine.begin(market, accounts(market), PLAIN)
        first, second = list(market.timeline.events())[:2]
        engine.advance(first.t, first.rows)
        engine.execute_commands(submit(order("b", 1)))
        with pytest.raises(EngineError, match=str(second.t)):
            engine.close(second.t)
        assert engine.close(first.t)[0].price == 10.5
        engine.end()

    def test_an_order_is_handed_over_once(self) -> None:
        market = market_of(series("A", FIVE))
        engine = self.engine()
        engine.begin(market, accounts(market), PLAIN)
        with pytest.raises(EngineError, match="twice"):
            engine.execute_commands(submit(order("b", 1), order("b", 1)))
        engine.end()
