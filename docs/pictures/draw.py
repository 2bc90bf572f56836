"""`python docs/pictures/draw.py` takes the pictures of the documents, of a real run: the terminal, and the page.

It needs Chromium. Each picture stays below 200 kB by its size.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.reporting.page.browser import Browser  # noqa: E402

HERE = Path(__file__).parent
COLUMNS = 100
#: Where the page is scrolled to, how high the picture is, and in which colours.
VIEWS = {
    "page": ("result", 960, "light"),
    "page-dark": ("contributions", 960, "dark"),
}


def main() -> None:
    """Run the demo in a folder of its own and take all pictures."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        shutil.copytree(ROOT / "configs", work / "configs")
        shown = typed(work, "backtest", "configs/portfolio.yaml", "--report")
        (work / "terminal.html").write_text(terminal(shown), encoding="utf-8")
        page = next((work / "reports").glob("*/report.html"))
        with Browser(work / "chromium", width=1200) as browser:
            for name, (section, height, scheme) in VIEWS.items():
                take(browser, page, HERE / f"{name}.png", section, height, scheme)
            browser.open((work / "terminal.html").as_uri())
            width, height = browser.ask("[document.body.offsetWidth, document.body.offsetHeight]")
            browser.resize(width, height)
            (HERE / "terminal.png").write_bytes(browser.picture())


def take(browser: Browser, page: Path, target: Path, section: str, height: int, scheme: str) -> None:
    """Take one picture of the page."""
    browser.resize(1200, height)
    browser.prefer(scheme)
    browser.open(page.as_uri())
    for _ in range(3):  # charts that are drawn move what is below them
        browser.ask(f"document.getElementById('{section}').scrollIntoView({{ behavior: 'instant' }})")
        browser.wait("document.querySelector('.plot .trace')")
        browser.ask("new Promise((done) => setTimeout(done, 700))")
    target.write_bytes(browser.picture())


def typed(folder: Path, *words: str) -> str:
    """Return what a command prints on a terminal."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": "60", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "orchestrate", *words]
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # the command has ended
            break
        shown += read
    process.wait()
    return shown.decode().replace("\r\n", "\n")


def terminal(text: str) -> str:
    """Return a terminal as HTML."""
    import io

    from rich.console import Console
    from rich.terminal_theme import NIGHT_OWLISH
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False)
    console.print(Text("$ orchestrate backtest configs/portfolio.yaml --report", style="bold"))
    console.print(Text.from_ansi(text.rstrip()))
    style = "margin:0;padding:22px 26px;width:max-content;background:#0f1720;color:#e4e8ec;"
    form = (
        f'<!doctype html><meta charset="utf-8"><body style="{style}"><pre style="margin:0;'
        "font:14px/1.4 'DejaVu Sans Mono',Menlo,Consolas,monospace\">{code}</pre></body>"
    )
    return console.export_html(inline_styles=True, code_format=form, theme=NIGHT_OWLISH)


if __name__ == "__main__":
    main()
