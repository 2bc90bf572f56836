"""A configuration is read by our models alone, whatever plugins of pydantic an environment has."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest
from pydantic import field_validator

from orchestrate.config.document.nodes import Origin
from orchestrate.config.document.parser import read_text
from orchestrate.config.section import Section
from orchestrate.config.validation import validate

VARIABLE = "PYDANTIC_DISABLE_PLUGINS"


class Probe(Section):
    """What pydantic sees of the environment while it reads."""

    seen: str

    @field_validator("seen")
    @classmethod
    def _look(cls, _value: str) -> str:
        return os.environ.get(VARIABLE, "any")


@pytest.mark.parametrize("before", [None, "logfire-plugin"])
def test_no_plugin_is_loaded_and_the_environment_stays(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VARIABLE, before)
    node, problems = read_text("seen: nothing", Origin("given", Path()))
    assert node is not None
    assert not problems
    assert validate(Probe, node) == (Probe.model_construct(seen="__all__"), [])
    assert os.environ.get(VARIABLE) == before
    assert validate(Probe, node.with_entry("seen", node))[1]  # type: ignore[union-attr]  # a mapping where text stands
    assert os.environ.get(VARIABLE) == before


class Meeting(Section):
    """Waits a moment for another thread that reads at the same time."""

    together: str

    @field_validator("together")
    @classmethod
    def _wait(cls, value: str) -> str:
        try:
            TWO.wait(0.2)
        except BrokenBarrierError:
            return value
        raise ValueError("two at once")


TWO = Barrier(2)


def test_threads_do_not_leave_each_others_setting_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    node, _ = read_text("together: nothing", Origin("given", Path()))
    assert node is not None
    with ThreadPoolExecutor(2) as threads:
        for read in [threads.submit(validate, Meeting, node) for _ in range(2)]:
            assert read.result() == (Meeting.model_construct(together="nothing"), [])
    assert VARIABLE not in os.environ
