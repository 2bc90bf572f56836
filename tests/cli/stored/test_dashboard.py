"""`orchestrate dashboard`: pages for this machine alone, read only."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from orchestrate.domain.errors import ConfigurationError
from orchestrate.usecases.pages.dashboard import dashboard
from orchestrate.usecases.pages.page import page_text
from tests.cli.conftest import SINGLE
from tests.reporting.page.conftest import command


class Client:
    """Requests to a dashboard, each with an answer: status, headers and text."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), text


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one run."""
    folder = tmp_path_factory.mktemp("dashboard")
    (folder / "single.yaml").write_text(SINGLE)
    with contextlib.chdir(folder):
        assert command("backtest", "single.yaml", "-q") == 0
    return folder / "reports"


@contextlib.contextmanager
def served(reports: Path) -> Iterator[Client]:
    with dashboard(reports, 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield Client(server.server_address[1])
        server.shutdown()


@pytest.fixture(scope="module")
def client(reports: Path) -> Iterator[Client]:
    with served(reports) as client:
        yield client


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_index_leads_to_a_page_and_nothing_is_written(client, reports):
    before = files(reports)
    [run_id] = [path.name for path in reports.iterdir()]
    status, headers, text = client("/")
    assert status == 200
    assert f'href="{run_id}/report.html"' in text
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "Python" not in headers["Server"]
    assert client(f"/{run_id}/report.html")[::2] == (200, page_text(run_id, reports))
    assert client("/index.html?x=1")[2] == text
    assert files(reports) == before


def test_head_has_no_body(client):
    status, headers, text = client("/", "HEAD")
    assert (status, text) == (200, "")
    assert int(headers["Content-Length"]) > 1000


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/../single.yaml",
            "/..%2f..%2fsingle.yaml",
            "//etc/passwd",
            "/reports",
            "/20260101T000000Z-abcdef/report.html",
        ),
        *("/{run}/run.json", "/{run}/report.html/", "/{run}/../{run}/run.json", "/%00", "/{run}/report.html%0a"),
    ],
)
def test_nothing_else_is_served(client, reports, path):
    [run_id] = [one.name for one in reports.iterdir()]
    status, _, text = client(path.format(run=run_id))
    assert status == 404
    assert "capital" not in text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", "", "localhost@evil.example"]
)
def test_other_names_of_this_machine_get_nothing(client, host):
    status, _, text = client("/", Host=host)
    assert status in (400, 403)
    assert "Stored runs" not in text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "LOCALHOST:8350"])
def test_its_own_names_are_answered(client, host):
    assert client("/", Host=host)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(client, method):
    assert client("/", method)[0] == 501


def test_a_damaged_run_says_so(reports, tmp_path):
    shutil.copytree(reports, tmp_path / "reports")
    [run] = (tmp_path / "reports").iterdir()
    (run / "metrics.json").write_text("{}")
    with served(tmp_path / "reports") as client:
        status, _, text = client(f"/{run.name}/report.html")
    assert status == 500
    assert "changed since the run" in text


def test_a_port_that_is_taken(reports):
    with dashboard(reports, 0) as server, pytest.raises(ConfigurationError, match="can't be used"):
        dashboard(reports, server.server_address[1])


def test_the_command_prints_its_address_and_ends_with_ctrl_c(prompt):
    command = [sys.executable, "-m", "orchestrate", "dashboard", "--port", "0"]
    with subprocess.Popen(
        command, cwd=prompt.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline()
        port = int(address.removeprefix("http://127.0.0.1:").removesuffix("/\n"))
        assert "There is no run yet." in Client(port)("/")[2]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    first, hint, last = err.splitlines()
    assert (process.returncode, last) == (130, "interrupted")
    assert first == "there is no run in reports, which doesn't exist"
    assert "--reports DIR" in hint
