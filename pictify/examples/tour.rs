//! A tour of the resources: images, GIFs, PDFs, templates, batches, webhooks, bindings.
//!
//! `cargo run --example tour --features cron`, with `PICTIFY_API_KEY` set.

use pictify::{
    Client, ErrorKind, Result,
    bindings::BindingSource,
    gifs::GifQuality,
    images::Source,
    pdfs::PdfPreset,
    templates::RasterFormat,
    templates::{RenderFormat, TemplateSource},
    webhooks::WebhookEventType,
};
use serde_json::json;
use std::path::Path;

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    images(client, folder).await?;
    gifs(client).await?;
    pdfs(client).await?;
    let template = templates(client).await?;
    batches(client, &template).await?;
    webhooks(client).await?;
    bindings(client, &template).await
}

async fn images(client: &Client, folder: &Path) -> Result<()> {
    let image = client.images().create(Source::html("<h1>Hello World</h1>")).size(1200, 630).send().await?;
    println!("{} {:?}", image.url, image.id);
    client.download(&image).to_file(folder.join("tour.png")).await?;

    let page = client.images().create(Source::url("https://example.com")?).size(1920, 1080).send().await?;
    println!("{}", page.url);

    let canvas = json!({"version": "5.3.0", "objects": [{"type": "textbox", "text": "Hello {{name}}"}]});
    let call = client.images().canvas(&canvas).variables(&json!({"name": "World"}));
    println!("{}", call.size(800, 600).send().await?.url);

    let prompt = "Capture the pricing table on example.com";
    println!("{}", client.images().agent_screenshot(prompt).send().await?.url);
    Ok(())
}

async fn gifs(client: &Client) -> Result<()> {
    let html = "<style>@keyframes f { 50% { opacity: .2 } } p { animation: f 2s infinite }</style><p>Now</p>";
    let gif = client.gifs().create(Source::html(html)).size(400, 400).send().await?;
    println!("{} {:?}", gif.url, gif.uid);

    let call = client.gifs().capture("https://example.com/animated").size(800, 600);
    println!("{}", call.quality(GifQuality::High).frame_duration_seconds(5.0).send().await?.url);
    Ok(())
}

async fn pdfs(client: &Client) -> Result<()> {
    let invoice = json!({"invoiceNumber": "INV-001", "total": 99.0});
    let call = client.pdfs().render("XK4P2M9QZT", &invoice).preset(PdfPreset::A4);
    let pdf = call.margins_each_px(40.0, 30.0, 40.0, 30.0).send().await?;
    println!("{} {:?}", pdf.url, pdf.page_count);

    let pages = ["Introduction", "Analysis"].map(|title| json!({"pageTitle": title}));
    let call = client.pdfs().render_pages("XK4P2M9QZT", pages).preset(PdfPreset::Letter).landscape(true);
    println!("{}", call.send().await?.url);
    Ok(())
}

async fn templates(client: &Client) -> Result<String> {
    let page = client.templates().list().page(1).limit(10).send().await?;
    println!("{} templates", page.templates.len());

    let source = TemplateSource::html("<h1>{{title}}</h1>");
    let template = client.templates().create("Blog post", source).size(1200, 630).send().await?;
    for variable in client.templates().variables(&template.uid).send().await?.variables {
        println!("{} {:?} {:?}", variable.name, variable.type_, variable.required);
    }
    let card = client.templates().render(&template.uid, &json!({"title": "My post"}));
    println!("{}", card.format(RenderFormat::Png).send().await?.url);
    Ok(template.uid)
}

async fn batches(client: &Client, template: &str) -> Result<()> {
    let posts = ["Post 1", "Post 2", "Post 3"].map(|title| json!({"title": title}));
    let batch = client.batches().create(template, posts).format(RasterFormat::Png).send().await?;
    let results = client.batches().get(&batch.batch_id).send().await?;
    println!("{:?}: {:?} of {:?}", results.status, results.completed_items, results.total_items);
    Ok(())
}

async fn webhooks(client: &Client) -> Result<()> {
    let url = "https://hooks.example.net/pictify";
    let subscription = client.webhooks().create(WebhookEventType::RenderCompleted, url).send().await?;
    // Store the secret immediately: no other response contains it.
    println!("received a secret: {}", subscription.secret.is_some());
    Ok(())
}

async fn bindings(client: &Client, template: &str) -> Result<()> {
    let source = BindingSource::http("https://example.com/repos/octo/demo")?;
    let call = client.bindings().create(template, source, [("stars", "stargazers_count")]).name("GitHub stats");
    let binding = call.schedule("0 * * * *").send().await?;
    println!("{:?}", binding.render_url);
    match client.bindings().refresh(binding.uid.unwrap_or_default()).send().await {
        Ok(_) => println!("refreshed"),
        // One source says that the service does not accept API keys here.
        Err(error) if matches!(error.kind(), ErrorKind::Authentication | ErrorKind::NotFound) => println!("{error}"),
        Err(error) => return Err(error),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
