"""What can be inferred of a class without importing it: its kind, its frameworks, its parameters.

One file, though long: every way to write a class stands beside the others, so that a new one is seen to be new.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.domain.errors import UnknownStrategyError
from orchestrate.domain.strategies.protocols import StrategyDescription
from orchestrate.wiring import shipped

Described = Callable[..., StrategyDescription]
Writer = Callable[..., object]

DECIDES = "    def signals(self, bars): ...\n"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("class Own:\n    def signals(self, bars): ...", "signals"),
        ("class Own:\n    def should_enter(self, b): ...\n    def should_exit(self, p, b): ...", "istrategy"),
        ("class Own:\n    def on_bar(self, context): ...", "on_bar"),
        ("class Base:\n    def signals(self, bars): ...\nclass Own(Base): ...", "signals"),
        ("from abc import ABC\nclass Own(ABC):\n    def on_bar(self, c): ...", "on_bar"),
        (
            "import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def signals(self, b): ...\n"
            "    @abc.abstractmethod\n    def on_bar(self, c): ...\nclass Own(Base):\n    def on_bar(self, c): ...",
            "on_bar",
        ),
        (
            "from orchestrate.domain.strategies.protocols import IStrategy\nclass Own(IStrategy):\n"
            "    def should_enter(self, b): ...\n    def should_exit(self, p, b): ...",
            "istrategy",
        ),
        ("def decide(self, bars): ...\nclass Own:\n    signals = decide", "signals"),
        ("if True:\n    class Own:\n        def signals(self, bars): ...", "signals"),
        ("import backtrader as bt\nclass Own(bt.Strategy): ...", "backtrader"),
        ("import backtrader\nclass Own(backtrader.Strategy): ...", "backtrader"),
        ("import backtrader\nclass Own(backtrader.strategy.Strategy): ...", "backtrader"),
        ("from backtrader import Strategy\nclass Own(Strategy): ...", "backtrader"),
        ("from backtrader import Strategy as Base\nclass Own(Base): ...", "backtrader"),
        ("from backtrader import *\nclass Own(Strategy): ...", "backtrader"),
        ("from backtrader import strategy\nclass Own(strategy.Strategy): ...", "backtrader"),
        ("import backtrader as bt\nclass Own(bt.SignalStrategy): ...", "backtrader"),
        ("import backtrader as bt\nclass Base(bt.Strategy): ...\nclass Own(Base): ...", "backtrader"),
        ("import backtrader as bt\nclass Own(bt.Strategy):\n    def signals(self): ...", "backtrader"),
        ("try:\n    import backtrader as bt\nexcept ImportError: ...\nclass Own(bt.Strategy): ...", "backtrader"),
        ("from backtrader.strategies import MA_CrossOver\nclass Own(MA_CrossOver): ...", "backtrader"),
        ("from nautilus_trader.trading.strategy import Strategy\nclass Own(Strategy): ...", "nautilus"),
        ("from nautilus_trader.trading import Strategy as S\nclass Own(S):\n    def on_bar(self, b): ...", "nautilus"),
        ("import nautilus_trader.trading\nclass Own(nautilus_trader.trading.strategy.Strategy): ...", "nautilus"),
        ("import nautilus_trader.trading as nt\nclass Own(nt.Strategy): ...", "nautilus"),
        ("from nautilus_trader.examples.strategies.ema_cross import EMACross\nclass Own(EMACross): ...", "nautilus"),
    ],
)
def test_the_kind_is_recognised(described: Described, text: str, kind: str):
    description = described(text)
    assert description.kind == kind
    assert description.frameworks == (
        ("backtrader", "nautilus") if kind in ("signals", "istrategy", "on_bar") else (kind,)
    )


@pytest.mark.parametrize(
    ("base", "kind"),
    [
        ("from parent import Parent\nclass Own(Parent): ...", "backtrader"),
        ("import parent\nclass Own(parent.Parent): ...", "backtrader"),
        ("from .parent import Parent\nclass Own(Parent): ...", "backtrader"),
        ("from parent import *\nclass Own(Parent): ...", "backtrader"),
        ("from package import Parent\nclass Own(Parent): ...", "backtrader"),
        ("from package.inner import Parent\nclass Own(Parent): ...", "backtrader"),
        ("from parent import Own as Parent\nclass Own(Parent): ...", "signals"),
        ("from parent import Own\nclass Own(Own): ...", "signals"),
    ],
)
def test_parents_are_followed_into_other_files(described: Described, write: Writer, base: str, kind: str):
    parent = f"import backtrader as bt\nclass Parent(bt.Strategy): ...\nclass Own:\n{DECIDES}"
    write("parent.py", parent)
    write("package/__init__.py", "from .inner import Parent")
    write("package/inner.py", "from ..parent import Parent")
    assert described(base).kind == kind


def test_parents_that_inherit_in_a_circle_end_somewhere(described: Described):
    with pytest.raises(UnknownStrategyError, match="class Own is no strategy"):
        described("class Other(Own): ...\nclass Own(Other): ...")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Own: ...", "class Own is no strategy"),
        ("class Own:\n    def should_enter(self, b): ...", "class Own has should_enter but no should_exit"),
        ("class Own:\n    def should_exit(self, p, b): ...", "class Own has should_exit but no should_enter"),
        (
            "class Own:\n    def signals(self, b): ...\n    def on_bar(self, c): ...",
            "class Own has signals and on_bar: it may have only one of them",
        ),
        ("class Own:\n    async def on_bar(self, c): ...", "class Own is no strategy"),
        ("import backtrader as bt\nclass Own(bt.Indicator): ...", "no strategy: backtrader.Indicator is none"),
        ("from nowhere import Base\nclass Own(Base): ...", "its parent nowhere.Base can't be found"),
        (
            "import backtrader as bt\nimport nautilus_trader.trading as nt\nclass Own(bt.Strategy, nt.Strategy): ...",
            "class Own is a strategy of both engines",
        ),
        ("class Own(", "own.py:1: syntax error"),
        ("x = 1\n\nclass Own:\n    def signals(self, bars)\n", "own.py:4: syntax error"),
        ("class Own:\n    parameters = make()\n" + DECIDES, "must be written as a dict"),
        ("class Own:\n    parameters = {'a': 5}\n" + DECIDES, "parameter 'a' of Own must be written as Parameter(type"),
        (
            "class Own:\n    parameters = {'a': Parameter(Decimal)}\n" + DECIDES,
            "`Decimal` is not a type of a parameter",
        ),
        ("class Own:\n    parameters = {'a': Parameter(int, f())}\n" + DECIDES, "`f()` can't be known without running"),
        ("class Own:\n    parameters = {'a': Parameter(int, least=1)}\n" + DECIDES, "Parameter takes type, default,"),
        ("class Own:\n    parameters = {'a': Parameter(int, minimum='x')}\n" + DECIDES, "minimum must be a number"),
        ("class Own:\n    parameters = {'a': Parameter(int, choices=5)}\n" + DECIDES, "choices must be a tuple"),
        ("class Own:\n    parameters = {name: Parameter(int)}\n" + DECIDES, "is no plain text"),
        ("class Own:\n    parameters = {**other()}\n" + DECIDES, "can't be followed"),
        ("class Own:\n    parameters = {}\n    relations = ('a < b',)\n" + DECIDES, "'a', which is not a parameter"),
        ("class Own:\n    parameters = {}\n    relations = 'a < b'\n" + DECIDES, "must be a tuple of texts"),
        ("class Own:\n    parameters = {}\n    relations = ('x()',)\n" + DECIDES, "is not a comparison"),
    ],
)
def test_classes_that_are_no_strategies_are_reported(described: Described, text: str, message: str):
    with pytest.raises(UnknownStrategyError) as raised:
        described(text)
    assert str(raised.value).startswith("Unknown strategy: own.py:Own: ")
    assert message in str(raised.value)


def test_the_error_says_what_to_do(described: Described):
    with pytest.raises(UnknownStrategyError) as raised:
        described("class Own: ...")
    assert "signals(bars), should_enter(bars) and should_exit(position, bars), or on_bar(context)" in str(raised.value)


@pytest.mark.parametrize(
    ("reference", "kind", "some"),
    [
        ("nautilus_trader.examples.strategies.ema_cross:EMACross", "nautilus", {"fast_ema_period", "trade_size"}),
        ("nautilus_trader.examples.strategies.ema_cross_long_only:EMACrossLongOnly", "nautilus", {"slow_ema_period"}),
        ("backtrader.strategies.sma_crossover:MA_CrossOver", "backtrader", {"fast", "slow"}),
    ],
)
def test_strategies_that_come_with_the_engines(described: Described, reference: str, kind: str, some: set[str]):
    description = described("", reference)
    assert description.kind == kind
    assert description.parameters is not None
    assert some <= set(description.parameters)


# ---- the columns that a strategy needs


@pytest.mark.parametrize(
    ("code", "columns"),
    [
        ("return len(bars) > 1 and bars[-1].close > bars.high[-2]", ("high", "close")),
        ("return bars.volume[-3:].mean() > moving_average(bars.open, 3)[-1]", ("open", "volume")),
        ("self.close(); return bars[-1].low > 1", ("low",)),  # a method is no column
        ("return range_of(bars) > bars.close[-1]", ()),  # it may read anything
        ("return self.seen(bars[-1], bars.close)", ()),
        ("return self.seen(window=bars[-5:])", ()),
        ("return True", ()),
    ],
)
def test_columns_that_methods_read_are_needed(described: Described, code: str, columns: tuple[str, ...]):
    text = f"""
class Own:
    def should_enter(self, bars):
        {code}

    def should_exit(self, position, bars):
        return False
"""
    assert described(text).traits.get("data_needs", ()) == columns


def test_columns_of_a_context_and_of_a_parent_are_needed(described: Described):
    text = """
class Parent:
    def on_bar(self, context):
        return self.act(context.bars(context.symbols[0]).close)

class Own(Parent):
    def act(self, closes):
        return [bar.high for bar in closes]
"""
    assert described(text).traits["data_needs"] == ("high", "close")


def test_what_a_class_declares_is_what_it_needs(described: Described):
    declared = "class Own:\n    traits = {'data_needs': ('volume',)}\n"
    text = f"{declared}    def signals(self, bars): return bars.close, bars.open\n"
    assert described(text).traits["data_needs"] == ("volume",)
    native = "import backtrader as bt\nclass Own(bt.Strategy):\n    def next(self): self.data.high\n"
    assert "data_needs" not in described(native).traits


def test_strategies_of_the_library_say_what_they_are():
    for name, strategy in shipped().items():
        assert {"style", "direction", "horizon", "data_needs"} <= strategy.traits.keys(), name
