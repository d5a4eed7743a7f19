"""Requests made from the document, valid ones and wrong ones: no answer may be a failure of the server's own, and none may
be what the document does not know.

Asks for the document and for the address of an emulator. The requests are the same in every run.
"""

import os
import sys
from zlib import crc32

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

# How many requests are made up for each operation, beside those for each limit that the document names.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))

# How long an answer may take, in seconds.
LONGEST = 60

# What needs a model: refused here for good.
NEEDS_A_MODEL = {"agentScreenshot", "agentScreenshotStream", "generateVideoTemplate"}

# How the contract says that a server draws no videos.
NO_VIDEOS = {"preview_not_supported", "render_bridge_not_installed"}

load_all_checks()
schema = schemathesis.openapi.from_path(os.environ["DOCUMENT"])
schema.config.update(base_url=URL)


def opened(value):
    """The document with its enumerations open: the service takes and gives values that the document does not know."""
    if isinstance(value, dict):
        return {name: opened(part) for name, part in value.items() if name != "enum" or not isinstance(part, list)}
    return [opened(part) for part in value] if isinstance(value, list) else value


open_schema = schemathesis.openapi.from_dict(opened(schema.raw_schema))

session = requests.Session()
# Requests to this machine need no proxy.
session.trust_env = False


def made(path, body, *place):
    """Makes a thing, and returns its name."""
    answer = session.post(URL + path, json=body, headers=KEY, timeout=LONGEST)
    assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text}"
    found = answer.json()
    for member in place:
        found = found[member]
    return found


def template():
    body = {"name": "Card", "html": "<p>{{title}} {{name}}</p>", "width": 40, "height": 20}
    return made("/templates", body, "template", "uid")


def batch():
    sets = [{"title": "One"}, {"title": "Two"}]
    return made(f"/templates/{template()}/batch-render", {"variableSets": sets}, "batchId")


def image():
    return made("/image", {"html": "<p>Hi</p>", "width": 40, "height": 20}, "id")


def gif():
    moving = "<style>@keyframes go { to { margin: 9px } } p { animation: go 200ms }</style><p>Hi</p>"
    return made("/gif", {"html": moving, "width": 40, "height": 20}, "gif", "uid")


def binding():
    body = {
        "name": "Health",
        "templateId": template(),
        "dataSource": {"type": "http", "url": f"{URL}/healthcheck", "method": "GET"},
        "mapping": {"title": "status"},
        "refreshPolicy": {"type": "ttl", "ttlSeconds": 3600},
    }
    return made("/bindings", body, "binding", "uid")


def subscription():
    body = {"event": "render.failed", "targetUrl": f"{URL}/healthcheck"}
    return made("/webhook-subscriptions", body, "subscription", "uid")


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
    return made("/experiments/api", body, "experiment", member)


experiment.count = 0


def running_experiment():
    slug = experiment("slug")
    found = session.get(f"{URL}/experiments/api", headers=KEY, timeout=LONGEST).json()["experiments"]
    uid = next(experiment["uid"] for experiment in found if experiment["slug"] == slug)
    made(f"/experiments/api/{uid}/start", {})
    return slug


def video_template():
    code = (
        "import {z} from 'zod';\nimport {useCurrentFrame} from 'remotion';\n"
        "export const schema = z.object({color: z.string().default('red')});\n"
        "export default ({color}) => <div style={{width: useCurrentFrame() + 1, height: 9, background: color}} />;"
    )
    body = {"name": "Bar", "kind": "tsx", "tsx": code, "width": 40, "height": 20, "fps": 5, "durationInFrames": 5}
    return made("/video/templates", body, "template", "uid")


def token():
    found = made("/api/users/api-tokens", {})
    return found.get("uid") or found.get("token", {}).get("uid")


# What the parameter at the end of such a path names, the longest first.
MAKERS = [
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

things = {}


def name_a_thing(case):
    """Lets three requests of four name what exists: of names that are made up nothing does. Returns who made it."""
    path = case.operation.path
    maker = next((maker for beginning, maker in MAKERS if path.startswith(beginning)), None)
    if maker is None or not case.path_parameters or crc32(repr(case.path_parameters).encode()) % 4 == 0:
        return None
    if things.get(maker) is None:
        things[maker] = maker()
    parameter = path.split("{", 1)[1].split("}", 1)[0]
    case.path_parameters = {**case.path_parameters, parameter: things[maker]}
    return maker


def is_refused(case, answer):
    """Whether an answer is one of the refusals that the contract has for what cannot be had here."""
    id = case.operation.definition.raw["operationId"]
    if id in NEEDS_A_MODEL:
        return answer.status_code in (501, 503)
    return answer.status_code == 501 and answer.json().get("code") in NO_VIDEOS


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers(case):
    maker = name_a_thing(case)
    # Keys are made up, too; a few of them do to see how they are refused.
    if crc32(repr(case.body).encode()) % 8 != 0 or case.operation.method == "get":
        case.headers = {**(case.headers or {}), **KEY}
    answer = case.call(session=session, timeout=LONGEST, allow_redirects=False)
    if maker is not None and case.method.upper() in ("PUT", "DELETE"):
        # The next request gets one that is as it was made.
        things.pop(maker, None)
    if answer.status_code >= 500:
        assert is_refused(case, answer), f"{answer.status_code} {answer.text}\n{case.as_curl_command()}"
        return
    case.validate_response(
        answer,
        checks=[status_code_conformance, content_type_conformance, response_headers_conformance],
    )
    open_schema[case.operation.path][case.operation.method].validate_response(answer)


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", *sys.argv[1:], __file__]))
