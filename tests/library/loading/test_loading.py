"""Loading users' own files: each for itself, with its siblings, leaving nothing behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrate.domain.errors import ConfigurationError, UnknownStrategyError
from orchestrate.wiring import describe, load, load_class, shipped

Writer = Callable[..., Path]


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test may leave more of its files in the interpreter than modules under private names."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    assert sys.path == path
    folder = str(tmp_path_factory.getbasetemp())
    new = {name for name in set(sys.modules) - modules if not name.startswith("_orchestrate_strategy_")}
    assert not {name for name in new if str(getattr(sys.modules[name], "__file__", "")).startswith(folder)}


def loaded(reference: str, beside: Path, **config: object) -> Any:
    return load(describe(reference, beside), config)


def test_an_instance_with_its_parameters(tmp_path: Path, write: Writer):
    write(
        "own.py",
        """
        class Own:
            def __init__(self, fast: int = 3, slow: float = 4):
                self.fast, self.slow = fast, slow
            def signals(self, bars): ...
        """,
    )
    strategy = loaded("own.py:Own", tmp_path, slow=9)
    assert (strategy.fast, strategy.slow) == (3, 9.0)
    assert type(strategy.slow) is float
    with pytest.raises(ConfigurationError, match=r"unknown parameter .fats. of own\.py:Own"):
        loaded("own.py:Own", tmp_path, fats=1)


@pytest.mark.parametrize("parents", ["", "(IStrategy)", "(Generic[T])", "(ABC)"])
def test_without_a_constructor_declared_parameters_become_attributes(tmp_path: Path, write: Writer, parents: str):
    write(
        "own.py",
        f"""
        from abc import ABC
        from typing import Generic, TypeVar
        from orchestrate.domain.strategies.protocols import IStrategy, Parameter
        T = TypeVar("T")
        class Own{parents}:
            parameters = {{"fast": Parameter(int, 3), "slow": Parameter(int, 9)}}
            def should_enter(self, bars): ...
            def should_exit(self, position, bars): ...
        """,
    )
    strategy = loaded("own.py:Own", tmp_path, fast=5)
    assert (strategy.fast, strategy.slow) == (5, 9)


def test_a_constructor_by_another_name(tmp_path: Path, write: Writer):
    write(
        "own.py",
        """
        from typing import NamedTuple
        class Own(NamedTuple):
            fast: int = 3
            def signals(self, bars): ...
        """,
    )
    assert loaded("own.py:Own", tmp_path, fast=7).fast == 7


def test_any_keyword(tmp_path: Path, write: Writer):
    write(
        "own.py",
        """
        class Own:
            def __init__(self, **given): self.given = given
            def on_bar(self, context): ...
        """,
    )
    assert loaded("own.py:Own", tmp_path, a=1, b="x").given == {"a": 1, "b": "x"}


SHARING = """
import helper
COUNT = []
class Own:
    shared = []
    def __init__(self):
        COUNT.append(1)
        self.shared.append(1)
        helper.SEEN.append(1)
    def figures(self):
        return len(COUNT), len(self.shared), len(helper.SEEN)
    def signals(self, bars): ...
"""


def test_one_file_loaded_twice_shares_nothing(tmp_path: Path, write: Writer):
    write("own.py", SHARING)
    write("helper.py", "SEEN = []")
    first, second = loaded("own.py:Own", tmp_path), loaded("own.py:Own", tmp_path)
    assert type(first) is not type(second)
    assert first.figures() == second.figures() == (1, 1, 1)


def test_what_was_loaded_goes_with_the_strategy(tmp_path: Path, write: Writer):
    write("own.py", SHARING)
    write("helper.py", "SEEN = []")
    strategy = loaded("own.py:Own", tmp_path)
    package = type(strategy).__module__.partition(".")[0]
    assert {name for name in sys.modules if name.startswith(package)} == {
        package,
        f"{package}.own",
        f"{package}.helper",
    }
    del strategy
    gc.collect()
    assert not [name for name in sys.modules if name.startswith(package)]


def test_a_strategy_that_cannot_be_referred_to_weakly(tmp_path: Path, write: Writer):
    write("own.py", "class Own:\n    __slots__ = ('x',)\n    def __init__(self): ...\n    def signals(self, bars): ...")
    assert loaded("own.py:Own", tmp_path) is not None


def test_a_changed_file_is_read_again(tmp_path: Path, write: Writer):
    write("own.py", "class Own:\n    answer = 1\n    def signals(self, bars): ...")
    assert loaded("own.py:Own", tmp_path).answer == 1
    write("own.py", "class Own:\n    answer = 2\n    def signals(self, bars): ...")
    assert loaded("own.py:Own", tmp_path).answer == 2


def test_nothing_is_written_beside_the_file(tmp_path: Path, write: Writer):
    write("own.py", SHARING)
    write("helper.py", "SEEN = []")
    loaded("own.py:Own", tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["helper.py", "own.py"]


SIBLINGS = """
import helper
import package
import package.inner
import package.inner as deep
import space.far
from helper import answer
from package import inner, ANSWER
from package.inner import answer as third
from space.far import answer as fourth
from . import helper as relative
from .package.inner import answer as fifth

