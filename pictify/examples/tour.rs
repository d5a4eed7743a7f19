//! The tour: everything on the page of the official Python SDK, in its order, in Rust. The page has two ages; the second
//! part has what the newer one adds. `docs/tour.md` has the output.
//!
//! `cargo run --example tour --features cron`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL` set.

use pictify::{
    Client, Error, ErrorKind, Result, RetryPolicy,
    bindings::BindingSource,
    gifs::GifQuality,
    images::{CreateImage, Image, ImageFormat, Source},
    pdfs::PdfPreset,
    templates::{RasterFormat, RenderFormat, TemplateLayout, TemplateOutput, TemplateSort, TemplateSource},
    videos::{VideoFormat, VideoSource},
    webhooks::WebhookEventType,
};
use serde_json::json;
use std::{fmt::Display, path::Path, time::Duration};

/// Lines that the tour has printed.
type Lines = Vec<String>;

fn say(lines: &mut Lines, line: impl Display) {
    println!("{line}");
    lines.push(line.to_string());
}

/// Returns a value that the service may leave out, for a line.
fn known(value: Option<impl Display>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    tour(client, folder).await.map(drop)
}

pub(crate) async fn tour(client: &Client, folder: &Path) -> Result<Lines> {
    let lines = &mut Lines::new();
    quick_start(client, lines).await?;
    configuration(lines)?;
    images(client, folder, lines).await?;
    gifs(client, lines).await?;
    pdfs(client, lines).await?;
    let template = templates(client, lines).await?;
    batch(client, &template, lines).await?;
    webhooks(client, lines).await?;
    bindings(client, &template, lines).await?;
    errors(client, lines).await?;
    async_and_close(client, lines).await?;
    types(client, lines).await?;
    newer_images(client, lines).await?;
    newer_templates(client, lines).await?;
    videos(client, lines).await?;
    Ok(std::mem::take(lines))
}

/// Quick start.
async fn quick_start(client: &Client, lines: &mut Lines) -> Result<()> {
    let html = r#"<h1 style="color: #667eea">Hello World</h1>"#;
    let image = client.images().create(Source::html(html)).size(1200, 630).send().await?;
    say(lines, format_args!("quick start: {}", image.url));
    Ok(())
}

/// Configuration: the key alone, all settings, the environment.
fn configuration(lines: &mut Lines) -> Result<()> {
    let basic = Client::new("0123456789abcdef")?;
    let advanced = Client::builder()
        .api_key("0123456789abcdef")
        .base_url("https://api.pictify.io/v1")
        .timeout(Duration::from_secs(30))
        // The first attempt and three retries.
        .retry(RetryPolicy::default().with_max_attempts(4))
        .build()?;
    for (name, client) in [("key alone", basic), ("all settings", advanced)] {
        say(lines, format_args!("configuration, {name}: {}", client.base_url().starts_with("https://api.pictify.io")));
    }
    // `Client::from_env` reads `PICTIFY_API_KEY`, and `PICTIFY_BASE_URL` if it is set; `main` uses it.
    Ok(())
}

/// Images: from HTML, from a URL, from a canvas, from a prompt.
async fn images(client: &Client, folder: &Path, lines: &mut Lines) -> Result<()> {
    let html = "<div style='width:1200px;height:630px;background:#667eea;display:flex;align-items:center;\
                justify-content:center'><h1 style='color:white;font-size:48px'>Hello World</h1></div>";
    let call = client.images().create(Source::html(html)).size(1200, 630).format(ImageFormat::Png);
    let image: Image = call.send().await?;
    say(lines, format_args!("image from HTML: {}", image.url));
    say(lines, format_args!("  id {}", known(image.id.as_ref())));
    say(lines, format_args!("  size {} by {}", known(image.width), known(image.height)));
    client.download(&image).to_file(folder.join("tour.png")).await?;

    let page = Source::url("https://example.com")?;
    let screenshot = client.images().create(page).size(1200, 630).full_page(false).send().await?;
    say(lines, format_args!("image from a URL: {}", screenshot.url));

    let canvas = json!({"version": "5.3.0", "objects": [
        {"type": "rect", "fill": "#667eea", "width": 1200, "height": 630},
        {"type": "textbox", "text": "{{title}}", "fill": "white", "fontSize": 48},
    ]});
    let call = client.images().canvas(&canvas).variables(&json!({"title": "Dynamic content"}));
    say(lines, format_args!("image from a canvas: {}", call.size(1200, 630).send().await?.url));

    let prompt = "Take a screenshot of the pricing section on example.com";
    let screenshot = client.images().agent_screenshot(prompt).send().await?;
    say(lines, format_args!("image from a prompt: {}", screenshot.url));
    Ok(())
}

