"""Supervised commands, forked from a process that has everything loaded, and signals sent to them.

Argument: a JSON list of scenarios, each with the `folder` to run in, the `arguments` of the command, and `signals`:
lists of seconds to wait first, the name of a signal, and whom it goes to (supervisor, run or group). They are sent once
the run's process has written its id to the file `there`. Before each, the states of supervisor and run (T: stopped) go
to the file `states`. Prints the list of exit codes, -n for death by signal n.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import orchestrate.engines.backtrader.adapter
import orchestrate.reporting.text.summary
import orchestrate.runs.parquet
import orchestrate.usecases.running.run  # noqa: F401 - like those above: loaded here, so that no child has to
from orchestrate.cli import app
from orchestrate.supervision.supervisor import supervised


def start(folder: str, arguments: list[str]) -> int:
    """Begin a command in a process group of its own; the id of its first process."""
    process = os.fork()
    if process:
        return process
    os.setpgid(0, 0)
    os.chdir(folder)
    for descriptor, name in enumerate(("out.txt", "err.txt"), start=1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - to the end of the process
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    code = 1
    try:
        with supervised():
            app.run(arguments)
    except SystemExit as left:
        code = int(left.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def state(process: int) -> str:
    """One letter, as ps shows it."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def send(process: int, signals: list[tuple[float, str, str]]) -> None:
    """Send `signals` once the strategy is there."""
    there = Path("there")
    end = time.monotonic() + 30
    while signals and not (there.exists() and there.read_text()) and time.monotonic() < end:
        time.sleep(0.01)
    for seconds, name, whom in signals:
        time.sleep(seconds)
        with Path("states").open("a") as states:
            states.write("".join(state(one) for one in (process, int(there.read_text()))) + "\n")
        number = signal.Signals[name]
        if whom == "group":
            os.killpg(process, number)
        else:
            os.kill(process if whom == "supervisor" else int(there.read_text()), number)


def main() -> None:
    """Run all scenarios: start each, send its signals, and wait for them in the end."""
    scenarios = json.loads(sys.argv[1])
    gc.freeze()
    processes = []
    for scenario in scenarios:
        processes.append(start(scenario["folder"], scenario["arguments"]))
        os.chdir(scenario["folder"])
        send(processes[-1], scenario.get("signals", []))
    print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes]))


main()