class Own:
    def signals(self, bars): ...
    def answers(self):
        import late
        from late import answer as sixth
        return [
            helper.answer, answer, package.ANSWER, ANSWER, package.inner.answer, deep.answer, inner.answer, third,
            space.far.answer, fourth, relative.answer, fifth, late.answer, sixth,
        ]
"""


@pytest.mark.parametrize("reference", ["own.py:Own", "own:Own"])
def test_siblings_are_found_at_import_and_later(tmp_path: Path, write: Writer, reference: str):
    write("own.py", SIBLINGS)
    write("helper.py", "answer = 'helper'")
    write("package/__init__.py", "from .inner import answer as ANSWER")
    write("package/inner.py", "import helper\nfrom ..helper import answer as same\nanswer = helper.answer + '/inner'")
    write("space/far.py", "answer = 'far'")
    write("late.py", "answer = 'late'")
    answers = loaded(reference, tmp_path).answers()
    inner = "helper/inner"
    assert answers == ["helper", "helper", *[inner] * 6, "far", "far", "helper", inner, "late", "late"]
    for name in ("helper", "package", "space", "late", "own"):
        assert name not in sys.modules


@pytest.mark.parametrize(
    ("beside", "reference"),
    [("", "strategies/trend.py:Own"), ("configs", "../strategies/trend.py:Own"), ("strategies", "trend.py:Own")],
)
def test_a_path_also_starts_imports_where_it_is_written(tmp_path: Path, write: Writer, beside: str, reference: str):
    """Of a base class too, which is read before anything is loaded. From inside, neighbours have their bare names."""
    (tmp_path / "configs").mkdir()
    inside = beside == "strategies"
    write("strategies/tools.py", "class Tool:\n    def __init__(self, n: int = 7): self.n = n\n")
    source = "tools" if inside else "strategies.tools"
    write("strategies/trend.py", f"from {source} import Tool\nclass Own(Tool):\n    def signals(self, bars): ...\n")
    description = describe(reference, tmp_path / beside)
    assert list(description.parameters or {}) == ["n"]
    strategy: Any = load(description, {"n": 3})
    assert strategy.n == 3


def test_an_absolute_path_starts_imports_in_its_own_folder(tmp_path: Path, write: Writer):
    write("strategies/tools.py", "NAME = 'tools'")
    write("strategies/trend.py", "from tools import NAME\n" + NAMED.replace("dumps(NAME)", "NAME"))
    assert loaded(f"{tmp_path}/strategies/trend.py:Own", tmp_path).name() == "tools"
    write("strategies/trend.py", "from strategies.nowhere import NAME\n" + NAMED)
    with pytest.raises(ModuleNotFoundError):
        loaded(f"{tmp_path}/strategies/trend.py:Own", tmp_path)


def test_two_folders_of_one_name_do_not_clash(tmp_path: Path, write: Writer):
    """Also called as the library's own folder is, and as modules of the standard library are."""
    for place in ("one", "two"):
        write(f"{place}/strategies/trend.py", "from strategies.json import NAME\nfrom json import dumps\n" + NAMED)
        write(f"{place}/strategies/json.py", f"NAME = {place!r}")
    one, two = (loaded("strategies.trend:Own", tmp_path / place) for place in ("one", "two"))
    assert (one.name(), two.name()) == ('"one"', '"two"')
    assert type(load(shipped()["MOMENTUM"], {})).__name__ == "Momentum"


NAMED = """
class Own:
    def signals(self, bars): ...
    def name(self): return dumps(NAME)
"""


def test_a_users_module_comes_before_an_installed_one_of_its_name(tmp_path: Path, write: Writer):
    import json

    write("own.py", "import json, calendar\n" + NAMED.replace("dumps(NAME)", "json.answer, calendar.MONDAY"))
    write("json.py", "answer = 'mine'")
    assert loaded("own.py:Own", tmp_path).name() == ("mine", 0)
    assert sys.modules["json"] is json


def test_orchestrate_itself_is_never_taken_from_a_users_folder(tmp_path: Path, write: Writer):
    write("orchestrate/__init__.py", "raise RuntimeError('the wrong one')")
    write(
        "own.py",
        "from orchestrate.domain.strategies.protocols import Signals\n" + NAMED.replace("dumps(NAME)", "Signals"),
    )
    from orchestrate.domain.strategies.protocols import Signals

    assert loaded("own.py:Own", tmp_path).name() is Signals


@pytest.mark.parametrize("file", ["my strategy-v2.1.py", "import.py", "1st.py"])
def test_files_that_no_import_statement_could_name(tmp_path: Path, write: Writer, file: str):
    write(file, "import helper\n" + NAMED.replace("dumps(NAME)", "helper.answer"))
    write("helper.py", "answer = 'helper'")
    assert loaded(f"{file}:Own", tmp_path).name() == "helper"


