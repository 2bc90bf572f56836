"""`--no-cache`: what is run, validated and shown is the same with the cache of parsed columns and without."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from orchestrate.data.columns import Columns, Parsed
from orchestrate.data.files.cache import WORTH, ColumnCache
from orchestrate.domain.plan import DataPlan

CONFIG = """\
capital: 100000
data: {AAA: {path: bars.csv, columns: {volume: Shares}}}
strategies:
  trend: {name: MOMENTUM, allocation: 100, config: {fast: 3, slow: 8}}
"""
SAME = ("plan.json", "metrics.json", "equity.parquet", "trades.parquet", "decisions.parquet", "fills.parquet")


@pytest.fixture
def cache(prompt, monkeypatch) -> ColumnCache:
    """The cache of the prompt, which has a file of 1,500 bars worth caching and a configuration that names it."""
    monkeypatch.setenv("ORCHESTRATE_CACHE", str(prompt.folder / "cache"))
    days = np.datetime64("2014-01-06T00:00:00") + np.arange(1500) * np.timedelta64(1, "D")
    waves = 100 + 10 * np.sin(np.arange(1500) / 5)
    rows = [
        f"{day},{one:.2f},{one + 1:.2f},{one - 1:.2f},{one + 0.5:.2f},900" for day, one in zip(days, waves, strict=True)
    ]
    prompt.write("bars.csv", "\n".join(["Date,Open,High,Low,Close,Shares", *rows, "Total,,,,,7"]))
    assert Path("bars.csv").stat().st_size > WORTH
    prompt.write("cached.yaml", CONFIG)
    return ColumnCache(prompt.folder / "cache")


def poison(cache: ColumnCache, **settings) -> bytes:
    """Put bars into the cache that are not in the file; the bytes of that entry."""
    flat = np.full(40, 50.0)
    false = Parsed(Columns(np.arange(40) * 86_400 * 10**9, flat, flat, flat, flat, flat, np.arange(2, 42), "line"))
    key = cache.key(Path("bars.csv").read_bytes(), DataPlan(path="bars.csv", **settings))
    cache.keep(key, false)
    return (cache.folder / key).read_bytes()


def untouched(cache: ColumnCache, entry: bytes) -> bool:
    ((used, _, path),) = cache.entries()
    return path.read_bytes() == entry and used == 5


def let_age(cache: ColumnCache) -> None:
    for _, _, path in cache.entries():
        os.utime(path, ns=(5, 5))


def test_a_run_is_the_same_with_and_without(prompt, cache: ColumnCache) -> None:
    documents, files = [], []
    for arguments in (["--no-cache"], [], []):
        documents.append(prompt("backtest", "cached.yaml", "--format", "json", *arguments).document)
        files.append({name: Path(documents[-1]["paths"]["run"], name).read_bytes() for name in SAME})
        assert bool(cache.entries()) == (not arguments)
    assert files[0] == files[1] == files[2]
    assert documents[0]["portfolio"]["metrics"]["trades"] > 5
    assert any("is no bar (a total?)" in finding["message"] for finding in documents[0]["findings"])
    for name in ("data_hash", "plan_hash", "findings", "portfolio", "strategies"):
        assert documents[0][name] == documents[1][name] == documents[2][name]


def test_backtest_neither_reads_nor_writes_it(prompt, cache: ColumnCache) -> None:
    entry = poison(cache, symbol="AAA", columns={"volume": "Shares"})
    let_age(cache)
    assert prompt("backtest", "cached.yaml", "--no-cache", "--format", "json").document["bars"] == 1500
    assert untouched(cache, entry)
    assert prompt("backtest", "cached.yaml", "--format", "json").document["bars"] == 40


def test_validate_neither_reads_nor_writes_it(prompt, cache: ColumnCache) -> None:
    entry = poison(cache, symbol="AAA", columns={"volume": "Shares"})
    let_age(cache)
    assert "47 of 47 entries" in prompt("validate", "cached.yaml", "--deep", "--no-cache").out
    assert untouched(cache, entry)
    assert "39 other bars" in prompt("validate", "cached.yaml", "--deep").out


def test_data_neither_reads_nor_writes_it(prompt, cache: ColumnCache) -> None:
    entry = poison(cache, symbol="bars.csv")
    let_age(cache)
    honest = json.loads(prompt("data", "bars.csv", "--no-cache", "--format", "json").out)["files"][0]
    assert honest["bars"] == 1500
    assert untouched(cache, entry)
    assert json.loads(prompt("data", "bars.csv", "--format", "json").out)["files"][0]["bars"] == 40


def test_without_a_place_for_it_everything_runs_as_ever(prompt, cache: ColumnCache, monkeypatch) -> None:
    with_it = prompt("backtest", "cached.yaml", "--format", "json").document
    for name in ("ORCHESTRATE_CACHE", "HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert prompt("backtest", "cached.yaml", "--format", "json").document["data_hash"] == with_it["data_hash"]
    monkeypatch.setenv("ORCHESTRATE_CACHE", "/dev/null")
    assert prompt("backtest", "cached.yaml", "--format", "json").document["data_hash"] == with_it["data_hash"]


def cache_check(prompt) -> dict[str, str]:
    checks = prompt("doctor", "--format", "json").document["checks"]
    return next(check for check in checks if check["name"] == "cache")


def test_doctor_tells_where_it_is_and_how_large(prompt, cache: ColumnCache, monkeypatch) -> None:
    empty = cache_check(prompt)
    prompt("data", "bars.csv")
    full = cache_check(prompt)
    assert (empty["status"], full["status"]) == ("ok", "ok")
    assert empty["detail"].startswith(f"parsed files: 0, 0.0 of at most 1,000 MB, in {cache.folder} (")
    assert full["detail"].startswith("parsed files: 1, 0.1 of at most 1,000 MB")
    monkeypatch.setenv("ORCHESTRATE_CACHE", str(prompt.folder / "bars.csv" / "cache"))
    in_the_way = cache_check(prompt)
    assert in_the_way["status"] == "info"
    assert "bars.csv can't be written to: text is parsed anew each time" in in_the_way["detail"]
    for name in ("ORCHESTRATE_CACHE", "HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert cache_check(prompt)["fix"] == "set ORCHESTRATE_CACHE to a folder"
