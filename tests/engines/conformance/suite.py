"""What every engine behind `OrchestrationPort` owes. An engine's test is a subclass with `engine`, nothing else."""

from __future__ import annotations

from hypothesis import given, settings

from tests.engines.builders import run_script
from tests.engines.conformance.arithmetic import Run, runs, worked_out
from tests.engines.conformance.candidate import FEEDS, near
from tests.engines.conformance.joining import Joining
from tests.engines.conformance.life import Life
from tests.engines.conformance.positions import Positions
from tests.engines.conformance.prices import Prices
from tests.engines.conformance.resting import Resting


class EngineConformance(Prices, Positions, Resting, Joining, Life):
    """All of it, and random runs against schoolbook arithmetic."""

    def test_any_run_equals_plain_arithmetic(self) -> None:
        @given(run=runs())
        @settings(max_examples=60, deadline=None, derandomize=True, database=None)
        def every(run: Run) -> None:
            self._equals_plain_arithmetic(run)

        every()

    def _equals_plain_arithmetic(self, run: Run) -> None:
        expected = worked_out(run)
        script_run = run_script(self.engine(), run.market, run.rules, run.script)
        assert [fill.order_id for fill in script_run.fills] == [
            each.id for orders in run.script.values() for each in orders
        ]
        assert script_run.prices == near(expected.prices)
        assert script_run.fees == near(expected.fees)
        assert [state.realised for state in script_run.states] == near(expected.realised)
        assert [{name: q for name, q in state.quantities.items() if q} for state in script_run.states] == expected.held
        for feed in FEEDS:
            again = run_script(self.engine(feed), run.market, run.rules, run.script, every_bar=True)
            assert again.fills == script_run.fills
            assert [again.states[step] for step in run.script] == script_run.states
