"""Errors can be sent to another process, whatever their constructors ask for."""

from __future__ import annotations

import pickle

import pytest

from orchestrate.domain.errors import ConfigurationError, DataError, FunctionError, OrchestrateError, Problem

ERRORS = (
    ConfigurationError([Problem("a.yaml", 3, 5, "unknown key", "did you mean", 2, "  key: 1")]),
    ConfigurationError("two\nlines"),
    DataError("no bars", where="IBM", hint="give some"),
    DataError.together(["one", "two"]),
    FunctionError("broken", kind="KeyError", file="weights.py", line=3, traceback="Traceback"),
)


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_an_error_is_the_same_in_another_process(error: OrchestrateError) -> None:
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert vars(other) == vars(error)