/// GIFs: from HTML, from a live page.
async fn gifs(client: &Client, lines: &mut Lines) -> Result<()> {
    let html = "<style>@keyframes pulse { 50% { transform: scale(1.1) } } .pulse { animation: pulse 1s infinite }</style>\
                <div class='pulse'>Animated!</div>";
    let gif = client.gifs().create(Source::html(html)).size(400, 400).send().await?;
    say(lines, format_args!("GIF from HTML: {}", gif.url));

    let call = client.gifs().capture("https://example.com/animated").size(800, 600).quality(GifQuality::High);
    let gif = call.frame_duration_seconds(5.0).send().await?;
    say(lines, format_args!("GIF from a URL: {}", gif.url));
    Ok(())
}

/// PDFs: one page, and a page for each set of values.
async fn pdfs(client: &Client, lines: &mut Lines) -> Result<()> {
    let items = [json!({"name": "Service", "price": 99.0})];
    let invoice = json!({"invoiceNumber": "INV-001", "items": items, "total": 99.0});
    let call = client.pdfs().render("XK4P2M9QZT", &invoice).preset(PdfPreset::A4);
    let pdf = call.margins_each_px(40.0, 30.0, 40.0, 30.0).send().await?;
    say(lines, format_args!("PDF: {}", pdf.url));

    let pages = ["Introduction", "Analysis", "Conclusion"];
    let pages = pages.map(|title| json!({"pageTitle": title, "content": "..."}));
    let pdf = client.pdfs().render_pages("XK4P2M9QZT", pages).preset(PdfPreset::A4).send().await?;
    say(lines, format_args!("PDF with {} pages: {}", known(pdf.page_count), pdf.url));
    Ok(())
}

/// Templates: list, create, render, variables. Returns the uid of the new template.
async fn templates(client: &Client, lines: &mut Lines) -> Result<String> {
    let page = client.templates().list().page(1).limit(20).send().await?;
    let total = page.pagination.as_ref().and_then(|pagination| pagination.total);
    say(lines, format_args!("templates: {} of {}", page.templates.len(), known(total)));

    let source = TemplateSource::html("<h1>{{title}}</h1><p>{{description}}</p>");
    let template = client.templates().create("Social card", source).size(1200, 630).send().await?;
    let values = json!({"title": "My post", "description": "An interesting article"});
    let image = client.templates().render(&template.uid, &values).format(RenderFormat::Png).send().await?;
    say(lines, format_args!("render of a template: {}", image.url));

    for variable in client.templates().variables(&template.uid).send().await?.variables {
        say(lines, format_args!("  variable {}: {}", variable.name, known(variable.type_)));
    }
    Ok(template.uid)
}

/// A batch, and its results later.
async fn batch(client: &Client, template: &str, lines: &mut Lines) -> Result<()> {
    let posts = ["Post 1", "Post 2", "Post 3"].map(|title| json!({"title": title}));
    let call = client.batches().create(template, posts).webhook_url("https://hooks.example.net/webhooks/batch");
    let batch = call.send().await?;
    let results = client.batches().get(&batch.batch_id).send().await?;
    say(lines, format_args!("batch of {} images: {}", known(results.total_items), batch.batch_id));
    Ok(())
}

/// A webhook subscription. The examples `axum_webhook` and `actix_webhook` verify signatures, as the page does for Flask
/// and `FastAPI`; with any other server, `webhooks::Verifier` does.
async fn webhooks(client: &Client, lines: &mut Lines) -> Result<()> {
    let url = "https://hooks.example.net/webhooks/pictify";
    let subscription = client.webhooks().create(WebhookEventType::RenderCompleted, url).send().await?;
    // Store the secret: no other response contains it. It is not printed.
    let secret = subscription.secret.as_ref().map_or(0, |secret| secret.expose().len());
    say(lines, format_args!("webhook subscription with a secret: {}", secret > 0));
    Ok(())
}

