"""How a reference finds its file, and what is said when it doesn't."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate import StrategyLibrary
from orchestrate.domain.errors import ConfigurationError, UnknownStrategyError
from orchestrate.library.catalogue import rules
from orchestrate.wiring import describe, installed, shipped

Writer = Callable[..., Path]

OWN = '''
class Own:
    """Mine.

    All of its rules.
    """
    def signals(self, bars): ...
'''


def refused(reference: str, beside: Path) -> str:
    with pytest.raises(UnknownStrategyError) as raised:
        describe(reference, beside)
    text = str(raised.value)
    assert text.startswith(f"Unknown strategy: {reference}")
    return text


@pytest.mark.parametrize(
    ("file", "reference"),
    [
        ("own.py", "own.py:Own"),
        ("own.py", "./own.py:Own"),
        ("own.py", "own:Own"),
        ("deep/down/own.py", "deep/down/own.py:Own"),
        ("deep/down/own.py", "deep.down.own:Own"),
        ("strategies/own.py", "strategies.own:Own"),
        ("strategies/own.py", "strategies/own.py:Own"),
        ("json/own.py", "json.own:Own"),
        ("my strategy-v2.1.py", "my strategy-v2.1.py:Own"),
    ],
)
def test_looked_up_beside_the_configuration(tmp_path: Path, write: Writer, file: str, reference: str):
    path = write(file, OWN)
    description = describe(reference, tmp_path)
    assert description.source == f"{path}:Own"
    assert (description.name, description.reference) == (reference, reference)
    assert rules(description) == "Mine.\n\nAll of its rules."


def test_an_absolute_path(tmp_path: Path, write: Writer):
    path = write("own.py", OWN)
    assert describe(f"{path}:Own", Path("/")).source == f"{path}:Own"


def test_a_package_is_its_init_file_and_may_take_the_class_from_elsewhere(tmp_path: Path, write: Writer):
    write("package/__init__.py", "from .inner import Own")
    write("package/inner.py", OWN)
    description = describe("package:Own", tmp_path)
    assert (description.kind, description.summary) == ("signals", "Mine.")
    assert rules(description) == "Mine.\n\nAll of its rules."


def test_the_configurations_folder_precedes_the_working_directory(
    tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch
):
    write("here/own.py", OWN)
    there = write("there/own.py", OWN)
    monkeypatch.chdir(tmp_path / "here")
    assert describe("own.py:Own", tmp_path / "there").source == f"{there}:Own"
    assert describe("own.py:Own", tmp_path / "elsewhere").source == f"{tmp_path / 'here' / 'own.py'}:Own"


def test_a_module_that_is_installed(tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch):
    write("site/bought/trend.py", OWN)
    write("site/bought/__init__.py", "raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert describe("bought.trend:Own", tmp_path).source == "bought.trend:Own"
    assert "bought" not in sys.modules


def test_the_library_comes_by_name(tmp_path: Path):
    assert describe("MOMENTUM", tmp_path) == shipped()["MOMENTUM"]
    assert list(shipped()) == [
        "BEAR_PUT_SPREAD",
        "BULL_CALL_SPREAD",
        "BUY_AND_HOLD",
        "CBOE_BFLY",
        "CBOE_BXM",
        "CBOE_CNDR",
        "CBOE_PUT",
        "IRON_CONDOR",
        "MEAN_REVERSION_EQUITY",
        "MEAN_REVERSION_FUTURES",
        "MOMENTUM",
        "MOMENTUM_EQUITY",
        "MOMENTUM_FUTURES",
        "OPTIONS_MONTHLY_WEEKLY_HEDGE",
        "OPTIONS_SCALPING",
        "RSI",
        "STRANGLE",
        "TURTLE",
    ]


def test_unknown_names(tmp_path: Path):
    assert refused("MOMENTUN", tmp_path).endswith("hint: did you mean 'MOMENTUM'?")
    assert "the library has BEAR_PUT_SPREAD, " in refused("MODEL", tmp_path)
    refused("", tmp_path)


def test_references_that_lead_nowhere(tmp_path: Path, write: Writer):
    write("own.py", OWN + "class Other: ...\n")
    write("empty.py", "")
    assert "there is no file absent.py" in refused("absent.py:Own", tmp_path)
    assert f"looked in {tmp_path}" in refused("absent.py:Own", tmp_path)
    assert "there is no module absent.module" in refused("absent.module:Own", tmp_path)
    assert "there is no module os.pathology" in refused("os.pathology:Own", tmp_path)
    assert "there is no module math" in refused("math:Own", tmp_path)
    assert "own.py has no class Owm" in refused("own.py:Owm", tmp_path)
    assert "did you mean 'Own'?" in refused("own.py:Owm", tmp_path)
    assert "it has Own, Other" in refused("own.py:Something", tmp_path)
    assert "it has no class at all" in refused("empty.py:Own", tmp_path)
    assert "write own.py:Own (it has Own, Other)" in refused("own.py", tmp_path)
    assert "no class is named" in refused("own.py:", tmp_path)
    assert "no class is named" in refused("own.py:a b", tmp_path)
    assert "no file or module is named" in refused(":Own", tmp_path)
    assert "'a..b' is no module" in refused("a..b:Own", tmp_path)


def test_files_that_are_no_python(tmp_path: Path, write: Writer):
    (tmp_path / "latin.py").write_bytes(b"x = 'caf\xe9'\nclass Own: ...\n")
    (tmp_path / "null.py").write_bytes(b"class Own: ...\0")
    (tmp_path / "deep.py").write_text("x = " + "(" * 5000 + ")" * 5000)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "large.py").write_text("#" * 4_000_001)
    for name in ("latin.py", "null.py", "deep.py", "large.py"):
        assert f": {name}" in refused(f"{name}:Own", tmp_path)
    assert "there is no file folder.py" in refused("folder.py:Own", tmp_path)
    assert "write path/to/file.py:Class" in refused("folder.py", tmp_path)
    assert "write path/to/file.py:Class" in refused("latin.py", tmp_path)


def test_a_file_that_may_not_be_read(tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch):
    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    write("own.py", OWN)
    monkeypatch.setattr(Path, "read_bytes", denied)  # taking the right away does not stop root
    assert "own.py: can't be read as Python: [Errno 13]" in refused("own.py:Own", tmp_path)


@given(st.text(max_size=40) | st.text(alphabet="a./:\\\0é~", max_size=12) | st.just("x" * 5000 + ".py:Own"))
def test_any_text_is_a_strategy_or_an_error(reference: str):
    try:
        description = describe(reference, Path("/nonexistent"))
    except UnknownStrategyError as error:
        assert str(error).startswith("Unknown strategy: ")
    else:
        assert description.kind


def test_describing_imports_nothing(tmp_path: Path, write: Writer):
    """Neither the user's file, nor its siblings, nor an engine, nor pandas; in a process of its own."""
    write("sibling.py", "raise RuntimeError('imported')")
    write(
        "own.py",
        """
        import sibling
        import backtrader as bt
        import pandas
        from nautilus_trader.examples.strategies.ema_cross import EMACross
        class Own(bt.Strategy): ...
        class Other(EMACross): ...
        """,
    )
    script = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from orchestrate.library.catalogue import rules
        from orchestrate.wiring import describe
        before, path, hooks = set(sys.modules), list(sys.path), list(sys.meta_path)
        here = Path({str(tmp_path)!r})
        for reference in ("own.py:Own", "own:Own", "own.py:Other", "MOMENTUM",
                          "nautilus_trader.examples.strategies.ema_cross:EMACross"):
            rules(describe(reference, here))
        new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
        assert not new & {{"own", "sibling", "backtrader", "nautilus_trader", "pandas", "msgspec"}}, new
        assert (sys.path, sys.meta_path) == (path, hooks)
        """
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""})


def test_the_users_name_for_it():
    assert set(shipped()) <= set(StrategyLibrary.STRATEGIES)
    strategy = StrategyLibrary.get_strategy("RSI", period=7)
    assert type(strategy).__name__ == "RelativeStrength"
    with pytest.raises(ValueError, match=r"^Unknown strategy: NO_SUCH"):
        StrategyLibrary.get_strategy("NO_SUCH")
    with pytest.raises(ConfigurationError, match="must be at least 1, not 0"):
        StrategyLibrary.get_strategy("RSI", period=0)


@pytest.fixture
def entry_points(tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Installs a package whose entry points are the lines given."""

    def install(lines: str) -> None:
        write("site/bought.py", OWN)
        write("site/bought-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bought\nVersion: 1.0\n")
        write("site/bought-1.0.dist-info/entry_points.txt", f"[orchestrate.strategies]\n{lines}\n")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))

    return install


