"""Whatever is in a file: a plan, or a mistake with its place. Never anything else, and never late."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrate.config.resolve import Resolution
from tests.reference import in_loops

Resolve = Callable[..., Resolution]
BROKEN = Path(__file__).parent / "broken"
EXAMPLES = [path.read_bytes().decode("utf-8", "replace") for path in sorted(BROKEN.glob("*.yaml"))]
EXAMPLES += [
    "strategy: MOMENTUM\nconfig: {fast: 10}\ndata: {IBM: IBM.csv}\ngates: {sharpe: '>= 1'}\n",
    "strategies:\n  a: {name: RSI, allocation: 40, depends_on: [b]}\n  b: {name: MOMENTUM, allocation: 5}\n",
    "global: {default_balance: 1}\nstrategies:\n  - {name: a, strategy: THRESHOLD, symbol: IBM, threshold: 1}\n",
]
PIECES = [
    *("null", "~", "[]", "{}", "-1", "0", "1e400", "1e29", "0x1f", ".nan", "'", '"', "&a ", "*a", "!!str ", "<<: *a"),
    *("\t", "- ", "? ", ": ", ":", "#", "true", "2020-01-01", "9" * 30, "[[[[", "{a: ", "|", ">", "%", "@", "`", ","),
    *(
        "\0",
        "\x85",
        "\u2028",
        "\ufeff",
        "é",
        "日本",
        "a" * 300,
        "NO",
        "0123",
        "12:30",
        "\r",
        "\n",
        "  ",
        "../..",
        "~x/",
    ),
    *("strategies", "strategy", "config", "data", "symbols: ", "a.py:B", "x:y:z", "\\", '"\\0"', '"a\\nb"', "{{x}}"),
]
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def mutated(text: str, seed: int) -> str:
    """`text` with a few pieces put in, taken out, or put in the place of values."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 2, 5, 20)))
        values = list(re.finditer(r": ?([^,\n{}\[\]#]+)", text))
        if values and chance.random() < 0.4:
            start, end = chance.choice(values).span(1)
        text = text[:start] + (chance.choice(PIECES) if chance.random() < 0.8 else "") + text[end:]
    return text


def check(path: Path, resolving: Resolve, content: bytes) -> None:
    """The promise of this file."""
    path.write_bytes(content)
    began = time.process_time()
    resolution = resolving(path)
    assert in_loops(time.process_time() - began) < 30
    assert (resolution.plan is None) == bool(resolution.problems)
    if resolution.plan is not None:
        assert len(resolution.plan.hash) == 64
        assert sum(strategy.weight for strategy in resolution.plan.strategies) <= 1
    for problem in resolution.mistakes:
        assert problem.message
        assert problem.line >= 1
        assert problem.column >= 1
        first, *rest = str(problem).split("\n")
        assert first.startswith(f"{path}:{problem.line}:{problem.column}: ")
        assert len(rest) in (0, 1, 2)


@QUICK
@given(st.sampled_from(EXAMPLES), st.integers(min_value=0))
def test_mutated_configurations(tmp_path: Path, resolving: Resolve, text: str, seed: int) -> None:
    check(tmp_path / "c.yaml", resolving, mutated(text, seed).encode("utf-8", "surrogatepass"))


@pytest.mark.uncounted  # long runs of what short tests cover
@pytest.mark.slow
@settings(QUICK, max_examples=1500)
@given(st.sampled_from(EXAMPLES), st.integers(min_value=0))
def test_many_mutated_configurations(tmp_path: Path, resolving: Resolve, text: str, seed: int) -> None:
    check(tmp_path / "c.yaml", resolving, mutated(text, seed).encode("utf-8", "surrogatepass"))


@QUICK
@given(st.sampled_from(EXAMPLES), st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_damaged_bytes(tmp_path: Path, resolving: Resolve, text: str, at: int, damage: bytes) -> None:
    content = text.encode()
    at %= len(content) + 1
    check(tmp_path / "c.yaml", resolving, content[:at] + damage + content[at + len(damage) :])


@QUICK
@given(st.binary(max_size=200))
def test_random_bytes(tmp_path: Path, resolving: Resolve, content: bytes) -> None:
    check(tmp_path / "c.yaml", resolving, content)


@QUICK
@given(st.text(max_size=200))
def test_random_text(tmp_path: Path, resolving: Resolve, text: str) -> None:
    check(tmp_path / "c.yaml", resolving, text.encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 300), st.floats(-3, 200).map(lambda x: round(x, 2)), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        *("capital", "data", "strategy", "strategies", "config", "global", "portfolio", "execution", "gates"),
        *("frameworks", "instruments", "start", "end", "mode", "logging", "benchmark", "extends", "periods_per_year"),
    ]
)


@QUICK
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_known_keys_with_any_values(tmp_path: Path, resolving: Resolve, tree: dict[str, object]) -> None:
    import json

    check(tmp_path / "c.yaml", resolving, json.dumps(tree, ensure_ascii=True).encode())


@QUICK
@given(st.lists(st.text(max_size=40), max_size=3), st.lists(st.text(max_size=20), max_size=2))
def test_any_arguments(tmp_path: Path, resolving: Resolve, overrides: list[str], data: list[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("strategy: RSI\n")
    environ = {f"ORCHESTRATE__{text}": text for text in overrides}
    resolution = resolving(path, overrides=overrides, data=data, environ=environ)
    assert (resolution.plan is None) == bool(resolution.problems)
    for problem in resolution.mistakes:
        assert "\n" not in problem.message
        assert str(problem)
