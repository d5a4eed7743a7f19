"""Tests of the official Python client, sync and async, against the emulator. They call every method of the client.

Requires the URLs of three emulators: one that accepts only the key "right", one with a limit of one request per minute,
and one with a quota of one render per month.
"""

import asyncio
import inspect
import os
import sys
import time
from urllib.parse import urlsplit

import httpx
from pictify import AsyncPictify, Pictify
from pictify.errors import (
    AuthenticationError,
    NetworkError,
    PictifyError,
    QuotaExceededError,
    RateLimitError,
    RenderError,
    ServerError,
    TemplateNotFoundError,
)

OPEN, LIMITED, METERED = (os.environ[name] for name in ("OPEN_URL", "LIMITED_URL", "METERED_URL"))

CARD = '<div style="width: 120px; height: 60px; background: #667eea">{{title}}</div>'
MOVING = """<style>@keyframes go { to { margin-left: 50px } }
div { width: 10px; height: 10px; background: red; animation: go 500ms infinite }</style><div></div>"""
SCENE = """import {z} from 'zod';
import {useCurrentFrame} from 'remotion';
export const schema = z.object({color: z.string().default('#ff0000')});
export default ({color}) => <div style={{width: useCurrentFrame() + 1, height: 20, background: color}} />;
"""

# First bytes of a file of each format.
SIGNATURES = {
    "png": b"\x89PNG",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "webp": b"RIFF",
    "gif": b"GIF8",
    "pdf": b"%PDF",
}