def test_strategies_of_other_packages_come_by_entry_point(entry_points: Callable[[str], None], tmp_path: Path):
    entry_points("BOUGHT = bought:Own")
    description = describe("BOUGHT", tmp_path)
    assert (description.name, description.reference, description.source) == ("BOUGHT", "BOUGHT", "bought:Own")
    assert installed() == ({"BOUGHT": description}, {})
    assert rules(description) == "Mine.\n\nAll of its rules."
    assert "did you mean 'BOUGHT'?" in refused("BOUGTH", tmp_path)


def test_a_broken_entry_point_is_reported_and_hinders_no_other(entry_points: Callable[[str], None], tmp_path: Path):
    entry_points(
        "BROKEN = nowhere.at_all:Own\nMOMENTUM = bought:Own\nNO_CLASS = bought:Sold\nODD = bought\nFINE = bought:Own"
    )
    usable, broken = installed()
    assert list(usable) == ["FINE"]
    assert broken["BROKEN"] == "nowhere.at_all:Own: there is no module nowhere.at_all"
    assert broken["MOMENTUM"] == "'bought:Own' uses a name that is taken"
    assert broken["NO_CLASS"] == "bought:Sold: bought.py has no class Sold"
    assert broken["ODD"] == "bought: 'bought' is no module"
    assert "there is no module nowhere.at_all" in refused("BROKEN", tmp_path)
    assert describe("MOMENTUM", tmp_path) == shipped()["MOMENTUM"]
