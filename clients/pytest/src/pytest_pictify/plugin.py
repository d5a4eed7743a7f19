"""The fixtures. pytest loads this module as soon as the package is installed."""

from __future__ import annotations

from typing import Iterator, Sequence

import pytest

from .emulator import Emulator
from .program import EmulatorError


@pytest.fixture(scope="session")
def pictify_options() -> Sequence[str]:
    """Options of the emulator that `pictify_emulator` starts. Override it in conftest.py."""
    return ()


@pytest.fixture(scope="session")
def pictify_emulator(pictify_options: Sequence[str]) -> Iterator[Emulator]:
    """The emulator of the test session: the one at PICTIFY_BASE_URL, or else a new one that ends with the session."""
    try:
        emulator = Emulator.use(pictify_options)
    except EmulatorError as error:
        # The traceback would show this plugin, and hide the message.
        pytest.fail(str(error), pytrace=False)
    with emulator:
        yield emulator


@pytest.fixture
def pictify_env(pictify_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator, which PICTIFY_BASE_URL and PICTIFY_API_KEY name during the test."""
    for name, value in pictify_emulator.env.items():
        monkeypatch.setenv(name, value)
    return pictify_emulator


@pytest.fixture
def pictify(pictify_env: Emulator) -> Emulator:
    """As `pictify_env`, but empty: all data, recorded requests, faults and the clock are reset before the test."""
    pictify_env.reset()
    return pictify_env
