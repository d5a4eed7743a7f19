"""Finding, starting and ending the program."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pytest_pictify import Emulator, EmulatorError, find_program

VARIABLES = ("PICTIFY_BASE_URL", "PICTIFY_API_KEY")


@pytest.fixture(autouse=True)
def without_configuration(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def without_program(monkeypatch, tmp_path):
    monkeypatch.delenv("PICTIFY_EMULATOR", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def write_program(path, text="exit 0"):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def free_url():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.02)


def is_running(url):
    try:
        Emulator(url).ledger()
        return True
    except EmulatorError:
        return False


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        (["pictify-emulator"], ["pictify-emulator"]),
        (["pictify"], ["pictify", "emulator"]),
        (["pictify", "pictify-emulator"], ["pictify-emulator"]),
    ],
)
def test_the_program_is_found_on_the_search_path(without_program, tmp_path, programs, expected):
    for name in programs:
        write_program(tmp_path / name)
    assert find_program() == [str(tmp_path / expected[0]), *expected[1:]]


def test_a_variable_names_the_program(without_program, tmp_path, monkeypatch):
    write_program(tmp_path / "pictify-emulator")
    (tmp_path / "other").mkdir()
    path = write_program(tmp_path / "other" / "pictify")
    monkeypatch.setenv("PICTIFY_EMULATOR", path)
    assert find_program() == [path, "emulator"]
    monkeypatch.setenv("PICTIFY_EMULATOR", path + "-not-there")
    with pytest.raises(EmulatorError, match="PICTIFY_EMULATOR is .*-not-there, which is not a program"):
        find_program()


def test_without_a_program_tests_fail_with_instructions(pytester, without_program):
    pytester.makepyfile("def test_card(pictify_emulator): pass")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*The Pictify emulator was not found*", "*cargo install --locked pictify-emulator", "*PICTIFY_EMULATOR=*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_program_that_does_not_start_is_an_error_with_its_output():
    with pytest.raises(EmulatorError, match="(?s)ended before it was ready.*unexpected argument '--no-such-option'"):
        Emulator.start(["--no-such-option"])


def test_a_running_emulator_is_used_and_not_stopped(monkeypatch):
    with Emulator.start() as running:
        monkeypatch.setenv("PICTIFY_BASE_URL", running.url + "/")
        monkeypatch.setenv("PICTIFY_API_KEY", "of the environment")
        with Emulator.use() as used:
            assert (used.url, used.api_key) == (running.url, "of the environment")
        assert is_running(running.url)
    assert not is_running(running.url)


def test_an_emulator_is_started_if_none_runs_on_this_machine(monkeypatch, without_program):
    url = free_url()
    monkeypatch.setenv("PICTIFY_BASE_URL", url)
    with pytest.raises(EmulatorError, match=f"(?s){url}, but no server runs there.*was not found"):
        Emulator.use()


def test_another_server_is_never_used(monkeypatch):
    class Service(BaseHTTPRequestHandler):
        status = 404

        def do_GET(self):
            self.send_response(self.status)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        monkeypatch.setenv("PICTIFY_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        # The second is a page for any path.
        for Service.status in (404, 200):
            with pytest.raises(EmulatorError, match="which is not an emulator"):
                Emulator.use()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    monkeypatch.setenv("PICTIFY_BASE_URL", "http://emulator.invalid:4040")
    with pytest.raises(EmulatorError, match="but there is no emulator"):
        Emulator.use()


def test_much_output_does_not_block_the_program(tmp_path):
    noisy = write_program(
        tmp_path / "noisy",
        "i=0; while [ $i -lt 20000 ]; do echo 'a line of the log of the emulator'; i=$((i + 1)); done\nexit 1",
    )
    with pytest.raises(EmulatorError, match="ended before it was ready") as error:
        Emulator.start(command=[noisy])
    assert len(str(error.value)) < 100_000


SESSION = """
import pathlib, time

def test_waits(pictify_emulator):
    pathlib.Path("address").write_text(pictify_emulator.url + "\\n")
    time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_the_program_ends_with_pytest(pytester, name):
    pytester.makepyfile(test_session=SESSION)
    address = pytester.path / "address"
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_session.py"],
        cwd=pytester.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Processes in the background of a shell ignore SIGINT, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_until(lambda: address.exists() and address.read_text().endswith("\n"), 60)
        url = address.read_text().strip()
        assert is_running(url)
        session.send_signal(getattr(signal, name))
        session.wait(30)
    finally:
        session.kill()
        session.wait()
    wait_until(lambda: not is_running(url))
