"""The emulator as tests see it: its address, calls of the API, and the admin API."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any, Mapping, Sequence

from .program import EmulatorError, Program

#: API key of the tests. A started emulator accepts any key.
DEFAULT_API_KEY = "emulator"

#: Environment variables that clients of Pictify read.
URL_VARIABLE = "PICTIFY_BASE_URL"
KEY_VARIABLE = "PICTIFY_API_KEY"

#: Time for a response, in seconds. A render is one.
RESPONSE_TIMEOUT = 120.0

#: Time for the first response of a started program, in seconds.
HEALTH_TIMEOUT = 30.0

# The emulator is never behind a proxy, whatever HTTP_PROXY says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StatusError(EmulatorError):
    """A response with an error status."""

    def __init__(self, method: str, url: str, status: int, body: bytes) -> None:
        super().__init__(f"{method} {url}: {status} {body.decode(errors='replace')[:1000]}")
        self.status = status
        self.body = body

    def json(self) -> Any:
        """Returns the body of the response."""
        return json.loads(self.body)


class NoMatchingRequest(AssertionError):
    """The expected requests did not come in time."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        #: Requests that came, newest first.
        self.received: list[dict[str, Any]] = body.get("received", [])
        lines = [f"  {other['method']} {other['path']}: {other['status']}" for other in self.received]
        super().__init__("\n".join([f"{body['message']}. Received:", *(lines or ["  nothing"])]))


