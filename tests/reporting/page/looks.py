"""Look at all of a page in the browser, and ask for the rules of accessibility that it breaks."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tests.reporting.page.browser import Browser

DRAWN = "[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('.main-svg .cartesianlayer'))"
#: Rows beyond the first ones, and lines of charts: they are like those that stay, and take minutes to look at.
ALIKE = "tbody tr:nth-child(n+4), .cartesianlayer *, .gridlayer *"
#: What can differ in the dark.
RULES = "{ runOnly: ['color-contrast'] }"
BROKEN = "found.violations.map((one) => [one.id, one.nodes.map((node) => node.html)])"
SHOW_ALL = """(async () => {
  for (const plot of document.querySelectorAll('.plot')) {
    plot.scrollIntoView({ behavior: 'instant' });
    while (!plot.dataset.drawn) await new Promise((done) => setTimeout(done, 10));
  }
  scrollTo({ top: 0, behavior: 'instant' });
})()"""


def show_all(browser: Browser) -> None:
    """Scroll through the page until every chart is drawn."""
    browser.ask(SHOW_ALL)
    browser.wait(DRAWN)


def broken_rules(browser: Browser, *, dark: bool = False) -> list[object]:
    """Return the rules that the page breaks, those of colours alone where it is dark."""
    spec = find_spec("axe_core_python")
    assert spec is not None
    assert spec.origin is not None
    browser.ask(Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8") + ";1")
    browser.ask(f"document.querySelectorAll('{ALIKE}').forEach((one) => one.remove())")
    found: list[object] = browser.ask(f"axe.run(document, {RULES if dark else '{}'}).then((found) => {BROKEN})")
    return found
