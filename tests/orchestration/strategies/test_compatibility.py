"""Each rule of compatibility on the least that it takes, and what a report makes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orchestrate import CompatibilityAnalyzer, CompatibilityReport, StrategyMetadata
from orchestrate.domain.strategies.compatibility import PairStatistics, RuleMatch, valid_traits
from orchestrate.orchestration.strategies.compatibility_rules import RULES, SYNERGIES


def analyze(
    one: dict[str, Any], two: dict[str, Any], *, shares: tuple[int, int] = (50, 50), **figures: float
) -> CompatibilityReport:
    strategies = [StrategyMetadata("one", **one), StrategyMetadata("two", **two)]
    allocations = {"one": Decimal(shares[0]), "two": Decimal(shares[1])}
    statistics = {("one", "two"): PairStatistics(**figures)} if figures else None
    return CompatibilityAnalyzer().analyze(strategies, allocations, statistics)


A, B = {"symbols": ("A",)}, {"symbols": ("B",)}
CASES: dict[str, tuple[CompatibilityReport, str, str]] = {
    "over_allocated": (analyze(A, B, shares=(60, 50)), "allocation", "allocations sum to 110%, more than 100%"),
    "unknown_dependency": (
        analyze(A | {"depends_on": ("nobody",)}, B),
        "one",
        "depends on a strategy that takes no part",
    ),
    "circular_dependency": (
        analyze(A | {"depends_on": ("two",)}, B | {"depends_on": ("one",)}),
        "depends_on",
        "one, two depend on one another in a circle",
    ),
    "shared_symbol": (
        analyze({"symbols": ("A", "B")}, {"symbols": ("B", "C")}),
        "B",
        "traded by one, two: their orders can conflict",
    ),
    "opposite_directions": (
        analyze(
            {"symbols": ("A", "B", "C", "D"), "direction": "long"},
            {"symbols": ("A", "B", "C", "D"), "direction": "short"},
        ),
        "one, two",
        "one is long only, one short only: their positions in A, B, C, … can cancel out",
    ),
    "opposite_styles": (
        analyze({"symbols": ("A", "B"), "style": "trend"}, {"symbols": ("A", "C"), "style": "reversion"}),
        "one, two",
        "one follows moves of A, one bets against them",
    ),
    "same_idea": (
        analyze({"symbols": ("A", "B"), "style": "trend"}, {"symbols": ("B", "A"), "style": "trend"}),
        "one, two",
        "the same style (trend) on the same symbols",
    ),
    "leverage": (
        analyze(A | {"leverage": 2.5}, B),
        "leverage",
        "one may hold 1.25 times the capital",
    ),
    "concentrated": (
        analyze(A, B, shares=(80, 20)),
        "symbols",
        "most capital trades few symbols (Herfindahl index 0.68)",
    ),
    "correlated": (analyze(A, B, correlation=0.81), "one, two", "their returns have a correlation of 0.81"),
    "joint_drawdowns": (
        analyze(A, B, joint_drawdowns=0.75),
        "one, two",
        "75% of their deep drawdowns are at the same time",
    ),
}


def test_every_rule_has_its_case() -> None:
    assert list(CASES) == list(RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_evidence_a_penalty_and_a_remedy(name: str) -> None:
    report, where, evidence = CASES[name]
    rule = RULES[name]
    match: RuleMatch = next(match for match in report.matches if match.rule == name)
    assert (match.where, match.evidence, match.penalty, match.severity) == (
        where,
        evidence,
        rule.penalty,
        rule.severity,
    )
    assert match.remedy == rule.remedy.replace("{where}", where)
    assert match.remedy in report.recommendations
    assert report.score == max(0, 100 - sum(each.penalty for each in report.matches))
    assert report.is_compatible == (rule.severity != "error")
    assert (f"{where}: {evidence}" in report.warnings) == (rule.severity == "warning")
    between = 100 - sum(each.penalty for each in report.matches if not RULES[each.rule].all_together)
    if name != "unknown_dependency":
        assert report.pairs[0].score == between


@pytest.mark.parametrize(
    "report",
    [
        analyze(A, B, shares=(50, 50), correlation=0.8, joint_drawdowns=0.5, overlap=1.0),
        analyze(A | {"leverage": 1.0}, B | {"leverage": 1.0}),
        analyze(A | {"style": "trend", "direction": "long"}, B | {"style": "trend", "direction": "long"}),
        analyze({}, {}),
    ],
)
def test_at_its_bound_no_rule_applies(report: CompatibilityReport) -> None:
    assert (report.score, report.matches, report.warnings, report.is_compatible) == (100, (), (), True)


def test_the_score_never_falls_below_zero() -> None:
    assert analyze(A | {"depends_on": ("x",)}, A | {"depends_on": ("y",)}, shares=(90, 90)).score == 0


SYNERGETIC = {
    "diversifier": (analyze(A, B, correlation=0.29), "their returns have a correlation of 0.29: they diversify"),
    "complementary_styles": (
        analyze(A | {"style": "trend"}, B | {"style": "reversion"}),
        "different styles (trend, reversion) on different symbols",
    ),
    "different_classes": (
        analyze(A | {"asset_class": "future"}, B | {"asset_class": "equity"}),
        "different asset classes (future, equity)",
    ),
}


@pytest.mark.parametrize("name", SYNERGIES)
def test_a_synergy_is_named_and_costs_nothing(name: str) -> None:
    report, evidence = SYNERGETIC[name]
    assert [(one.strategies, one.evidence) for one in report.synergies] == [(("one", "two"), evidence)]
    assert report.score == 100
    assert not analyze(A, B, correlation=0.3).synergies


def test_concentration_by_symbol_class_and_framework() -> None:
    first = {"symbols": ("A", "B"), "asset_class": "future", "framework": "backtrader"}
    second = {"symbols": ("B",), "framework": "nautilus"}
    report = analyze(first, second, shares=(60, 20))
    assert report.concentration == {
        "symbols": pytest.approx((30 / 80) ** 2 + (50 / 80) ** 2),
        "asset_classes": None,
        "frameworks": pytest.approx((60 / 80) ** 2 + (20 / 80) ** 2),
    }
    assert analyze(A, B, shares=(0, 0)).concentration["symbols"] is None


def test_a_single_strategy_is_always_compatible() -> None:
    alone = StrategyMetadata("one", depends_on=("nobody",), leverage=9.0)
    report = CompatibilityAnalyzer().analyze([alone], {"one": Decimal(100)})
    assert report == CompatibilityReport(100, (), (), True)
    assert report.strategies == (alone,)


def test_a_document_has_all_of_it_in_json_types() -> None:
    document = analyze(A | {"style": "trend"}, A, correlation=0.9, overlap=0.5).document()
    assert document["expected_conflicts"] == ["A"]
    assert document["pairs"] == [
        {
            "strategies": ("one", "two"),
            "score": 85,
            "shared_symbols": ("A",),
            "statistics": {"correlation": 0.9, "joint_drawdowns": None, "overlap": 0.5},
        }
    ]
    assert list(document["strategies"]) == ["one", "two"]  # type: ignore[call-overload]


def test_a_direction_is_one_of_a_few() -> None:
    with pytest.raises(ValueError, match="direction is long, short, both or empty, not 'up'"):
        StrategyMetadata("one", direction="up")  # type: ignore[arg-type]


def test_traits_that_mean_nothing_are_unknown() -> None:
    declared = {"style": 7, "direction": "up", "leverage": True, "data_needs": "close", "horizon": "days", "x": 1}
    assert valid_traits(declared) == {"horizon": "days"}
    assert valid_traits({"leverage": 2, "data_needs": ["close"], "direction": "both", "asset_class": "fx"}) == {
        "asset_class": "fx",
        "direction": "both",
        "leverage": 2,
        "data_needs": ("close",),
    }
    assert valid_traits({"leverage": -1.0, "data_needs": [1]}) == {}