class Emulator:
    """A local Pictify.

    ``Emulator.start()`` starts one, ``Emulator.use()`` prefers one that already runs, and ``Emulator(url)`` is the one
    at an address. As a context manager it stops the program that it has started.
    """

    def __init__(self, url: str, api_key: str = DEFAULT_API_KEY, program: Program | None = None) -> None:
        #: Base URL, without a slash at its end.
        self.url = url.rstrip("/")
        #: API key that the emulator accepts.
        self.api_key = api_key
        self._program = program

    @classmethod
    def start(cls, options: Sequence[str] = (), command: Sequence[str] | None = None) -> Emulator:
        """Starts a new emulator on a free port.

        `options` are those of ``pictify-emulator --help``. `command` is the program if it is not the one that
        ``find_program()`` returns.
        """
        program = Program(options, command)
        emulator = cls(program.url, _option(options, "--api-key") or DEFAULT_API_KEY, program)
        try:
            emulator._wait_for_health()
        except BaseException:
            emulator.stop()
            raise
        return emulator

    @classmethod
    def use(cls, options: Sequence[str] = ()) -> Emulator:
        """Returns the emulator at PICTIFY_BASE_URL, or starts one if there is none.

        It is an error if a server runs there that is not an emulator, or if another machine does not respond: tests
        must not call the real service by mistake.
        """
        url = os.environ.get(URL_VARIABLE)
        if not url:
            return cls.start(options)
        running = cls(url, os.environ.get(KEY_VARIABLE) or DEFAULT_API_KEY)
        try:
            running._admin("GET", "health")
            return running
        except (StatusError, json.JSONDecodeError) as error:
            raise EmulatorError(f"{URL_VARIABLE} is {url}, which is not an emulator. {error}") from error
        except EmulatorError as error:
            if not _is_loopback(url):
                raise EmulatorError(f"{URL_VARIABLE} is {url}, but there is no emulator. {error}") from error
        try:
            return cls.start(options)
        except EmulatorError as error:
            raise EmulatorError(f"{URL_VARIABLE} is {url}, but no server runs there.\n{error}") from error

    @property
    def env(self) -> dict[str, str]:
        """Environment variables for programs that call the emulator."""
        variables = {URL_VARIABLE: self.url, KEY_VARIABLE: self.api_key}
        if not _is_loopback(self.url):
            # The SDK for Rust otherwise sends keys to other machines by https only.
            variables["PICTIFY_ALLOW_INSECURE_HTTP"] = "1"
        return variables

    @property
    def log(self) -> str:
        """Last lines of the program's output; empty if the program was started elsewhere."""
        return self._program.log if self._program else ""

    def stop(self) -> None:
        """Stops the program, if this object has started it."""
        if self._program is not None:
            self._program.stop()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Emulator({self.url!r})"

    # Calls of the API

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Calls the API with the key, and returns the JSON of the response: ``call("POST", "/image", {"html": ...})``.

        Raises StatusError for an error status.
        """
        return _json(self._send(method, self.url + path, body, {"Authorization": f"Bearer {self.api_key}"}))

    def download(self, url: str) -> bytes:
        """Returns a rendered file by the URL of a response."""
        return self._send("GET", urllib.parse.urljoin(self.url + "/", url))

    # Admin API. Keyword arguments are its members and query parameters: `delay_ms=100` is `delayMs`.

    def reset(self, *parts: str) -> None:
        """Resets everything, or some parts: ``documents`` (all stored data and the ledger), ``requests``, ``faults``
        and ``clock``."""
        self._admin("POST", "reset", {part: True for part in parts} if parts else None)

    def snapshot(self, name: str) -> None:
        """Saves all stored data under a name."""
        self._admin("PUT", f"snapshots/{_quote(name)}")

    def restore(self, name: str) -> None:
        """Replaces all stored data with those of a snapshot."""
        self._admin("POST", f"snapshots/{_quote(name)}/restore")

    def seed(self, *templates: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Stores templates, with the members of ``POST /templates`` and an ID of your choice, and returns their IDs and
        names: ``seed({"uid": "card", "name": "Card", "html": "<h1>{{name}}</h1>"})``.

        Without templates, the folder of the option ``--seed`` is read again.
        """
        body = {"templates": list(templates)} if templates else None
        return self._admin("POST", "seed", body)["templates"]

    def requests(self, **filters: Any) -> list[dict[str, Any]]:
        """Returns the received requests and their responses, newest first: ``requests(operation="createImage")``."""
        return self._admin("GET", "requests", query=filters)["requests"]

    def wait_for_requests(self, count: int = 1, timeout: float = 5.0, **filters: Any) -> list[dict[str, Any]]:
        """Waits until `count` requests match, and returns them, oldest first. Earlier ones count, too.

        Raises NoMatchingRequest, which lists the requests that came instead.
        """
        try:
            return self._admin("GET", "requests/wait", query={"count": count, "timeout": timeout, **filters})["requests"]
        except StatusError as error:
            if error.status != 408:
                raise
            raise NoMatchingRequest(error.json()) from None

    def replay(self, request_id: str) -> dict[str, Any]:
        """Sends a received request again, and returns it with its new response."""
        return self._admin("POST", f"requests/{_quote(request_id)}/replay")["request"]

    def fail_next(self, count: int = 1, **fault: Any) -> None:
        """Fails the next requests: ``fail_next(2, operation="createImage", status=503)``.

        Other members of a fault: ``body``, ``headers``, ``delay_ms``, ``reset``, ``truncate_after``,
        ``after_handler``. Without any effect, the status is 503.
        """
        if not {"status", "reset", "delay_ms", "truncate_after"} & set(fault):
            fault["status"] = 503
        self._admin("POST", "faults/next", {"count": count, **_members(fault)})

    def set_faults(self, *faults: Mapping[str, Any], seed: int = 0) -> None:
        """Replaces the faults: ``set_faults({"operation": "createImage", "probability": 0.1, "status": 503})``."""
        self._admin("PUT", "faults", {"seed": seed, "faults": [_members(fault) for fault in faults]})

    def clear_faults(self) -> None:
        """Removes all faults."""
        self._admin("DELETE", "faults")

    def ledger(self, **filters: Any) -> dict[str, Any]:
        """Returns the billed renders: ``renders`` is the number of all, ``entries`` are the calls, oldest first."""
        return self._admin("GET", "ledger", query=filters)

    def deliveries(self, **filters: Any) -> list[dict[str, Any]]:
        """Returns the webhook deliveries, newest first, with their attempts."""
        return self._admin("GET", "deliveries", query=filters)["deliveries"]

    def resend(self, delivery_id: str) -> dict[str, Any]:
        """Sends a webhook delivery again."""
        return self._admin("POST", f"deliveries/{_quote(delivery_id)}/resend")

    def now(self) -> datetime:
        """Returns the time of the emulator."""
        return _time(self._admin("GET", "clock"))

    def freeze(self, at: datetime | str = "now") -> datetime:
        """Stops the clock at a time, and returns it."""
        return _time(self._admin("PUT", "clock", {"freeze": at if isinstance(at, str) else _timestamp(at)}))

    def advance(self, by: timedelta | float | str) -> datetime:
        """Advances the clock by a duration, by seconds, or by an ISO 8601 duration such as ``P1M``. Returns the time.

        Retries of webhooks, data of bindings, schedules, quotas and rate limits follow.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        name = "duration" if isinstance(by, str) else "seconds"
        return _time(self._admin("POST", "clock/advance", {name: seconds}))

    def resume(self) -> datetime:
        """Returns the clock to the time of the machine."""
        return _time(self._admin("DELETE", "clock"))

    def _admin(self, method: str, name: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        values = {key: _parameter(value) for key, value in _members(query or {}).items() if value is not None}
        suffix = "?" + urllib.parse.urlencode(values) if values else ""
        return _json(self._send(method, f"{self.url}/_emulator/{name}{suffix}", body))

    def _send(self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
        request = urllib.request.Request(url, method=method, headers=dict(headers or {}))
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with _OPENER.open(request, timeout=RESPONSE_TIMEOUT) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise StatusError(method, url, error.code, error.read()) from None
        except (OSError, ValueError) as error:
            raise EmulatorError(f"{method} {url} has no response: {error}") from error

    def _wait_for_health(self) -> None:
        deadline = time.monotonic() + HEALTH_TIMEOUT
        while True:
            try:
                self._send("GET", self.url + "/health")
                return
            except EmulatorError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _json(body: bytes) -> Any:
    return json.loads(body) if body else None


def _parameter(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _members(values: Mapping[str, Any]) -> dict[str, Any]:
    """Writes names as the API does: `delay_ms` becomes `delayMs`."""
    return {re.sub(r"_([a-z])", lambda match: match[1].upper(), name): value for name, value in values.items()}


def _quote(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _time(clock: Mapping[str, Any]) -> datetime:
    # Python 3.9 and 3.10 do not parse "Z".
    return datetime.fromisoformat(clock["now"].replace("Z", "+00:00"))


def _timestamp(at: datetime) -> str:
    # A time without a zone is a local one, as everywhere in `datetime`.
    return at.astimezone(timezone.utc).isoformat()


def _is_loopback(url: str) -> bool:
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _option(options: Sequence[str], name: str) -> str | None:
    """Returns the first value of an option: ``--name value`` or ``--name=value``."""
    for index, option in enumerate(options):
        if option == name:
            return options[index + 1] if index + 1 < len(options) else None
        if option.startswith(f"{name}="):
            return option[len(name) + 1 :]
    return None