/// A binding: an image that follows a data source. Its data is fetched again when it is older than an hour.
async fn bindings(client: &Client, template: &str, lines: &mut Lines) -> Result<()> {
    let source = BindingSource::http("https://example.com/repos/octo/demo")?;
    let mapping = [("stars", "stargazers_count"), ("forks", "forks_count")];
    let call = client.bindings().create(template, source, mapping).name("GitHub stats").schedule("0 * * * *");
    let binding = call.send().await?;
    say(lines, format_args!("binding: {}", known(binding.render_url)));
    match client.bindings().refresh(binding.uid.unwrap_or_default()).send().await {
        Ok(_) => say(lines, "  refreshed"),
        // One source says that the service does not accept API keys here.
        Err(error) if matches!(error.kind(), ErrorKind::Authentication | ErrorKind::NotFound) => {
            say(lines, format_args!("  not refreshed: {error}"));
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Errors: by kind, with the fields, the status and the type that the service names.
async fn errors(client: &Client, lines: &mut Lines) -> Result<()> {
    // The client rejects the first one before it is sent, the service the second one.
    let invalid = client.images().create(Source::html("")).size(0, 630).send().await.err();
    let missing = client.templates().get("NOSUCHTEMPLATE").send().await.err();
    for error in [invalid, missing].into_iter().flatten() {
        describe(&error, lines);
    }
    Ok(())
}

fn describe(error: &Error, lines: &mut Lines) {
    match error.kind() {
        ErrorKind::RateLimited => {
            say(lines, format_args!("wait {} s", known(error.retry_after().map(|it| it.as_secs()))));
        }
        ErrorKind::Validation => {
            for field in error.errors() {
                say(lines, format_args!("error of {}: {}", known(field.field), field.message));
            }
        }
        ErrorKind::Authentication => say(lines, "the API key is not valid"),
        _ => {
            say(lines, format_args!("error: {}", error.message()));
            say(lines, format_args!("  status {}", known(error.status())));
            say(lines, format_args!("  type {}", known(error.error_type())));
        }
    }
}

/// Async use and the context manager. Every call of this tour is async; the example `blocking` has the other client.
/// There is no `close`: the connections end with the last clone of the client, at the end of a block or with `drop`.
async fn async_and_close(client: &Client, lines: &mut Lines) -> Result<()> {
    {
        let client = client.clone();
        let image = client.images().create(Source::html("<h1>Hello async</h1>")).size(1200, 630).send().await?;
        say(lines, format_args!("async: {}", image.url));
    } // This clone is closed.
    // The page's view for Django, which redirects to an image, is the example `axum_og_image`.
    Ok(())
}

/// Types: options as a value of their own.
async fn types(client: &Client, lines: &mut Lines) -> Result<()> {
    let call = client.images().create(Source::html("<h1>Hello</h1>")).size(1200, 630).format(ImageFormat::Png);
    let options: CreateImage = call.into_request();
    let image: Image = client.call(options).send().await?;
    say(lines, format_args!("typed options: {}", image.url));
    Ok(())
}

/// The newer page: CSS, a selector, the time of an image, GIFs of a template and of a URL.
async fn newer_images(client: &Client, lines: &mut Lines) -> Result<()> {
    // There is no field for CSS: it is the start of the HTML.
    let html = "<style>#card { padding: 40px; color: blue }</style><div id='card'>Hello</div>";
    let call = client.images().create(Source::html(html)).size(1200, 630).selector("#card");
    let image = call.format(ImageFormat::Webp).send().await?;
    say(lines, format_args!("image of one element: {}", image.url));
    say(lines, format_args!("  with its time: {}", image.created_at.is_some()));

    let source = TemplateSource::html(
        "<style>h1 { animation: a 1s infinite } @keyframes a { 50% { opacity: 0 } }</style>
        <h1>{{name}}</h1>",
    );
    let template = client.templates().create("Blinking", source).size(400, 200).send().await?;
    let source = Source::template(&template.uid, &json!({"name": "Ada"}))?;
    let gif = client.gifs().create(source).size(400, 200).quality(GifQuality::Medium).send().await?;
    say(lines, format_args!("GIF from a template: {}", gif.url));
    let gif = client.gifs().create(Source::url("https://example.com/animated")?).send().await?;
    say(lines, format_args!("GIF from a URL: {}", gif.url));
    Ok(())
}

/// The newer page: all arguments of a render, layouts, batches with progress, reading, sorting and creating templates.
async fn newer_templates(client: &Client, lines: &mut Lines) -> Result<()> {
    let mut square = TemplateLayout::default();
    (square.width, square.height) = (Some(600), Some(600));
    let source = TemplateSource::html("<h1>{{title}}</h1><p>{{description}}</p>");
    let call = client.templates().create("Card with layouts", source).size(1200, 630).layout("square", square);
    let template = &call.send().await?.uid;
    let values = json!({"title": "Ada", "description": "Pictify"});
    let call = client.templates().render(template, &values).format(RenderFormat::Jpeg).quality(0.9).size(1200, 630);
    let image = call.send().await?;
    let (width, height) = (known(image.width), known(image.height));
    say(lines, format_args!("render of {width} by {height} pixels: {}", image.url));
    let image = client.templates().render(template, &values).layout("square").send().await?;
    say(lines, format_args!("render of the layout {}: {}", known(image.layout), image.url));

    let layouts = ["default", "square", "story"];
    let layouts = client.templates().render_layouts(template, &values, layouts).send().await?;
    for image in &layouts.results {
        say(lines, format_args!("  layout {}: {}", known(image.layout.as_ref()), image.url));
    }
    for failed in &layouts.errors {
        let (layout, reason) = (known(failed.layout.as_ref()), known(failed.error.as_ref()));
        say(lines, format_args!("  layout {layout} failed: {reason}"));
    }

    let people = ["Ada", "Grace"].map(|name| json!({"title": name, "description": "Pictify"}));
    let call = client.batches().create(template, people).format(RasterFormat::Png).quality(0.9).concurrency(5);
    let mut job = call.into_job();
    job.start(client).send().await?;
    for row in job.wait(client).send().await? {
        // The service may send the URLs by webhook only.
        say(lines, format_args!("  batch row {}: rendered {}", row.index, known(row.ok)));
    }
    let progress = job.progress();
    say(lines, format_args!("batch: {} of {} rows", progress.completed, progress.total));

    let found = client.templates().get(template).send().await?;
    say(lines, format_args!("template: {}", known(found.name)));
    let page = client.templates().list().page(1).limit(20).sort(TemplateSort::Newest).send().await?;
    let more = page.pagination.and_then(|pagination| pagination.has_next);
    say(lines, format_args!("templates, newest first: {}, more: {}", page.templates.len(), known(more)));
    let source = TemplateSource::html("<div>Hi {{first_name}}</div>");
    let call = client.templates().create("Welcome card", source).size(600, 200).output(TemplateOutput::Image);
    say(lines, format_args!("created: {}", known(call.send().await?.name)));
    Ok(())
}

/// The newer page: video templates.
async fn videos(client: &Client, lines: &mut Lines) -> Result<()> {
    let scene = "import {useCurrentFrame} from 'remotion';
        import {z} from 'zod';
        export const schema = z.object({title: z.string().default('Welcome')});
        export default ({title}) => <h1 style={{opacity: useCurrentFrame() / 10}}>{title}</h1>;";
    let call = client.videos().create("My scene", VideoSource::tsx(scene)).size(200, 100).fps(10);
    let template = call.duration_in_frames(10).send().await?;
    let all = client.videos().list().send().await?.templates;
    say(lines, format_args!("video templates: {}", all.len()));
    for variable in client.videos().variables(&template.uid).send().await?.variables {
        say(lines, format_args!("  variable {}", variable.name));
    }
    let call = client.videos().render(&template.uid).variables(&json!({"title": "Welcome, Maya!"}));
    let video = call.format(VideoFormat::Gif).send().await?;
    say(lines, format_args!("video as GIF: {}", video.url));
    match client.videos().generate("An eight second product launch teaser").duration_seconds(8.0).send().await {
        Ok(template) => say(lines, format_args!("generated: {}", known(template.name))),
        // The emulator has no model.
        Err(error) if error.status().is_some_and(|status| matches!(status.as_u16(), 501 | 503)) => {
            say(lines, "generated: not by the emulator");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
