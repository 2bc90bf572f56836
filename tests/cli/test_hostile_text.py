"""Text of other people's files: what would move a cursor, turn a line around, forge a line or command CI is visible."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrate

#: A colour, an 8-bit control, a direction, an end of line for terminals and for Unicode, a byte that is no letter.
HOSTILE = "\x1b[31m\x9b2J\u202e\r\u2028[red]"
SHOWN = r"\x1b[31m\x9b2J\u202e\r\u2028[red]"
STRATEGY = '''\
class Nasty:
    """Docs \\x1b[31m\\u202e [red]bold[/red].

    \\x1b]0;title\\x07
    ::error::forged
    """

    def should_enter(self, bars):
        raise RuntimeError("\\x1b[31m\\x9b2J\\u202e\\r\\u2028[red] ##[error]\\n::error::forged")

    def should_exit(self, position, bars):
        return False
'''
RUN = """\
strategy: nasty.py:Nasty
capital: 1000
data: {"S\\e[31m[red]": {synthetic: {bars: 30, seed: 7}}}
"""


def harmless(text: str) -> bool:
    """Nothing but printable text in lines, none of them a workflow command."""
    return all(
        line.isprintable() and not line.lstrip().startswith("::") and "##[" not in line for line in text.split("\n")
    )


@pytest.fixture
def nasty(prompt):
    prompt.write("nasty.py", STRATEGY)
    prompt.write("nasty.yaml", RUN)
    return prompt


@pytest.mark.parametrize("words", [(), ("-q",), ("--format", "json")])
def test_the_error_of_a_strategy(nasty, words):
    done = nasty("backtest", "nasty.yaml", *words)
    assert done.code == 1
    assert harmless(done.err)
    assert harmless(done.out)
    if words == ("--format", "json"):
        message = done.document["strategies"]["Nasty"]["error"]["message"]
        assert message == HOSTILE + " ##[error]\n::error::forged"
    shown = "".join((done.out if not words else done.err).split())
    assert SHOWN + r"\x23#[error]\n::error::forged" in shown


def test_a_stored_run(nasty):
    nasty("backtest", "nasty.yaml")
    done = nasty("report", "latest")
    assert done.code == 0
    assert harmless(done.out)
    assert "RuntimeError: " + SHOWN in "".join(done.out.split("\n"))
    other = nasty("report", f"{HOSTILE}\n::error::x")
    assert (other.code, harmless(other.err)) == (5, True)
    assert other.err.startswith(rf"there is no run '{SHOWN}\n::error::x' in reports")


def test_a_docstring(nasty):
    done = nasty("strategies", "nasty.py:Nasty")
    assert done.code == 0
    assert harmless(done.out)
    assert r"Docs \x1b[31m\u202e [red]bold[/red]." in done.out
    assert r"\x3a:error::forged" in done.out


def test_the_name_of_a_symbol(nasty):
    done = nasty("validate", "nasty.yaml", "--deep")
    assert harmless(done.out)
    assert r"S\x1b[31m[red]" in done.out


@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_keys_and_values_of_a_configuration(nasty, output):
    line = 'strategy: MOMENTUM\n"k\\e[31m\\u202e\\n::error::": 5\ncapital: "\\e[2J[red]"\nmode: "\\x9bq"\n'
    nasty.write("wrong.yaml", line)
    done = nasty("validate", "wrong.yaml", "--format", output)
    assert done.code == 2
    assert all(text.isprintable() for text in (done.out + done.err).split("\n"))
    if output == "github":
        commands = done.out.splitlines()
        assert all(re.match(r"::(error|warning|notice) file=wrong\.yaml[^:]*::\S", command) for command in commands)
        assert r"k\x1b[31m\u202e\n::error::" in done.out
    else:
        assert harmless(done.out)


def test_carets_stand_under_what_they_mean_after_an_escape(nasty):
    nasty.write("wrong.yaml", 'strategy: MOMENTUM\nconfig: {"a\u202eb": 1, fast: x}\n')
    _, source, carets = nasty("validate", "wrong.yaml").out.splitlines()[3:6]
    assert source.startswith(r'    2 | config: {"a\u202eb": 1, fast: x}')
    assert carets.index("^") == source.index("x}")


def test_headers_and_cells_of_data(nasty):
    nasty.write("b.csv", f"date,{HOSTILE},open,high\n2020-01-01,1,2,3\n2020-01-02,\x1b[31m,2,3\n")
    nasty.write("c.csv", "date,open,high,low,close\n2020-01-01,1,1,1,\x1b[31m\u202e\n2020-01-02,1,1,1,1\n")
    done = nasty("data", "b.csv", "c.csv")
    assert done.code == 3
    assert harmless(done.out)
    assert r"\x1b[31m" in done.out


@pytest.mark.parametrize("command", ["backtest", "validate", "validate --format github", "data", "strategies"])
def test_the_name_of_a_file(nasty, command):
    name = f"{HOSTILE}\n::error::x"
    done = nasty(*command.split(), name)
    assert done.code in (2, 3, 5)
    written = done.out + done.err
    assert all(line.isprintable() for line in written.split("\n"))
    assert SHOWN in written or "%" in written
    lines = [line for line in written.splitlines() if not line.startswith("::error file=")]
    assert harmless("\n".join(lines)) or command.endswith("github")
    assert "\n::error::x" not in written


def test_names_of_files_that_are_one_too_many(nasty):
    done = nasty("report", "latest", f"{HOSTILE}\n::error::x")
    assert done.code == 2
    assert harmless(done.err)
    assert r"(\x1b[31m\x9b2J\u202e" in done.err


def test_names_of_folders(nasty):
    done = nasty("init", f"{HOSTILE}\n::error::x")
    assert done.code == 0
    assert harmless(done.out + done.err)
    again = nasty("init", f"{HOSTILE}\n::error::x")
    assert again.code == 2
    assert harmless(again.err)


def test_a_name_that_is_no_text(prompt):
    """Bytes that are no UTF-8; the shell passes them on."""
    line = f"{shlex.quote(sys.executable)} -m orchestrate validate $'a\\xff\\x9b.yaml'"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=False)
    assert done.returncode == 2
    assert rb"a\udcff\udc9b.yaml" in done.stdout


def test_a_terminal_sees_colours_of_ours_alone(nasty):
    """With a terminal behind stdout, whose answer a colour is."""
    line = [sys.executable, "-m", "orchestrate", "backtest", "nasty.yaml"]
    leader, follower = os.openpty()
    environ = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(line, stdout=follower, stderr=subprocess.DEVNULL, env=environ):
        os.close(follower)
        written = b""
        try:
            while chunk := os.read(leader, 65536):
                written += chunk
        except OSError:  # nobody holds the other end any more
            pass
    os.close(leader)
    text = written.decode().replace("\r\n", "\n")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert plain != text
    assert harmless(plain)
    assert r"\x1b[31m" in plain


def test_one_place_writes():
    """Whatever else prints would pass by what makes text safe."""
    root = Path(orchestrate.__file__).parent
    writing = re.compile(r"\bprint\(|typer\.echo|std(out|err)\.write|\bConsole\(")
    files = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if writing.search(path.read_text(encoding="utf-8"))
    }
    assert files == {"reporting/output.py", "reporting/progress.py"}
