"""The emulator's program: finds it, starts it, and makes sure that it ends."""

from __future__ import annotations

import atexit
import collections
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Sequence

#: Environment variable with the path of the program.
PROGRAM_VARIABLE = "PICTIFY_EMULATOR"

#: Time for the program to print its address, in seconds.
START_TIMEOUT = 60.0

#: Time for the program to end by itself, in seconds.
STOP_TIMEOUT = 5.0

#: Number of lines of output that are kept for error messages.
MAX_LOG_LINES = 500

NOT_FOUND = f"""\
The Pictify emulator was not found. Do one of these:
  install it:           cargo install --locked pictify-emulator
  name the program:     {PROGRAM_VARIABLE}=/path/to/pictify-emulator
  use a running server: PICTIFY_BASE_URL=http://127.0.0.1:4040\
"""


class EmulatorError(Exception):
    """The emulator was not found, did not start, or did not respond."""


def find_program() -> list[str]:
    """Returns the command that starts the emulator, without options.

    It is the program that PICTIFY_EMULATOR names, or else ``pictify-emulator`` or ``pictify`` of the search path.
    """
    named = os.environ.get(PROGRAM_VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise EmulatorError(f"{PROGRAM_VARIABLE} is {named}, which is not a program that can be run")
    else:
        found = shutil.which("pictify-emulator") or shutil.which("pictify")
        if found is None:
            raise EmulatorError(NOT_FOUND)
    # In the command line interface, the emulator is a subcommand.
    return [found, "emulator"] if Path(found).stem == "pictify" else [found]


class Program:
    """A running emulator."""

    def __init__(self, options: Sequence[str] = (), command: Sequence[str] | None = None) -> None:
        command = [*(find_program() if command is None else command)]
        if not any(option.split("=")[0] in ("--port", "--config") for option in options):
            command += ["--port", "0"]
        self._lines: collections.deque[str] = collections.deque(maxlen=MAX_LOG_LINES)
        self._ready = threading.Event()
        self._url: str | None = None
        # Ctrl-C is for pytest, which stops the emulator when its tests have ended.
        group = {"start_new_session": True}
        if os.name == "nt":
            group = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP")}
        try:
            self._process = subprocess.Popen(
                [*command, *options],
                # The emulator stops when this pipe is closed, which happens even if pytest is killed.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PICTIFY_STOP_WITH_STDIN": "true"},
                encoding="utf-8",
                errors="replace",
                **group,
            )
        except OSError as error:
            raise EmulatorError(f"{command[0]} cannot be started: {error}") from error
        atexit.register(self.stop)
        # Its output is read to the end: a full pipe would stop the emulator.
        self._reader = threading.Thread(target=self._read, name="pictify-emulator", daemon=True)
        self._reader.start()
        try:
            self.url = self._wait_for_url(command)
        except BaseException:
            # Ctrl-C during the start, too.
            self.stop()
            raise

    @property
    def log(self) -> str:
        """The last lines of the output."""
        return "\n".join(list(self._lines))

    def stop(self) -> None:
        """Ends the program. It may be called again."""
        atexit.unregister(self.stop)
        process = self._process
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._reader.join(STOP_TIMEOUT)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.rstrip("\n"))
            found = re.search(r"listening on (http://[^\s/]+)", line)
            if found and self._url is None:
                self._url = found[1]
                self._ready.set()
        self._ready.set()

    def _wait_for_url(self, command: Sequence[str]) -> str:
        in_time = self._ready.wait(START_TIMEOUT)
        if self._url is None:
            problem = "ended before it was ready" if in_time else f"printed no address within {START_TIMEOUT:.0f} s"
            raise EmulatorError(f"{' '.join(command)} {problem}. Its output:\n{self.log or '(none)'}")
        # A server that listens on all addresses is reached by the loopback address.
        return self._url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