def test_a_package_by_its_init_file(tmp_path: Path, write: Writer):
    write("package/__init__.py", "from .inner import Own")
    write("package/inner.py", "from package import other\n" + NAMED.replace("dumps(NAME)", "other.answer"))
    write("package/other.py", "answer = 'other'")
    assert loaded("package:Own", tmp_path).name() == "other"
    assert loaded("package/__init__.py:Own", tmp_path / "").name() == "other"


def test_an_installed_module_is_imported_as_ever(tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch):
    write("site/orchestrate_test_bought.py", NAMED.replace("dumps(NAME)", "__name__"))
    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(tmp_path / "site"))
        first, second = (loaded("orchestrate_test_bought:Own", tmp_path) for _ in range(2))
    assert first.name() == "orchestrate_test_bought"
    assert type(first) is type(second)
    assert first is not second
    del sys.modules["orchestrate_test_bought"]


def test_features_that_look_their_module_up(tmp_path: Path, write: Writer):
    """Dataclasses, enumerations and type hints ask `sys.modules` for the module of a class."""
    write(
        "own.py",
        """
        from __future__ import annotations
        import enum, typing
        from dataclasses import dataclass, field
        class Side(enum.Enum):
            LONG = 1
        @dataclass
        class Own:
            fast: int = 3
            side: typing.ClassVar[Side] = Side.LONG
            levels: list[float] = field(default_factory=list)
            def signals(self, bars): ...
            def hints(self): return typing.get_type_hints(type(self))["side"]
        """,
    )
    strategy = loaded("own.py:Own", tmp_path, fast=4)
    assert (strategy.fast, strategy.levels, strategy.side.name) == (4, [], "LONG")
    assert "Side" in str(strategy.hints())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("class Own:\n    def __init__(self): raise KeyError('mine')\n    def signals(self, b): ...", KeyError),
        ("class Own:\n    def signals(self, b): ...\nraise ZeroDivisionError", ZeroDivisionError),
        ("import absent_module\nclass Own:\n    def signals(self, b): ...", ModuleNotFoundError),
        ("from . import absent\nclass Own:\n    def signals(self, b): ...", ImportError),
        ("import broken\nclass Own:\n    def signals(self, b): ...", SyntaxError),
    ],
)
def test_what_a_users_code_raises_reaches_the_caller(
    tmp_path: Path, write: Writer, text: str, error: type[BaseException]
):
    write("broken.py", "def")
    path = write("own.py", text)
    description = describe("own.py:Own", tmp_path)
    private = {name for name in sys.modules if name.startswith("_orchestrate_strategy_")}
    with pytest.raises(error) as raised:
        load(description, {})
    assert any(entry.path == path for entry in raised.traceback)
    assert {name for name in sys.modules if name.startswith("_orchestrate_strategy_")} == private


def test_a_class_that_has_gone(tmp_path: Path, write: Writer):
    write("own.py", "class Own:\n    def signals(self, bars): ...\nOwn = None")
    with pytest.raises(UnknownStrategyError, match=r"^Unknown strategy: own\.py:Own: Own is not a class after loading"):
        loaded("own.py:Own", tmp_path)


def test_a_native_is_left_to_its_engine(tmp_path: Path, write: Writer):
    write("own.py", "import backtrader as bt\nclass Own(bt.Strategy):\n    params = (('fast', 3),)")
    description = describe("own.py:Own", tmp_path)
    with pytest.raises(ConfigurationError, match="written for backtrader"):
        load(description, {})
    import backtrader

    own = load_class(description)
    assert issubclass(own, backtrader.Strategy)
    assert own.params.fast == 3


def test_a_nautilus_native_and_its_config(tmp_path: Path, write: Writer):
    write(
        "own.py",
        """
        from __future__ import annotations
        from nautilus_trader.config import StrategyConfig
        from nautilus_trader.trading.strategy import Strategy
        class OwnConfig(StrategyConfig, frozen=True):
            fast: int = 3
        class Own(Strategy):
            def __init__(self, config: OwnConfig) -> None:
                super().__init__(config)
        """,
    )
    own = load_class(describe("own:Own", tmp_path))
    config = sys.modules[own.__module__].OwnConfig.parse(b'{"fast": 5}')
    assert own(config).config.fast == 5


def test_loading_a_portable_strategy_imports_no_engine(tmp_path: Path, write: Writer):
    write("own.py", "import numpy\n" + NAMED.replace("dumps(NAME)", "1"))
    script = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from orchestrate.wiring import describe, shipped
        from orchestrate.wiring import load
        for description in [*shipped().values(), describe("own.py:Own", Path({str(tmp_path)!r}))]:
            load(description, {{}})
        heavy = {{name.partition(".")[0] for name in sys.modules}} & {{"backtrader", "nautilus_trader", "pandas"}}
        assert not heavy, heavy
        """
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""})


def test_a_users_folder_never_stands_in_for_an_engine(tmp_path: Path, write: Writer):
    write("backtrader.py", "raise RuntimeError('not the engine')")
    write(
        "own.py",
        "import backtrader\nclass Own:\n    def signals(self, bars): return backtrader.__version__, ()\n",
    )
    strategy: Any = loaded("own.py:Own", tmp_path)
    assert strategy.signals(None)[0]
