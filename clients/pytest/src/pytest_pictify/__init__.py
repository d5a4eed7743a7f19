"""A local Pictify for tests: fixtures for pytest, and the class behind them."""

from .emulator import Emulator, NoMatchingRequest, StatusError
from .program import EmulatorError, find_program

__all__ = ["Emulator", "EmulatorError", "NoMatchingRequest", "StatusError", "find_program"]
