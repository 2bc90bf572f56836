"""The parameters of a strategy, read from its source: declared, of its constructor, of its engine's configuration."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.domain.engines import ENGINES, AttributeParameters, ConfigParameters, Engine, Natives
from orchestrate.domain.strategies.protocols import Parameter, StrategyDescription

Described = Callable[..., StrategyDescription]
Writer = Callable[..., object]

DECIDES = "    def signals(self, bars): ...\n"


PARAMETERS = """
from orchestrate.domain.strategies.protocols import Parameter, Signals
import orchestrate.domain.strategies.protocols as domain

SLOWEST = 500
WHEN = ("daily", "weekly")

class Parent:
    parameters = {"smooth": Parameter(bool, True)}

class Own(Parent):
    '''Follows a trend.

    At length.
    '''

    parameters: dict[str, Parameter] = {
        "fast": Parameter(int, 20, minimum=1, maximum=SLOWEST, help="bars"),
        "band": domain.Parameter(type=float, default=-0.5, exclusive=True, minimum=-1),
        "when": Parameter(str, "daily", choices=WHEN),
        "model": Parameter(str, required=True),
        "levels": Parameter(list, [1, 2]),
        "any": Parameter(object, None),
        **Parent.parameters,
    }
    relations = ("band < fast",)

    def signals(self, bars): ...
