"""A small library and two frameworks, so that the configuration is tested without strategies and engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from orchestrate.config.resolve import Resolution, resolve
from orchestrate.domain.errors import Problem, UnknownStrategyError
from orchestrate.domain.strategies.protocols import Kind, Parameter, StrategyDescription
from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.wiring import choices

BOTH = ("backtrader", "nautilus")


def _described(
    name: str,
    parameters: Mapping[str, Parameter] | None = None,
    relations: tuple[str, ...] = (),
    kind: Kind = "signals",
) -> StrategyDescription:
    frameworks = BOTH if kind in ("signals", "istrategy", "on_bar") else (kind,)
    return StrategyDescription(name, kind, name, frameworks, parameters or {}, relations, sized=kind != "nautilus")


LIBRARY = {
    described.name: described
    for described in (
        _described("BUY_AND_HOLD"),
        _described(
            "MOMENTUM", {"fast": Parameter(int, 20, minimum=1), "slow": Parameter(int, 50, minimum=2)}, ("fast < slow",)
        ),
        _described(
            "RSI",
            {
                "period": Parameter(int, 14, minimum=1),
                "buy_below": Parameter(float, 30.0, minimum=0, maximum=100),
                "sell_above": Parameter(float, 70.0, minimum=0, maximum=100),
            },
            ("buy_below < sell_above",),
        ),
        _described("THRESHOLD", {"threshold": Parameter(float, 0.5), "model_path": Parameter(str, "")}),
        _described("GOLDEN_CROSS", kind="backtrader"),
        _described("EMA_CROSS", kind="nautilus"),
    )
}


@dataclass(frozen=True)
class BacktraderLike:
    """Settings of a framework."""

    feed: Literal["on_demand", "full"] = "on_demand"


@dataclass(frozen=True)
class NautilusLike:
    """Settings of another framework, with a check of its own."""

    feed: Literal["on_demand", "full"] = "on_demand"
    latency_ms: float = 0.0

    def __post_init__(self) -> None:
        if self.latency_ms < 0:
            raise ValueError(f"latency_ms must not be negative, not {self.latency_ms}")


SETTINGS: dict[str, type] = {"backtrader": BacktraderLike, "nautilus": NautilusLike}


def _describe(reference: str, beside: Path) -> StrategyDescription:
    path, _, name = reference.rpartition(":")
    if path.endswith(".py"):
        if not (beside / path).is_file():
            raise UnknownStrategyError([Problem("", 0, 0, f"no file '{path}'", "it is looked up beside the file")])
        return StrategyDescription(name, "istrategy", reference, BOTH, None)
    if reference not in LIBRARY:
        hint = did_you_mean(reference, LIBRARY) or f"the library has {', '.join(LIBRARY)}"
        raise UnknownStrategyError([Problem("", 0, 0, f"Unknown strategy: {reference}", hint)])
    return LIBRARY[reference]


Resolve = Callable[..., Resolution]


@pytest.fixture(scope="session")
def resolving() -> Resolve:
    """`resolve` with the small library and the two frameworks."""

    def call(path: str | Path, **laid_over: object) -> Resolution:
        return resolve(path, catalogue=_describe, settings=SETTINGS, choices=choices(), **laid_over)  # type: ignore[arg-type]  # its keywords

    return call


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resolving: Resolve) -> Iterator[Resolve]:
    """Resolve a text as `config.yaml` in a folder of its own, where `IBM.csv` is; more files by keyword `files`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "IBM.csv").write_text("date,close\n")

    def call(text: str, *, files: Mapping[str, str] | None = None, **laid_over: object) -> Resolution:
        for name, content in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        return resolving("config.yaml", **laid_over)

    yield call
