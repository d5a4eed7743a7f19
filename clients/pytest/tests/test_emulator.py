"""The emulator as a test uses it: renders, the ledger, webhooks, faults."""

import os
import struct

import pytest

from pytest_pictify import Emulator, EmulatorError, StatusError

CARD = {"html": "<h1 style='color: #667eea'>Hello</h1>", "width": 600, "height": 315}


def png_size(data):
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])


def test_a_render_has_the_requested_size(pictify_emulator):
    image = pictify_emulator.call("POST", "/image", CARD)
    assert png_size(pictify_emulator.download(image["url"])) == (600, 315)


def test_the_environment_names_the_emulator_during_a_test(pictify_env):
    assert os.environ["PICTIFY_BASE_URL"] == pictify_env.url
    assert os.environ["PICTIFY_API_KEY"] == pictify_env.api_key


def test_the_environment_is_restored_after_the_test(pytester, monkeypatch):
    monkeypatch.delenv("PICTIFY_BASE_URL", raising=False)
    pytester.makepyfile(
        """
        import os

        def test_with(pictify_env):
            assert os.environ["PICTIFY_BASE_URL"] == pictify_env.url

        def test_without():
            assert "PICTIFY_BASE_URL" not in os.environ
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_the_ledger_counts_billed_renders(pictify_emulator):
    before = pictify_emulator.ledger()["renders"]
    pictify_emulator.call("POST", "/image", CARD)
    with pytest.raises(StatusError) as error:
        pictify_emulator.call("POST", "/image", {"width": 1})
    assert error.value.status in (400, 422)
    ledger = pictify_emulator.ledger()
    assert ledger["renders"] == before + 1
    assert ledger["entries"][-1]["operation"] == "createImage"


def test_faults_fail_the_calls_that_they_name(pictify_emulator):
    pictify_emulator.set_faults({"operation": "createImage", "onCalls": [1], "status": 503})
    with pytest.raises(StatusError) as error:
        pictify_emulator.call("POST", "/image", CARD)
    assert error.value.status == 503
    pictify_emulator.call("POST", "/image", CARD)
    pictify_emulator.set_faults({"status": 500})
    pictify_emulator.clear_faults()
    pictify_emulator.call("POST", "/image", CARD)


def test_options_set_the_behaviour_and_the_key():
    with Emulator.start(["--api-key", "right", "--renders-per-month=1"]) as emulator:
        assert emulator.api_key == "right"
        emulator.call("POST", "/image", CARD)
        with pytest.raises(StatusError) as error:
            emulator.call("POST", "/image", CARD)
        assert error.value.json()["code"] == "quota_exceeded"
        emulator.api_key = "wrong"
        with pytest.raises(StatusError) as error:
            emulator.call("POST", "/image", CARD)
        assert error.value.status == 401
    with pytest.raises(EmulatorError, match="has no response"):
        emulator.ledger()
