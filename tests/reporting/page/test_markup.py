"""Texts from outside stay texts, in HTML, in JSON inside of a script, and in charts."""

from __future__ import annotations

import json

import pytest

from orchestrate.reporting.page.markup import Html, Number, escaped, json_in_script, label_in_chart, table, tag

HOSTILE = ["</script>", "<!--", "a\u2028b\u2029c", "&amp;", "\"><b>'", "\x1b[31m", "\u202e"]


@pytest.mark.parametrize("text", HOSTILE)
def test_json_in_a_script_reads_the_same_and_ends_nothing(text):
    shown = json_in_script({text: [text]})
    assert json.loads(shown) == {text: [text]}
    assert not set("<>&\u2028\u2029") & set(shown)


@pytest.mark.parametrize("text", HOSTILE)
def test_elements_and_attributes_keep_texts_inside(text):
    shown = tag("p", text, title=text)
    inner = shown.removeprefix('<p title="').removesuffix("</p>")
    assert "<" not in inner
    assert inner.count('">') == 1
    assert shown.isprintable()


def test_html_is_not_escaped_twice():
    assert tag("p", tag("b", "<")) == "<p><b>&lt;</b></p>"
    assert escaped("a'b") == "a&#x27;b"


def test_a_chart_gets_no_elements():
    assert label_in_chart("<a href='x'>&") == "&lt;a href='x'&gt;&amp;"


def test_numbers_stand_to_the_right_with_a_true_minus():
    shown = table("t", ["a", "b"], [["x", Number("-1.00", -1)], ["<y>", Number("2.00", 1)]])
    assert '<td class="n neg">−1.00</td>' in shown
    assert '<th scope="col" class="n">b</th>' in shown
    assert '<th scope="row">&lt;y&gt;</th>' in shown
    assert isinstance(shown, Html)


def test_long_texts_wrap():
    assert '<td class="w">' in table("t", ["a", "b"], [["x", "long " * 20]])
