"""Users' functions: read without being run, loaded anew each time, and let go of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrate.domain.errors import ConfigurationError
from orchestrate.library.functions import check_function, forget_function, function_file, load_function


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules.py").write_text("import shares\nseen = []\ndef f(): return shares.HALF, len(seen)\n")
    (tmp_path / "shares.py").write_text("HALF = 0.5\n")
    return tmp_path


def test_a_function_is_loaded_anew_and_let_go_of(rules: Path) -> None:
    first, second = (load_function("rules.py:f", rules) for _ in range(2))
    first.__globals__["seen"].append(1)
    assert (first(), second()) == ((0.5, 1), (0.5, 0))
    assert {first.__module__, second.__module__} <= set(sys.modules)
    forget_function(first)
    assert first.__module__ not in sys.modules
    assert second.__module__ in sys.modules
    forget_function(second)
    forget_function(print)  # what was not loaded here stays
    assert "builtins" in sys.modules


def test_a_file_is_looked_up_beside_the_configuration_then_here(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (other := rules / "other").mkdir()
    monkeypatch.chdir(rules)
    assert function_file("rules.py:f", other) == (rules / "rules.py").resolve()
    (other / "rules.py").write_text("def f(): pass\n")
    assert function_file("rules.py:f", other) == (other / "rules.py").resolve()
    assert function_file("nothing.py:f", other) is None


@pytest.mark.parametrize("read", [check_function, load_function])
def test_a_file_that_is_not_there_is_named(rules: Path, read) -> None:
    with pytest.raises(ConfigurationError, match=r"^there is no file nothing.py"):
        read("nothing.py:f", rules)


def test_a_file_without_any_function_says_so(rules: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"shares.py has no function f\n    hint: it has no function at all"):
        check_function("shares.py:f", rules)
    check_function("shares.py:HALF", rules)  # it may become one
    with pytest.raises(ConfigurationError, match=r"shares.py has no function HALF once loaded"):
        load_function("shares.py:HALF", rules)
