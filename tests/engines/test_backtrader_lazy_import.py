"""Backtrader as a run imports it: parts are loaded on first use, and are then what `import backtrader` has."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

IMPORT = "from orchestrate.engines.backtrader.lazy_import import bt\nimport sys\n"
#: What a module defines, to be compared between two processes.
DESCRIBE = """
def described(one):
    if not isinstance(one, type):
        return type(one).__name__
    lines, params = getattr(one, "lines", None), getattr(one, "params", None)
    return (
        f"{one.__module__}.{one.__name__}",
        [parent.__name__ for parent in one.__mro__],
        sorted(vars(one)),
        lines._getlines() if isinstance(lines, type) else None,
        list(params._getpairs()) if isinstance(params, type) else None,
    )

parts = ["", ".indicators", ".indicators.contrib", ".studies", ".studies.contrib", ".strategies", ".talib"]
for part in [*parts, ".analyzers", ".feeds", ".filters", ".observers"]:
    module = sys.modules["backtrader" + part]
    for name, one in sorted(vars(module).items()):
        if name not in ("__builtins__", "__spec__", "__loader__"):
            print(module.__name__, name, described(one))
"""
#: Ways to come to an indicator; each ends with what should be the class.
WAYS = (
    "found = bt.ind.SMA",
    "found = bt.indicators.MovingAverageSimple.__subclasses__()[0]",
    "from backtrader.indicators import SMA as found",
    "from backtrader.indicators.sma import SMA as found",
    "import backtrader.indicators as indicators; found = indicators.MovAv.SMA",
    "import backtrader; found = backtrader.indicators.sma.SMA",
    "from backtrader.indicators import *; found = SMA",
    "found = vars(bt.ind)['SMA']",
    "found = getattr(bt.ind, 'SMA'); assert 'SMA' in dir(bt.ind)",
    "found = {name: getattr(bt.ind, name) for name in dir(bt.ind)}['SMA']",
    "from backtrader.indicators.contrib import vortex; assert bt.ind.Vortex is vortex.Vortex; found = bt.ind.SMA",
    "import backtrader.indicators.contrib.vortex; found = bt.ind.SMA",
    "assert bt.studies.Fractal.__mro__[1] is bt.ind.PeriodN; found = bt.ind.SMA",
    "found = bt.strategies.MA_CrossOver.params._movav",
    "bt.ind.SMA = found = type('SMA', (), {'__module__': 'backtrader.indicators.sma'}); assert bt.ind.SMA is found",
    "import importlib; found = importlib.import_module('backtrader.indicators').SMA",
)


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_parts_are_not_there_until_first_use() -> None:
    code = """
known = [name for name in sys.modules if name.startswith(("backtrader.indicators.", "talib", "pandas"))]
print(known, bt.ind is bt.indicators, bt.ind.__name__, bt.talib.__spec__.name)
bt.ind.SMA
print([name for name in sys.modules if name.startswith(("talib", "pandas"))], len(dir(bt.ind)) > 150)
"""
    before, after = python(IMPORT + code).splitlines()
    assert before == "['backtrader.indicators.contrib'] True backtrader.indicators backtrader.talib"
    assert after == "[] True"


def test_every_way_leads_to_the_same_indicator() -> None:
    """Each in a process of its own, forked where nothing is loaded yet."""
    code = """
import os
for way in WAYS:
    child = os.fork()
    if not child:
        space = {"bt": bt}
        try:
            exec(way, space)
            found = space["found"]
            assert (found.__name__, found.__module__) == ("SMA", "backtrader.indicators.sma")
            assert type(bt.indicators) is type(sys)
            assert bt.ind is bt.indicators is sys.modules["backtrader.indicators"]
            assert bt.indicators.contrib is sys.modules["backtrader.indicators.contrib"]
            assert bt.ind.Vortex.__module__ == "backtrader.indicators.contrib.vortex"
            os._exit(0)
        except BaseException as error:
            print(way, repr(error), flush=True)
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        print(way, "broke")
"""
    assert python(f"{IMPORT}WAYS = {WAYS!r}\n{code}") == ""


def test_all_parts_are_what_a_plain_import_defines() -> None:
    plain = python(f"import sys\nimport backtrader as bt\n{DESCRIBE}").splitlines()
    used = "bt.talib.__all__, bt.strategies.MA_CrossOver, bt.studies.Fractal, bt.ind.SMA, "
    used += "bt.feeds.PandasData, bt.analyzers.SharpeRatio, bt.filters.Renko, bt.observers.Broker\n"
    assert python(f"{IMPORT}{used}{DESCRIBE}").splitlines() == plain
    assert sum(line.startswith("backtrader.indicators ") for line in plain) > 150


def test_what_is_imported_already_is_left_alone() -> None:
    code = "import backtrader, sys\nbefore = dict(sys.modules)\n"
    code += "from orchestrate.engines.backtrader.lazy_import import bt\n"
    code += "print(bt is backtrader, all(sys.modules[name] is module for name, module in before.items()))"
    assert python(code) == "True True\n"


def test_runs_in_threads_come_to_parts_from_any_side() -> None:
    """Where the strategies of some import a module of a part, and those of others the part, none waits for ever."""
    code = """
import faulthandler
import threading
faulthandler.dump_traceback_later(40, exit=True)
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
WAYS = ("from backtrader.indicators.sma import SMA", "from backtrader.indicators import *", "bt.ind.SMA",
        "from backtrader.feeds.csvgeneric import GenericCSV", "bt.feeds.PandasData", "from backtrader.talib import *")
found = []
together = threading.Barrier(12)

def run(way):
    together.wait()
    BacktraderOrchestrationAdapter()
    exec(way, {"bt": bt})
    found.append(way)

threads = [threading.Thread(target=run, args=(way,)) for way in WAYS * 2]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(sorted(found) == sorted(WAYS * 2))
"""
    assert python(IMPORT + code) == "True\n"


def test_a_part_that_breaks_tells_so_each_time(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "talib.py").write_text("raise OSError('its library is another version')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    code = """
for _ in range(2):
    try:
        bt.talib.SMA
    except OSError as error:
        print(error)
print(bt.ind.SMA.__name__)
"""
    assert python(IMPORT + code).splitlines() == ["its library is another version"] * 2 + ["SMA"]
