"""The admin API by the methods of `Emulator`."""

from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
import threading

import pytest

from pytest_pictify import EmulatorError, NoMatchingRequest, StatusError

CARD = {"html": "<p>Hello</p>", "width": 100, "height": 50}


def test_each_test_begins_with_an_empty_emulator(pictify):
    assert (pictify.ledger()["renders"], pictify.requests(), pictify.deliveries()) == (0, [], [])
    pictify.call("POST", "/image", CARD)
    assert pictify.ledger()["renders"] == 1


def test_it_is_empty_again(pictify):
    assert pictify.ledger()["renders"] == 0


def test_parts_are_reset_alone(pictify):
    pictify.call("POST", "/image", CARD)
    pictify.reset("requests")
    assert (len(pictify.requests()), pictify.ledger()["renders"]) == (0, 1)
    pictify.reset("documents")
    assert pictify.ledger()["renders"] == 0


def test_a_snapshot_is_restored(pictify):
    pictify.call("POST", "/image", CARD)
    pictify.snapshot("one-image")
    pictify.call("POST", "/image", CARD)
    pictify.restore("one-image")
    assert pictify.ledger()["renders"] == 1
    with pytest.raises(StatusError) as error:
        pictify.restore("not-there")
    assert error.value.status == 404


def test_templates_are_stored_under_chosen_ids(pictify):
    card = {"uid": "card", "name": "Card", "html": "<h1>{{name}}</h1>", "width": 100, "height": 50}
    assert pictify.seed(card, {**card, "uid": "other"}) == [
        {"uid": "card", "name": "Card"},
        {"uid": "other", "name": "Card"},
    ]
    pictify.call("POST", "/templates/card/render", {"variables": {"name": "Ada"}})
    assert pictify.ledger(operation="renderTemplate")["entries"][0]["renders"] == 1
    with pytest.raises(StatusError) as error:
        pictify.seed({"uid": "c/d", "name": "Card"})
    assert 400 <= error.value.status < 500


def test_requests_have_their_bodies_and_no_keys(pictify):
    pictify.call("POST", "/image", CARD)
    pictify.call("GET", "/image")
    listed, created = pictify.requests()
    assert (listed["operation"], created["operation"]) == ("listImages", "createImage")
    assert created["request"]["json"] == CARD
    assert pictify.api_key not in str(created["request"]["headers"])
    assert [request["id"] for request in pictify.requests(operation="createImage")] == [created["id"]]
    assert pictify.replay(created["id"])["request"]["json"] == CARD
    assert len(pictify.requests(operation="createImage")) == 2


def test_a_test_waits_for_requests(pictify):
    caller = threading.Timer(0.1, pictify.call, ["POST", "/image", CARD])
    caller.start()
    (request,) = pictify.wait_for_requests(operation="createImage")
    caller.join()
    assert request["status"] == 200
    with pytest.raises(NoMatchingRequest, match=r"(?s)0 of 1 requests matched.*POST /image: 200") as error:
        pictify.wait_for_requests(timeout=0.05, operation="createGif")
    assert [request["operation"] for request in error.value.received] == ["createImage"]


def test_the_next_requests_fail(pictify):
    pictify.fail_next(2, operation="createImage", body={"error": "busy"})
    for _ in range(2):
        with pytest.raises(StatusError) as error:
            pictify.call("POST", "/image", CARD)
        assert (error.value.status, error.value.json()) == (503, {"error": "busy"})
    pictify.call("POST", "/image", CARD)
    pictify.fail_next(reset=True, after_handler=True)
    with pytest.raises(EmulatorError, match="has no response"):
        pictify.call("POST", "/image", CARD)
    assert pictify.ledger()["renders"] == 2, "the lost response is billed"


def test_the_clock_is_frozen_and_advanced(pictify):
    august = datetime(2026, 8, 1, 9, tzinfo=timezone.utc)
    assert pictify.freeze(august) == august
    image = pictify.call("POST", "/image", CARD)
    assert image["createdAt"] == "2026-08-01T09:00:00.000Z"
    assert pictify.advance(90) == august + timedelta(seconds=90)
    assert pictify.advance(timedelta(hours=1)) == august + timedelta(hours=1, seconds=90)
    assert pictify.advance("P1M") == datetime(2026, 9, 1, 10, 1, 30, tzinfo=timezone.utc)
    assert pictify.now() == datetime(2026, 9, 1, 10, 1, 30, tzinfo=timezone.utc)
    assert abs(pictify.resume() - datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_webhook_deliveries_are_listed_and_sent_again(pictify):
    received = threading.Semaphore(0)

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            received.release()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        target = f"http://127.0.0.1:{server.server_port}/hook"
        pictify.call("POST", "/webhook-subscriptions", {"event": "render.completed", "targetUrl": target})
        pictify.call("POST", "/image", CARD)
        assert received.acquire(timeout=20)
        (delivery,) = pictify.deliveries()
        pictify.resend(delivery["id"])
        assert received.acquire(timeout=20)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
