"""What a page says in words and in short tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrate.reporting.page import numbers
from orchestrate.reporting.page.sections.attribution import attribution
from orchestrate.reporting.page.sections.correlation import correlation
from orchestrate.reporting.page.sections.decisions import in_words
from orchestrate.reporting.page.sections.overview import headline
from orchestrate.reporting.page.sections.provenance import findings
from orchestrate.reporting.page.subject import Prices, Subject
from orchestrate.runs.explanation import Explanation, Question
from orchestrate.runs.reading import StoredRun
from tests.reporting.documents import document_of


def subject_of(result, **more):
    """The subject of a run of which only its document is known."""
    made = Subject(StoredRun(Path("run"), {}, {}, {}), Explanation("run", Question(), 0, ()), Prices())
    vars(made)["document"] = document_of(result) | more
    return made


def words(blocks):
    return " ".join(map(str, blocks))


def losing(result):
    """The same run, in which nobody gained."""
    worse = {name: replace(one, equity=one.equity[0] - np.arange(5.0)) for name, one in result.strategies.items()}
    return replace(result, strategies=worse)


def test_the_largest_gain_is_named_or_the_largest_loss(two_strategies):
    assert "; climb contributed most (+1.50%)." in words(headline(subject_of(two_strategies)))
    lost = words(headline(subject_of(losing(two_strategies))))
    assert "contributed" not in lost
    assert "lost most (−" in lost


def test_nothing_gained_is_nobodys_merit(two_strategies):
    still = {name: replace(one, equity=np.full(5, one.equity[0])) for name, one in two_strategies.strategies.items()}
    text = words(headline(subject_of(replace(two_strategies, strategies=still))))
    assert "most" not in text.partition("</p>")[0]


def test_who_failed_is_named_with_file_and_line(one_failed, two_strategies):
    subject = subject_of(one_failed)
    assert "Failed on the way: climb." in words(headline(subject))
    assert "Failed on the way" not in words(headline(subject_of(two_strategies)))
    assert "<td>climber.py:7</td><td>ValueError</td><td>no such bar</td>" in words(findings(subject))


def test_a_pair_has_a_minus_and_no_negative_zero(two_strategies):
    def said(value):
        known = {"diversifiers": [{"strategies": ["a", "b"], "correlation": value}], "alike": []}
        subject = subject_of(two_strategies, correlated=known)
        vars(subject)["days"] = np.zeros(0, dtype=np.int64)
        return words(correlation(subject))

    assert "Diversify each other: a and b (−0.25)." in said(-0.25)
    assert "a and b (0.00)" in said(-0.001)


def test_effects_that_are_nought_have_no_column(two_strategies):
    subject = subject_of(two_strategies)
    shown = words(attribution(subject))
    assert "allocation</th>" in shown
    assert "selection</th>" not in shown
    assert ", by allocation (Brinson and Fachler)" in shown
    subject.document["attribution"]["equal_weights"]["strategies"]["wave"]["selection"] = 0.01
    assert "selection</th>" in words(attribution(subject))


@pytest.mark.parametrize(
    ("policy", "settled"),
    [("independent", "each strategy traded on its own"), ("net_signal", "settled by net_signal")],
)
def test_conflicts_say_how_they_were_settled(policy, settled):
    known = {"count": 1, "opposite": 1, "policy": policy, "symbols": {"A": 1}}
    assert in_words(known) == f"1 conflict, 1 of them with buyers and sellers, {settled}: A (1)."


def test_prices_have_the_digits_that_most_have():
    shown = [number.text for number in numbers.prices([99.05, 92.643668, 101.5, 90.18])]
    assert shown == ["99.05", "92.64", "101.50", "90.18"]
    assert numbers.prices([]) == []
