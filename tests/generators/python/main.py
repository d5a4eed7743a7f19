"""Calls of the client that openapi-python-client makes, against an emulator that accepts the key "right"."""

import os
import struct

import httpx
from client import AuthenticatedClient
from client.api.batches import batch_render_template
from client.api.health import health_check
from client.api.images import create_image, list_images
from client.api.templates import create_template, get_template, render_template
from client.models import (
    BatchRenderTemplateRequest,
    CreateImageRequest,
    CreateTemplateRequest,
    Image,
    ImageFormat,
    MessageError,
    RenderTemplateRequest,
    TemplateRenderFormat,
    Variables,
)

URL = os.environ["EMULATOR_URL"]


def client_with(key):
    # Requests to this machine need no proxy.
    return AuthenticatedClient(base_url=URL, token=key, httpx_args={"trust_env": False})


def check_png(url, width, height):
    """Downloads an image, and checks that it is a PNG of this size in pixels."""
    response = httpx.get(url, trust_env=False)
    assert response.status_code == 200, url
    assert response.content[1:4] == b"PNG", url
    assert struct.unpack(">II", response.content[16:24]) == (width, height), url


def variables(**values):
    return Variables.from_dict(values)


client = client_with("right")
assert health_check.sync_detailed(client=client).status_code == 200

body = CreateImageRequest(html="<h1>Hello</h1>", width=120, height=63, file_extension=ImageFormat.PNG)
image = create_image.sync(client=client, body=body)
assert isinstance(image, Image), image
check_png(image.url, 120, 63)
assert list_images.sync(client=client, limit=10).images[0].url == image.url

body = CreateTemplateRequest(name="Card", html="<p>{{title}}</p>", width=80, height=40)
template = create_template.sync(client=client, body=body).template
body = RenderTemplateRequest(variables=variables(title="Hello"), format_=TemplateRenderFormat.PNG)
render = render_template.sync(template.uid, client=client, body=body)
check_png(render.results[0].url, 80, 40)

body = BatchRenderTemplateRequest(variable_sets=[variables(title="One"), variables(title="Two")])
assert batch_render_template.sync(template.uid, client=client, body=body).batch_id

missing = get_template.sync_detailed("MISSING", client=client)
assert missing.status_code == 404
assert isinstance(missing.parsed, MessageError) and missing.parsed.message, missing

assert list_images.sync_detailed(client=client_with("wrong")).status_code == 401