"""


def test_declared_parameters(described: Described):
    description = described(PARAMETERS)
    assert description.parameters == {
        "fast": Parameter(int, 20, minimum=1, maximum=500, help="bars"),
        "band": Parameter(float, -0.5, minimum=-1, exclusive=True),
        "when": Parameter(str, "daily", choices=("daily", "weekly")),
        "model": Parameter(str, required=True),
        "levels": Parameter(list, [1, 2]),
        "any": Parameter(object),
        "smooth": Parameter(bool, True),
    }
    assert description.relations == ("band < fast",)
    assert description.summary == "Follows a trend."
    assert description.name == description.reference == "own.py:Own"


def test_a_declaration_without_a_default_takes_the_constructors(described: Described):
    text = """
    from orchestrate.domain.strategies.protocols import Parameter
    class Own:
        parameters = {"fast": Parameter(int, minimum=1), "slow": Parameter(int, 9), "model": Parameter(str)}
        def __init__(self, model: str, fast: int = 20, slow: int = 50): ...
        def signals(self, bars): ...
    """
    assert described(text).parameters == {
        "fast": Parameter(int, 20, minimum=1),
        "slow": Parameter(int, 9),
        "model": Parameter(str, required=True),
    }


def constructor(signature: str) -> str:
    return f"""
    from dataclasses import dataclass, field
    from typing import Literal, Optional
    import typing
    FAST = 7
    class Own:
        def __init__(self, {signature}): ...
        def signals(self, bars): ...
    """


@pytest.mark.parametrize(
    ("signature", "parameter"),
    [
        ("it: int = 3", Parameter(int, 3)),
        ("it: float = 3", Parameter(float, 3)),
        ("it: bool = True", Parameter(bool, True)),
        ("it: str = 'a'", Parameter(str, "a")),
        ("it: 'int' = 3", Parameter(int, 3)),
        ("it: int = -3", Parameter(int, -3)),
        ("it: int = FAST", Parameter(int, 7)),
        ("it: int", Parameter(int, required=True)),
        ("it", Parameter(object, required=True)),
        ("it: int | None = None", Parameter(int)),
        ("it: None | float = 2", Parameter(float, 2)),
        ("it: Optional[int] = None", Parameter(int)),
        ("it: typing.Optional[str] = None", Parameter(str)),
        ("it: list[int] = None", Parameter(list)),
        ("it: tuple[int, ...] = (1, 2)", Parameter(list, (1, 2))),
        ("it: dict[str, int] = {}", Parameter(dict, {})),
        ("it: Literal['a', 'b'] = 'a'", Parameter(object, "a", choices=("a", "b"))),
        ("it: Annotated[int, 'bars'] = 3", Parameter(int, 3)),
        ("it: typing.Mapping[str, int] = None", Parameter(dict)),
        ("it: Sequence = ()", Parameter(list, ())),
        ("it: 'not an annotation' = 3", Parameter(object, 3)),
        ("it: int | str = 3", Parameter(object, 3)),
        ("it: Decimal = 3", Parameter(object, 3)),
        ("it=3", Parameter(object, 3)),
        ("it=3.5", Parameter(float, 3.5)),
        ("it=False", Parameter(bool, False)),
        ("it='a'", Parameter(str, "a")),
        ("it=compute()", Parameter(object, ...)),
        ("*, it: int = 3", Parameter(int, 3)),
        ("*, it: int", Parameter(int, required=True)),
        ("it: int = 3, *args", Parameter(int, 3)),
    ],
)
def test_parameters_of_a_constructor(described: Described, signature: str, parameter: Parameter):
    assert described(constructor(signature)).parameters == {"it": parameter}


def test_several_parameters_keep_their_defaults_apart(described: Described):
    assert described(constructor("a, b: int = 2, *, c: int, d: int = 4")).parameters == {
        "a": Parameter(object, required=True),
        "b": Parameter(int, 2),
        "c": Parameter(int, required=True),
        "d": Parameter(int, 4),
    }


def test_any_keyword_where_the_constructor_takes_any(described: Described):
    assert described(constructor("fast=3, **more")).parameters is None


def test_no_constructor_no_parameters(described: Described):
    assert described(f"class Own:\n{DECIDES}").parameters == {}


def test_the_constructor_of_a_parent(described: Described):
    text = f"class Parent:\n    def __init__(self, fast: int = 3): ...\nclass Own(Parent):\n{DECIDES}"
    assert described(text).parameters == {"fast": Parameter(int, 3)}


def test_a_parent_that_is_not_found_may_take_anything(described: Described):
    assert described(f"from nowhere import Base\nclass Own(Base):\n{DECIDES}").parameters is None


@pytest.mark.parametrize(
    "start",
    [
        "@attrs.define\nclass Own:",
        "@define(slots=False)\nclass Own:",
        "from typing import NamedTuple\nclass Own(NamedTuple):",
        "import typing\nclass Own(typing.NamedTuple):",
    ],
)
def test_fields_of_classes_like_it(described: Described, start: str):
    assert described(f"{start}\n    fast: int = 3\n{DECIDES}").parameters == {"fast": Parameter(int, 3)}


def test_fields_of_a_dataclass(described: Described):
    text = """
    from dataclasses import dataclass, field
    from typing import ClassVar
    @dataclass
    class Parent:
        fast: int = 3
    @dataclass(frozen=True)
    class Own(Parent):
        slow: int
        levels: list = field(default_factory=list)
        kind: ClassVar[str] = "x"
        _private: int = 0
        def signals(self, bars): ...
    """
    assert described(text).parameters == {
        "fast": Parameter(int, 3),
        "slow": Parameter(int, required=True),
        "levels": Parameter(list, ...),
    }


@pytest.mark.parametrize(
    "params",
    [
        "(('fast', 10), ('slow', 2.5), ('name', 'x'), ('on', True), ('average', bt.ind.SMA))",
        "[('fast', 10), ('slow', 2.5), ('name', 'x'), ('on', True), ('average', bt.ind.SMA)]",
        "dict(fast=10, slow=2.5, name='x', on=True, average=bt.ind.SMA)",
        "{'fast': 10, 'slow': 2.5, 'name': 'x', 'on': True, 'average': bt.ind.SMA}",
    ],
)
def test_backtraders_params(described: Described, params: str):
    assert described(f"import backtrader as bt\nclass Own(bt.Strategy):\n    params = {params}").parameters == {
        "fast": Parameter(object, 10),
        "slow": Parameter(float, 2.5),
        "name": Parameter(str, "x"),
        "on": Parameter(bool, True),
        "average": Parameter(object, ...),
    }


def test_backtraders_params_of_parents_come_first(described: Described):
    text = """
    import backtrader as bt
    class Parent(bt.Strategy):
        params = (("fast", 10), ("slow", 30))
    class Own(Parent):
        params = (("slow", 50), ("flat",))
    """
    assert described(text).parameters == {
        "fast": Parameter(object, 10),
        "slow": Parameter(object, 50),
        "flat": Parameter(object, None),
    }


def test_backtraders_params_that_cannot_be_read_take_anything(described: Described):
    text = "import backtrader as bt\nclass Own(bt.Strategy):\n    params = tuple(make())"
    assert described(text).parameters is None
    assert described("import backtrader as bt\nclass Own(bt.Strategy): ...").parameters == {}


NAUTILUS = """
from decimal import Decimal
from nautilus_trader.config import PositiveFloat, PositiveInt, StrategyConfig
from nautilus_trader.model.data import BarType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

class OwnConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType
    trade_size: Decimal
    fast: PositiveInt = 10
    band: PositiveFloat = 0.5
    note: str | None = None

class Own(Strategy):
    def __init__(self, config: OwnConfig) -> None:
        super().__init__(config)
"""


def test_nautilus_parameters_are_those_of_the_config_class(described: Described):
    parameters = described(NAUTILUS).parameters
    assert parameters is not None
    assert {name: parameters[name] for name in ("trade_size", "fast", "band", "note")} == {
        "trade_size": Parameter(object, required=True),
        "fast": Parameter(int, 10, minimum=0, exclusive=True),
        "band": Parameter(float, 0.5, minimum=0, exclusive=True),
        "note": Parameter(str),
    }


def test_what_a_nautilus_entry_fills_in_is_never_required(described: Described):
    parameters = described(NAUTILUS).parameters
    assert parameters is not None
    for name in ("instrument_id", "bar_type", "order_id_tag", "strategy_id"):
        assert not parameters[name].required
        assert parameters[name].default is ...


def test_the_config_of_a_nautilus_parent(described: Described, write: Writer):
    write("base.py", NAUTILUS.replace("Own", "Base"))
    description = described("from base import Base\nclass Own(Base):\n    def on_bar(self, bar): ...")
    assert description.kind == "nautilus"
    assert description.parameters is not None
    assert description.parameters["fast"].default == 10


@pytest.mark.parametrize("annotation", ["", ": StrategyConfigOfNowhere", ": 'OwnConfig | None'"])
def test_a_nautilus_config_that_cannot_be_read_takes_anything(described: Described, annotation: str):
    text = f"""
    from nautilus_trader.trading.strategy import Strategy
    class Own(Strategy):
        def __init__(self, config{annotation} = None): ...
    """
    assert described(text).parameters is None


def test_a_nautilus_strategy_without_a_constructor_takes_nothing(described: Described):
    assert described("from nautilus_trader.trading import Strategy\nclass Own(Strategy): ...").parameters == {}


LAB = """
from lab.robots import Plan, Robot

class OwnPlan(Plan):
    serial: str
    speed: int = 3

class Own(Robot):
    gears = {"low": 1}

    def __init__(self, plan: OwnPlan): ...
"""


@pytest.mark.parametrize(
    ("declared", "parameters"),
    [
        (AttributeParameters("gears"), {"low": Parameter(object, 1)}),
        (
            ConfigParameters(("serial",), ("Plan",), "Base"),
            {"serial": Parameter(str, ...), "speed": Parameter(int, 3)},
        ),
    ],
)
def test_a_further_engine_says_where_its_natives_declare(
    described: Described,
    monkeypatch: pytest.MonkeyPatch,
    declared: AttributeParameters | ConfigParameters,
    parameters: dict[str, Parameter],
):
    natives = Natives("lab", ("Robot",), declared, sized=False)
    monkeypatch.setitem(ENGINES, "lab", Engine("lab", "", "", natives=natives))
    result = described(LAB)
    assert (result.kind, result.frameworks, result.parameters) == ("lab", ("lab",), parameters)
