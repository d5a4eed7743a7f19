"""Fuzz test with valid and invalid requests, generated from the OpenAPI document. No response may be an internal server
error, and every response must conform to the document.

Requires the path of the document and the URL of an emulator. Every run sends the same requests.
"""

import json
import os
import sys
from zlib import crc32

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    status_code_conformance,
)

URL = os.environ["EMULATOR_URL"]
KEY = {"Authorization": "Bearer key"}

# Number of random requests for each operation, in addition to those for each limit in the document.
MAX_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))

# Timeout of a request, in seconds.
REQUEST_TIMEOUT = 60

# Operations that need an AI model. The emulator always rejects them.
NEEDS_MODEL = {"generateVideoTemplate"}

# Operations whose documented error for a page that cannot be loaded has status 500.
AGENT = {"agentScreenshot", "agentScreenshotStream"}

# Error codes of a server that cannot render videos.
VIDEO_NOT_SUPPORTED = {"preview_not_supported", "render_bridge_not_installed"}

load_all_checks()
schema = schemathesis.openapi.from_path(os.environ["DOCUMENT"])
schema.config.update(base_url=URL)


def without_enums(value):
    """Returns the document without enumerations, because the service also accepts and returns undocumented values."""
    if isinstance(value, dict):
        return {key: without_enums(part) for key, part in value.items() if key != "enum" or not isinstance(part, list)}
    return [without_enums(part) for part in value] if isinstance(value, list) else value


open_document = without_enums(schema.raw_schema)
open_schema = schemathesis.openapi.from_dict(open_document)

session = requests.Session()
# Requests to this machine need no proxy.
session.trust_env = False


def create(path, body, *place):
    """Creates a resource and returns its ID."""
    response = session.post(URL + path, json=body, headers=KEY, timeout=REQUEST_TIMEOUT)
    assert response.status_code < 300, f"{path}: {response.status_code} {response.text}"
    found = response.json()
    for member in place:
        found = found[member]
    return found


def template():
    body = {"name": "Card", "html": "<p>{{title}} {{name}}</p>", "width": 40, "height": 20}
    return create("/templates", body, "template", "uid")


def batch():
    sets = [{"title": "One"}, {"title": "Two"}]
    return create(f"/templates/{template()}/batch-render", {"variableSets": sets}, "batchId")


def image():
    return create("/image", {"html": "<p>Hi</p>", "width": 40, "height": 20}, "id")


def gif():
    moving = "<style>@keyframes go { to { margin: 9px } } p { animation: go 200ms }</style><p>Hi</p>"
    return create("/gif", {"html": moving, "width": 40, "height": 20}, "gif", "uid")


def binding():
    body = {
        "name": "Health",
        "templateId": template(),
        "dataSource": {"type": "http", "url": f"{URL}/healthcheck", "method": "GET"},
        "mapping": {"title": "status"},
        "refreshPolicy": {"type": "ttl", "ttlSeconds": 3600},
    }
    return create("/bindings", body, "binding", "uid")


def subscription():
    body = {"event": "render.failed", "targetUrl": f"{URL}/healthcheck"}
    return create("/webhook-subscriptions", body, "subscription", "uid")


def experiment(member="uid"):
    shown = template()
    variants = [{"id": id, "name": id, "weight": 5000, "templateUid": shown} for id in ("a", "b")]
    experiment.count += 1
    body = {
        "name": "Hero",
        "type": "ab_test",
        "slug": f"hero-{experiment.count}",
        "templateUid": shown,
        "variants": variants,
        "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com/"},
    }
    return create("/experiments/api", body, "experiment", member)


experiment.count = 0


def running_experiment():
    slug = experiment("slug")
    found = session.get(f"{URL}/experiments/api", headers=KEY, timeout=REQUEST_TIMEOUT).json()["experiments"]
    uid = next(experiment["uid"] for experiment in found if experiment["slug"] == slug)
    create(f"/experiments/api/{uid}/start", {})
    return slug


