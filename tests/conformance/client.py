"""The official Python client, sync and async, does all that it offers against the emulator.

Asks for the addresses of three emulators: one that knows only the key "right", one that allows one request a minute, and
one that has one render a month.
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

# How files of each format begin.
BEGINNINGS = {
    "png": b"\x89PNG",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "webp": b"RIFF",
    "gif": b"GIF8",
    "pdf": b"%PDF",
}


class Both:
    """A client of either kind; its calls are awaited where that is needed."""

    def __init__(self, kind, url, key="right", **options):
        self.client = kind(api_key=key, base_url=url, max_retries=0, **options)

    def __getattr__(self, name):
        async def call(*args, **kwargs):
            answer = getattr(self.client, name)(*args, **kwargs)
            return await answer if inspect.isawaitable(answer) else answer

        return call


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


async def file(url, format):
    """The file at an address, which must be of the format."""
    assert urlsplit(url).scheme == "http", url
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    same(answer.status_code, 200)
    assert answer.content.startswith(BEGINNINGS[format]), f"{url} is no {format}: {answer.content[:8]!r}"
    return answer.content


async def raised(kind, status, call):
    """The typed error that a call must end in."""
    try:
        answer = await call
    except PictifyError as error:
        assert type(error) is kind and error.status_code == status, f"{error!r} is no {kind.__name__} with {status}"
        assert error.message and error.message != "An unexpected error occurred", "the error says nothing"
        return error
    raise AssertionError(f"{kind.__name__} expected, not {answer!r}")


async def images(client):
    for format in ("png", "jpg", "jpeg", "webp"):
        image = await client.render_html("<p>Hi</p>", css="p { color: red }", width=120, height=60, format=format)
        assert image.id and image.created_at
        await file(image.url, format)
    picture = await client.render_html(CARD, width=300, height=200, selector="div")
    same(size(await file(picture.url, "png")), (120, 60))


def size(png):
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


async def live_pages(client):
    image = await client.render_url("https://example.com/", width=120, height=60)
    await file(image.url, "png")


async def templates(client):
    definitions = [{"name": "title", "type": "text", "defaultValue": "Nothing"}]
    found = await client.create_template(
        CARD, name="Card", width=120, height=60, variable_definitions=definitions, output_format="image"
    )
    again = await client.get_template(found.uid)
    same((again.name, again.html, again.width, again.height), ("Card", CARD, 120, 60))
    same([variable.name for variable in again.variable_definitions], ["title"])
    discovered = await client.create_template("<p>{{name}} {{place}}</p>")
    same([variable.name for variable in discovered.variable_definitions], ["name", "place"])
    page = await client.list_templates(page=1, limit=1, sort="newest", output_format="image")
    same([template.uid for template in page.templates], [discovered.uid])
    assert page.pagination.has_next and page.pagination.total >= 2, page.pagination
    listed = await client.list_templates(limit=100)
    assert found.uid in [template.uid for template in listed.templates]


async def template_renders(client):
    card = await client.create_template(CARD, name="Card", width=120, height=60)
    for format in ("png", "jpg", "jpeg", "webp", "pdf"):
        render = await client.render(card.uid, variables={"title": "Hi"}, format=format, quality=0.8)
        same((render.template_uid, render.total_rendered, render.total_errors), (card.uid, 1, 0))
        await file(render.url, format)
    larger = await client.render(card.uid, width=240, height=120)
    same(size(await file(larger.url, "png")), (240, 120))
    one = await client.render(card.uid, layout="default")
    same([result.layout for result in one.results], ["default"])
    some = await client.render_layouts(card.uid, ["default", "missing"], variables={"title": "Hi"})
    same([result.layout for result in some.results], ["default"])
    same([(error.layout, bool(error.error)) for error in some.errors], [("missing", True)])


async def gifs(client):
    gif = await client.render_gif(html=MOVING, width=80, height=40, quality="low")
    same((gif.width, gif.height), (80, 40))
    assert gif.uid and gif.animation_length > 0, gif
    await file(gif.url, "gif")
    template = await client.create_template(MOVING + "{{word}}", width=80, height=40)
    await file((await client.render_gif(template_id=template.uid, variables={"word": "Hi"})).url, "gif")
    live = await client.render_gif(url="https://example.com/", width=800, height=600, quality="low")
    await file(live.url, "gif")


async def batches(client):
    card = await client.create_template(CARD, width=120, height=60)
    sets = [{"title": "One"}, {"title": "Two"}, {"title": "Three"}]
    batch = await client.render_batch(card.uid, sets, format="png", quality=0.9, concurrency=2)
    same(batch.total_items, 3)
    ends = time.monotonic() + 30
    while (results := await client.get_batch_results(batch.batch_id)).completed_at is None:
        assert time.monotonic() < ends, f"the batch does not end: {results}"
    same((results.status, results.completed_items, results.failed_items), ("completed", 3, 0))
    same(sorted(result.index for result in results.results), [0, 1, 2])
    assert all(result.success and result.variables == ["title"] for result in results.results), results


async def videos(client):
    video = await client.create_video_template("Bar", SCENE, width=40, height=20, fps=10, duration_seconds=1)
    same((video.name, video.kind, video.duration_in_frames, video.status), ("Bar", "tsx", 10, "draft"))
    assert video.uid in [template.uid for template in await client.list_video_templates()]
    found = await client.get_video_template_variables(video.uid)
    same((found.template_uid, [variable.name for variable in found.variables]), (video.uid, ["color"]))
    render = await client.render_video(video.uid, variables={"color": "#00ff00"}, format="gif")
    same(render.format, "gif")
    await file(render.url, "gif")
    wrong = await raised(RenderError, 422, client.create_video_template("Bad", "export default ("))
    assert wrong.errors, wrong.response_body
    # The one thing that cannot be had here: there is no model.
    refused = await raised(ServerError, 503, client.generate_video_template("A bar that grows"))
    same(refused.response_body["code"], "ai_unavailable")


async def typed_errors(client, kind):
    wrong = Both(kind, OPEN, key="wrong")
    await raised(AuthenticationError, 401, wrong.list_templates())
    await raised(AuthenticationError, 401, wrong.render_html("<p>"))
    await raised(TemplateNotFoundError, 404, client.get_template("NOTHING/HERE"))
    await raised(TemplateNotFoundError, 404, client.render("NOTHING"))
    await raised(TemplateNotFoundError, 404, client.get_batch_results("NOTHING"))
    await raised(TemplateNotFoundError, 404, client.render_gif(template_id="NOTHING"))
    await raised(RenderError, 400, client.render_html("<p>", width=-1))
    await raised(RenderError, 422, client.render_html("<p>", selector=".missing"))
    await wrong.close()

    # Each kind of client has a minute of its own: it comes with its own key.
    limited = Both(kind, LIMITED, key=kind.__name__)
    await limited.list_templates()
    too_soon = await raised(RateLimitError, 429, limited.list_templates())
    assert 1 <= too_soon.retry_after <= 60, too_soon.retry_after
    await limited.close()

    metered = Both(kind, METERED)
    try:
        await metered.render_html("<p>", width=10, height=10)
    except QuotaExceededError:
        pass  # The other kind of client has had it.
    used_up = await raised(QuotaExceededError, 429, metered.render_html("<p>"))
    same(used_up.response_body["code"], "quota_exceeded")
    await metered.list_templates()
    await metered.close()

    nobody = Both(kind, "http://127.0.0.1:1")
    await raised(NetworkError, None, nobody.list_templates())
    await nobody.close()


async def main():
    for kind in (Pictify, AsyncPictify):
        client = Both(kind, f"{OPEN}/")
        for check in (images, live_pages, templates, template_renders, gifs, batches, videos):
            print(f"{kind.__name__}: {check.__name__}", flush=True)
            await check(client)
        print(f"{kind.__name__}: typed_errors", flush=True)
        await typed_errors(client, kind)
        await client.close()


def offered():
    """What the client can do, so that a newer one that can do more is noticed."""
    return sorted(name for name, _ in inspect.getmembers(Pictify, inspect.isfunction) if not name.startswith("_"))


if __name__ == "__main__":
    source = open(__file__, encoding="utf-8").read()
    forgotten = [name for name in offered() if f".{name}(" not in source]
    if forgotten:
        sys.exit(f"never called: {', '.join(forgotten)}")
    asyncio.run(main())