class AnyClient:
    """A sync or async client with async methods: the results of the async client are awaited."""

    def __init__(self, kind, url, key="right", **options):
        self.client = kind(api_key=key, base_url=url, max_retries=0, **options)

    def __getattr__(self, name):
        async def call(*args, **kwargs):
            result = getattr(self.client, name)(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return call


def assert_equal(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


async def download(url, format):
    """Downloads the file at the URL. It must have the format."""
    assert urlsplit(url).scheme == "http", url
    async with httpx.AsyncClient() as client:
        response = await client.get(url)
    assert_equal(response.status_code, 200)
    assert response.content.startswith(SIGNATURES[format]), f"{url} is not a {format} file: {response.content[:8]!r}"
    return response.content


async def expect_error(kind, status, call):
    """Returns the error of the call, which must have this type and status."""
    try:
        result = await call
    except PictifyError as error:
        assert type(error) is kind and error.status_code == status, f"{error!r} is not {kind.__name__} with {status}"
        assert error.message and error.message != "An unexpected error occurred", "the error has no message"
        return error
    raise AssertionError(f"{kind.__name__} expected, got {result!r}")


async def images(client):
    for format in ("png", "jpg", "jpeg", "webp"):
        image = await client.render_html("<p>Hi</p>", css="p { color: red }", width=120, height=60, format=format)
        assert image.id and image.created_at
        await download(image.url, format)
    cropped = await client.render_html(CARD, width=300, height=200, selector="div")
    assert_equal(png_size(await download(cropped.url, "png")), (120, 60))


def png_size(png):
    """Returns the width and height of a PNG file."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


async def live_pages(client):
    image = await client.render_url("https://example.com/", width=120, height=60)
    await download(image.url, "png")


async def templates(client):
    definitions = [{"name": "title", "type": "text", "defaultValue": "Nothing"}]
    created = await client.create_template(
        CARD, name="Card", width=120, height=60, variable_definitions=definitions, output_format="image"
    )
    read = await client.get_template(created.uid)
    assert_equal((read.name, read.html, read.width, read.height), ("Card", CARD, 120, 60))
    assert_equal([variable.name for variable in read.variable_definitions], ["title"])
    discovered = await client.create_template("<p>{{name}} {{place}}</p>")
    assert_equal([variable.name for variable in discovered.variable_definitions], ["name", "place"])
    page = await client.list_templates(page=1, limit=1, sort="newest", output_format="image")
    assert_equal([template.uid for template in page.templates], [discovered.uid])
    assert page.pagination.has_next and page.pagination.total >= 2, page.pagination
    listed = await client.list_templates(limit=100)
    assert created.uid in [template.uid for template in listed.templates]


async def template_renders(client):
    card = await client.create_template(CARD, name="Card", width=120, height=60)
    for format in ("png", "jpg", "jpeg", "webp", "pdf"):
        render = await client.render(card.uid, variables={"title": "Hi"}, format=format, quality=0.8)
        assert_equal((render.template_uid, render.total_rendered, render.total_errors), (card.uid, 1, 0))
        await download(render.url, format)
    larger = await client.render(card.uid, width=240, height=120)
    assert_equal(png_size(await download(larger.url, "png")), (240, 120))
    one = await client.render(card.uid, layout="default")
    assert_equal([result.layout for result in one.results], ["default"])
    some = await client.render_layouts(card.uid, ["default", "missing"], variables={"title": "Hi"})
    assert_equal([result.layout for result in some.results], ["default"])
    assert_equal([(error.layout, bool(error.error)) for error in some.errors], [("missing", True)])


async def gifs(client):
    gif = await client.render_gif(html=MOVING, width=80, height=40, quality="low")
    assert_equal((gif.width, gif.height), (80, 40))
    assert gif.uid and gif.animation_length > 0, gif
    await download(gif.url, "gif")
    template = await client.create_template(MOVING + "{{word}}", width=80, height=40)
    await download((await client.render_gif(template_id=template.uid, variables={"word": "Hi"})).url, "gif")
    live = await client.render_gif(url="https://example.com/", width=800, height=600, quality="low")
    await download(live.url, "gif")


async def batches(client):
    card = await client.create_template(CARD, width=120, height=60)
    sets = [{"title": "One"}, {"title": "Two"}, {"title": "Three"}]
    batch = await client.render_batch(card.uid, sets, format="png", quality=0.9, concurrency=2)
    assert_equal(batch.total_items, 3)
    deadline = time.monotonic() + 30
    while (results := await client.get_batch_results(batch.batch_id)).completed_at is None:
        assert time.monotonic() < deadline, f"the batch does not finish: {results}"
    assert_equal((results.status, results.completed_items, results.failed_items), ("completed", 3, 0))
    assert_equal(sorted(result.index for result in results.results), [0, 1, 2])
    assert all(result.success and result.variables == ["title"] for result in results.results), results


async def videos(client):
    video = await client.create_video_template("Bar", SCENE, width=40, height=20, fps=10, duration_seconds=1)
    assert_equal((video.name, video.kind, video.duration_in_frames, video.status), ("Bar", "tsx", 10, "draft"))
    assert video.uid in [template.uid for template in await client.list_video_templates()]
    found = await client.get_video_template_variables(video.uid)
    assert_equal((found.template_uid, [variable.name for variable in found.variables]), (video.uid, ["color"]))
    render = await client.render_video(video.uid, variables={"color": "#00ff00"}, format="gif")
    assert_equal(render.format, "gif")
    await download(render.url, "gif")
    wrong = await expect_error(RenderError, 422, client.create_video_template("Bad", "export default ("))
    assert wrong.errors, wrong.response_body
    # The emulator has no AI model.
    unavailable = await expect_error(ServerError, 503, client.generate_video_template("A bar that grows"))
    assert_equal(unavailable.response_body["code"], "ai_unavailable")


async def typed_errors(client, kind):
    wrong = AnyClient(kind, OPEN, key="wrong")
    await expect_error(AuthenticationError, 401, wrong.list_templates())
    await expect_error(AuthenticationError, 401, wrong.render_html("<p>"))
    await expect_error(TemplateNotFoundError, 404, client.get_template("NOTHING/HERE"))
    await expect_error(TemplateNotFoundError, 404, client.render("NOTHING"))
    await expect_error(TemplateNotFoundError, 404, client.get_batch_results("NOTHING"))
    await expect_error(TemplateNotFoundError, 404, client.render_gif(template_id="NOTHING"))
    await expect_error(RenderError, 400, client.render_html("<p>", width=-1))
    await expect_error(RenderError, 422, client.render_html("<p>", selector=".missing"))
    await wrong.close()

    # The rate limit is per key. Each type of client uses its own key.
    limited = AnyClient(kind, LIMITED, key=kind.__name__)
    await limited.list_templates()
    limited_error = await expect_error(RateLimitError, 429, limited.list_templates())
    assert 1 <= limited_error.retry_after <= 60, limited_error.retry_after
    await limited.close()

    metered = AnyClient(kind, METERED)
    try:
        await metered.render_html("<p>", width=10, height=10)
    except QuotaExceededError:
        pass  # The client of the previous run has used the quota.
    quota_error = await expect_error(QuotaExceededError, 429, metered.render_html("<p>"))
    assert_equal(quota_error.response_body["code"], "quota_exceeded")
    await metered.list_templates()
    await metered.close()

    unreachable = AnyClient(kind, "http://127.0.0.1:1")
    await expect_error(NetworkError, None, unreachable.list_templates())
    await unreachable.close()


async def main():
    for kind in (Pictify, AsyncPictify):
        client = AnyClient(kind, f"{OPEN}/")
        for check in (images, live_pages, templates, template_renders, gifs, batches, videos):
            print(f"{kind.__name__}: {check.__name__}", flush=True)
            await check(client)
        print(f"{kind.__name__}: typed_errors", flush=True)
        await typed_errors(client, kind)
        await client.close()


def public_methods():
    """Returns the names of the client's public methods, so that new methods of a newer version are found."""
    return sorted(name for name, _ in inspect.getmembers(Pictify, inspect.isfunction) if not name.startswith("_"))


if __name__ == "__main__":
    source = open(__file__, encoding="utf-8").read()
    untested = [name for name in public_methods() if f".{name}(" not in source]
    if untested:
        sys.exit(f"never called: {', '.join(untested)}")
    asyncio.run(main())
