"""The synthetic source: the same bytes for the same seed, markets as they are described, and the samples that ship."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from orchestrate.data.columns import Columns
from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import SAMPLES, csv_text, write_samples
from orchestrate.domain.market.synthetic import SyntheticSpec, seconds
from tests.data.reading import Load, kinds, same

DAY = 86400 * 10**9
CONFIGS = Path(__file__).parents[2] / "configs" / "data"
WILD = SyntheticSpec(
    bars=5000,
    seed=7,
    frequency="15min",
    week=7,
    start="2020-02-29",
    price=1.1,
    decimals=5,
    volatility=0.5,
    drift=-0.1,
    regimes=4,
    tails=0.03,
    gaps=0.1,
    group="g",
    correlation=0.6,
)


def fingerprint(columns: Columns) -> str:
    digest = hashlib.sha256()
    for name in ("timestamp", "open", "high", "low", "close", "volume"):
        column = getattr(columns, name)
        digest.update(column.astype(column.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()[:16]


def returns(columns: Columns) -> np.ndarray:
    return columns.close[1:] / columns.close[:-1] - 1


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (SyntheticSpec(seed=7), "d6c4ffe0cdd481b7"),
        (WILD, "c445c41b3f35e5bf"),
        (SyntheticSpec(bars=300), "b6565f23851dca3b"),
    ],
)
def test_the_bytes_of_a_seed_are_frozen(spec: SyntheticSpec, expected: str) -> None:
    assert fingerprint(generate("DEMO", spec)) == expected


def test_the_seed_decides_and_where_there_is_none_the_symbol() -> None:
    same(generate("A", SyntheticSpec(seed=1)), generate("B", SyntheticSpec(seed=1)))
    assert generate("A", SyntheticSpec(seed=1)).close[-1] != generate("A", SyntheticSpec(seed=2)).close[-1]
    assert generate("A", SyntheticSpec()).close[-1] != generate("B", SyntheticSpec()).close[-1]


@pytest.mark.parametrize("spec", [*SAMPLES.values(), WILD, SyntheticSpec(volatility=3, price=0.05, seed=1)])
def test_bars_are_bars(spec: SyntheticSpec) -> None:
    columns = generate("X", spec)
    assert (np.diff(columns.timestamp) > 0).all()
    assert (columns.low > 0).all()
    assert (columns.low <= np.minimum(columns.open, columns.close)).all()
    assert (columns.high >= np.maximum(columns.open, columns.close)).all()
    assert (columns.volume > 0).all()
    for prices in columns.prices:
        assert (np.round(prices, spec.decimals) == prices).all()


def test_stamps_of_a_working_week_and_of_a_whole_one() -> None:
    five = generate("X", SyntheticSpec(bars=12, start="2014-06-05"))
    assert [five.stamp(place) for place in (0, 1, 2, 6, 7)] == [
        "2014-06-05",
        "2014-06-06",
        "2014-06-09",
        "2014-06-13",
        "2014-06-16",
    ]
    assert generate("X", SyntheticSpec(start="2014-06-07")).stamp(0) == "2014-06-09"
    assert generate("X", SyntheticSpec(start="1969-12-27")).stamp(0) == "1969-12-29"
    seven = generate("X", SyntheticSpec(bars=12, start="2014-06-05", week=7))
    assert (np.diff(seven.timestamp) == DAY).all()
    minutes = generate("X", SyntheticSpec(bars=200, start="2014-06-06", frequency="15min"))
    assert minutes.stamp(95) == "2014-06-06 23:45"
    assert minutes.stamp(96) == "2014-06-09"


def test_volatility_and_drift_are_those_of_a_year() -> None:
    columns = generate("X", SyntheticSpec(bars=200_000, seed=5, volatility=0.3, drift=0.2, price=5000, frequency="1h"))
    per_year = 252 * 24
    assert returns(columns).std() * per_year**0.5 == pytest.approx(0.3, rel=0.02)
    assert returns(columns).mean() * per_year == pytest.approx(0.2, abs=3 * 0.3 / (200_000 / per_year) ** 0.5)


def test_tails_are_fat_and_regimes_cluster() -> None:
    plain = returns(generate("X", SyntheticSpec(bars=20_000, seed=5, price=1000)))
    fat = returns(generate("X", SyntheticSpec(bars=20_000, seed=5, price=1000, tails=0.02)))
    moody = np.abs(returns(generate("X", SyntheticSpec(bars=20_000, seed=5, price=1000, regimes=3))))

    def kurtosis(values: np.ndarray) -> float:
        centred = values - values.mean()
        return float((centred**4).mean() / (centred**2).mean() ** 2)

    assert kurtosis(plain) < 3.3
    assert kurtosis(fat) > 5
    assert np.corrcoef(moody[1:], moody[:-1])[0, 1] > 0.08
    assert abs(np.corrcoef(np.abs(plain[1:]), np.abs(plain[:-1]))[0, 1]) < 0.03


def test_gaps_leave_bars_out_but_neither_end() -> None:
    whole = generate("X", SyntheticSpec(bars=1000, seed=5))
    holed = generate("X", SyntheticSpec(bars=1000, seed=5, gaps=0.2))
    assert 150 < len(whole) - len(holed) < 250
    assert holed.timestamp[0] == whole.timestamp[0]
    assert holed.timestamp[-1] == whole.timestamp[-1]
    places = np.searchsorted(whole.timestamp, holed.timestamp)
    assert (whole.close[places] == holed.close).all()


def test_series_of_a_group_move_together_from_different_days_on() -> None:
    common = {"group": "sector", "correlation": 0.7, "price": 1000.0}
    one = generate("A", SyntheticSpec(bars=3000, seed=1, **common))
    other = generate("B", SyntheticSpec(bars=2800, seed=2, start="2010-06-01", **common))
    stranger = generate("C", SyntheticSpec(bars=3000, seed=3, group="else", correlation=0.7, price=1000.0))
    shared, left, right = np.intersect1d(one.timestamp[1:], other.timestamp[1:], return_indices=True)
    assert len(shared) > 2500
    assert np.corrcoef(returns(one)[left], returns(other)[right])[0, 1] == pytest.approx(0.7, abs=0.04)
    assert abs(np.corrcoef(returns(one), returns(stranger))[0, 1]) < 0.06


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"bars": 1}, r"bars must lie in 2\.\.20000000, not 1"),
        ({"seed": -1}, "seed must not be negative"),
        ({"week": 6}, "week must be 5 or 7"),
        ({"price": 0.0}, "price must be positive"),
        ({"price": 1e-9, "decimals": 8}, "price 1e-09 becomes 0 with 8 decimals"),
        ({"price": 0.004}, "price 0.004 becomes 0 with 2 decimals; give more decimals, at most 8"),
        ({"price": float("inf")}, "price must be positive"),
        ({"decimals": 9}, r"decimals must lie in 0\.\.8"),
        ({"volatility": -0.1}, "volatility must lie in"),
        ({"drift": 9.0}, "drift must lie in"),
        ({"regimes": 0}, "regimes must lie in"),
        ({"tails": 0.9}, "tails must lie in"),
        ({"gaps": 1.0}, "gaps must lie in"),
        ({"correlation": 2.0, "group": "g"}, "correlation must lie in"),
        ({"correlation": 0.5}, "correlation needs a group"),
        ({"start": "yesterday"}, "start must be a date like 2010-01-04"),
        ({"frequency": "7min"}, "frequency must divide a day"),
        ({"frequency": "2d"}, "frequency must divide a day"),
        ({"frequency": "0min"}, "frequency must be like 1min"),
        ({"frequency": "weekly"}, "frequency must be like 1min"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        SyntheticSpec(**settings)


def test_lengths_of_bars() -> None:
    assert [seconds(text) for text in ("1min", "15 min", "1h", "h", "1D", "30s")] == [60, 900, 3600, 3600, 86400, 30]


def test_samples_that_ship_are_what_the_generator_gives(tmp_path: Path) -> None:
    written = write_samples(tmp_path)
    assert {path.name for path in written} == {path.name for path in CONFIGS.glob("*.csv")}
    for path in written:
        assert path.read_bytes() == (CONFIGS / path.name).read_bytes(), path.name
    assert sum(path.stat().st_size for path in written) < 1_000_000


def test_samples_are_written_by_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orchestrate.data.synthetic.samples", str(tmp_path / "new")]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "new" / "ECHO.csv").read_bytes() == (CONFIGS / "ECHO.csv").read_bytes()


@pytest.mark.parametrize("symbol", SAMPLES)
def test_samples_are_clean(symbol: str, load: Load) -> None:
    market, findings = load({symbol: csv_text(generate(symbol, SAMPLES[symbol]), SAMPLES[symbol].decimals)})
    assert kinds(findings) == []
    assert market.instruments[symbol].precision == SAMPLES[symbol].decimals
    same(generate(symbol, SAMPLES[symbol]), Columns(*(getattr(market.series[symbol], name) for name in COLUMNS)))


COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
