"""What is traded is traded in the capital's currency where nothing else is said, on either engine."""

from __future__ import annotations

import pytest

CONFIG = """\
capital: {{total: 10000, currency: EUR}}
data: {{A: {{synthetic: {{bars: 120, seed: 4}}}}}}
strategy: {{name: MOMENTUM, framework: {framework}, config: {{fast: 3, slow: 8}}}}
mode: single
execution: {{commission: {{percent: 0.1}}, lots: {lots}}}
"""


@pytest.mark.parametrize("lots", ["integer", "fractional"])
@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
def test_a_capital_in_euro_trades_in_euro(prompt, monkeypatch, framework: str, lots: str) -> None:
    from orchestrate.usecases.running import setup as usecase

    seen = []
    load = usecase.load

    def looking(*arguments, **settings):
        loaded = load(*arguments, **settings)
        seen.append(loaded.market.instruments["A"].currency)
        return loaded

    monkeypatch.setattr(usecase, "load", looking)
    prompt.write("euro.yaml", CONFIG.format(framework=framework, lots=lots))
    prompt.write("dollar.yaml", CONFIG.format(framework=framework, lots=lots).replace("EUR", "USD"))
    euro, dollar = (
        prompt("backtest", name, "--format", "json").document["portfolio"] for name in ("euro.yaml", "dollar.yaml")
    )
    assert seen == ["EUR", "USD"]
    assert euro == dollar
    assert euro["metrics"]["trades"] > 2