def video_template():
    code = (
        "import {z} from 'zod';\nimport {useCurrentFrame} from 'remotion';\n"
        "export const schema = z.object({color: z.string().default('red')});\n"
        "export default ({color}) => <div style={{width: useCurrentFrame() + 1, height: 9, background: color}} />;"
    )
    body = {"name": "Bar", "kind": "tsx", "tsx": code, "width": 40, "height": 20, "fps": 5, "durationInFrames": 5}
    return create("/video/templates", body, "template", "uid")


def token():
    found = create("/api/users/api-tokens", {})
    return found.get("uid") or found.get("token", {}).get("uid")


# Functions that create the resource for the parameter at the end of each path. Longer paths first.
FACTORIES = [
    ("/templates/batch/{", batch),
    ("/public/templates/{", template),
    ("/templates/{", template),
    ("/image/{", image),
    ("/gif/{", gif),
    ("/webhook-subscriptions/{", subscription),
    ("/bindings/{", binding),
    ("/webhooks/{", binding),
    ("/b/{", binding),
    ("/r/{", template),
    ("/s/{", running_experiment),
    ("/experiments/api/{", experiment),
    ("/video/templates/{", video_template),
    ("/api/users/api-tokens/{", token),
    ("/{", image),
]

resources = {}


def use_existing_resource(case):
    """Puts the ID of an existing resource into three of four requests, because generated IDs never exist. Returns the
    factory of the resource."""
    path = case.operation.path
    factory = next((factory for prefix, factory in FACTORIES if path.startswith(prefix)), None)
    if factory is None or not case.path_parameters or crc32(repr(case.path_parameters).encode()) % 4 == 0:
        return None
    if resources.get(factory) is None:
        resources[factory] = factory()
    parameter = path.split("{", 1)[1].split("}", 1)[0]
    case.path_parameters = {**case.path_parameters, parameter: resources[factory]}
    return factory


def is_not_supported(case, response):
    """Returns true if the response is a documented error: for a feature that the emulator does not support, or for a page
    that the agent cannot load."""
    id = case.operation.definition.raw["operationId"]
    if id in AGENT:
        return response.status_code == 500 and response.json().get("error") == "Agent screenshot failed"
    if id in NEEDS_MODEL:
        return response.status_code in (501, 503)
    return response.status_code == 501 and response.json().get("code") in VIDEO_NOT_SUPPORTED


def check_events(operation, text):
    """Checks each event of a stream against the schema that the operation names in `x-event`."""
    raw = open_document["paths"][operation.path][operation.method.lower()]
    validator = jsonschema_rs.validator_for({**raw["x-event"], "components": open_document["components"]})
    events = [json.loads(line.removeprefix("data:")) for line in text.splitlines() if line.startswith("data:")]
    assert events, text
    for event in events:
        validator.validate(event)


@schema.parametrize()
@settings(
    max_examples=MAX_EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_responses(case):
    factory = use_existing_resource(case)
    # Generated keys are invalid. A few requests with them are enough to test their rejection.
    if crc32(repr(case.body).encode()) % 8 != 0 or case.operation.method == "get":
        case.headers = {**(case.headers or {}), **KEY}
    response = case.call(session=session, timeout=REQUEST_TIMEOUT, allow_redirects=False)
    if factory is not None and case.method.upper() in ("PUT", "DELETE"):
        # The next request gets a new, unchanged resource.
        resources.pop(factory, None)
    if response.status_code >= 500:
        assert is_not_supported(case, response), f"{response.status_code} {response.text}\n{case.as_curl_command()}"
        return
    case.validate_response(
        response,
        checks=[status_code_conformance, content_type_conformance, response_headers_conformance],
    )
    operation = open_schema[case.operation.path][case.operation.method]
    if response.headers.get("content-type", [""])[0].startswith("text/event-stream"):
        check_events(operation, response.text)
    else:
        operation.validate_response(response)


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", *sys.argv[1:], __file__]))
