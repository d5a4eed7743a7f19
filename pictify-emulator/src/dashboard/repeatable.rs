//! Requests that make a render again, for the button of its page and as code.

use super::code_samples::{SampleRequest, rust_json, rust_string, without_nulls};
use crate::rendering::details::RenderDetails;
use serde_json::{Value, json};

/// Request that makes a render again.
pub(super) struct RepeatableRequest {
    pub(super) operation: &'static str,
    pub(super) path: Vec<(&'static str, String)>,
    pub(super) sample: SampleRequest,
}

/// Returns the request that makes a render again, if enough of it is stored.
pub(super) fn repeatable(
    render: &Value,
    details: Option<&RenderDetails>,
    has_template: bool,
    has_video: bool,
) -> Option<RepeatableRequest> {
    let uid = render["template"].as_str().unwrap_or_default();
    let (variables, format) = (&render["variables"], render["format"].as_str().unwrap_or_default());
    if has_video {
        let body = without_nulls(json!({"variables": variables, "format": format.to_lowercase()}));
        let rust = format!(
            "let values = {};\nlet video = client.videos().render({}).variables(&values);\n\
             let video = video.format(pictify::videos::VideoFormat::Gif).send().await?;\nprintln!(\"{{}}\", video.url);",
            rust_json(variables),
            rust_string(uid)
        );
        let path = format!("/video/templates/{uid}/render");
        let sample = SampleRequest { path, body, rust };
        return Some(RepeatableRequest { operation: "renderVideo", path: vec![("uid", uid.to_owned())], sample });
    }
    if has_template && format == "PDF" {
        return Some(pdf_request(uid, variables));
    }
    if has_template {
        return Some(template_request(uid, variables, format, details));
    }
    let source = &details?.source;
    let body = match (source.html.first(), &source.url) {
        (_, Some(url)) => json!({"url": url, "fullPage": source.full_page.then_some(true)}),
        (Some(html), None) => json!({"html": html}),
        (None, None) => return None,
    };
    if format == "PDF" {
        return None;
    }
    let mut body = body;
    body["width"] = source.width.into();
    body["height"] = source.height.into();
    body["selector"] = source.selector.clone().into();
    let from = match source.html.first() {
        Some(html) if source.url.is_none() => format!("Source::html({})", rust_string(html)),
        _ => format!("Source::url({})?", rust_string(source.url.as_deref().unwrap_or_default())),
    };
    let (operation, path, client) =
        if format == "GIF" { ("createGif", "/gif", "gifs") } else { ("createImage", "/image", "images") };
    if format != "GIF" {
        body["fileExtension"] = format.to_lowercase().into();
    }
    let rust = format!(
        "let source = pictify::images::{from};\nlet image = client.{client}().create(source).size({}, {}).send().await?;\n\
         println!(\"{{}}\", image.url);",
        source.width, source.height
    );
    let sample = SampleRequest { path: path.to_owned(), body: without_nulls(body), rust };
    Some(RepeatableRequest { operation, path: Vec::new(), sample })
}

fn pdf_request(uid: &str, variables: &Value) -> RepeatableRequest {
    let (operation, path, name, method) = if variables.is_array() {
        ("renderMultiPagePdf", "/pdf/multi-page", "variableSets", "render_pages")
    } else {
        ("renderPdf", "/pdf/render", "variables", "render")
    };
    let body = without_nulls(json!({"templateUid": uid, name: variables}));
    let values = if variables.is_array() { "sets" } else { "&values" };
    let rust = format!(
        "let {} = {};\nlet pdf = client.pdfs().{method}({}, {values}).send().await?;\nprintln!(\"{{}}\", pdf.url);",
        values.trim_start_matches('&'),
        if variables.is_array() {
            let sets = variables.as_array().into_iter().flatten().map(rust_json).collect::<Vec<_>>();
            format!("[{}]", sets.join(", "))
        } else {
            rust_json(variables)
        },
        rust_string(uid)
    );
    let sample = SampleRequest { path: path.to_owned(), body, rust };
    RepeatableRequest { operation, path: Vec::new(), sample }
}

fn template_request(uid: &str, variables: &Value, format: &str, details: Option<&RenderDetails>) -> RepeatableRequest {
    let (format, variant) = match format {
        "JPG" => ("jpeg", "Jpeg"),
        "WEBP" => ("webp", "Webp"),
        "GIF" => ("gif", "Gif"),
        _ => ("png", "Png"),
    };
    let size = details.map(|details| (details.source.width, details.source.height)).filter(|size| size.0 >= 10);
    let quality = details.and_then(|details| details.source.quality).map(|percent| f64::from(percent) / 100.0);
    let body = without_nulls(json!({"variables": variables, "format": format, "quality": quality,
        "width": size.map(|size| size.0), "height": size.map(|size| size.1)}));
    let size = size.map(|(width, height)| format!(".size({width}, {height})")).unwrap_or_default();
    let rust = format!(
        "let values = {};\nlet render = client.templates().render({}, &values){size};\n\
         let render = render.format(pictify::templates::RenderFormat::{variant}).send().await?;\n\
         client.download(&render).to_file(\"render.{format}\").await?;",
        rust_json(variables),
        rust_string(uid)
    );
    let sample = SampleRequest { path: format!("/templates/{uid}/render"), body, rust };
    RepeatableRequest { operation: "renderTemplate", path: vec![("uid", uid.to_owned())], sample }
}

/// Returns the request that renders a template with these values.
pub(super) fn template_sample(uid: &str, values: &Value) -> SampleRequest {
    template_request(uid, values, "PNG", None).sample
}

/// Returns the first request that a new user can make.
pub(super) fn first_request() -> SampleRequest {
    let html = "<h1 style='font:72px sans-serif;padding:80px'>Hello, Pictify</h1>";
    let rust = format!(
        "let source = pictify::images::Source::html({});\n\
         let image = client.images().create(source).size(1200, 630).send().await?;\nprintln!(\"{{}}\", image.url);",
        rust_string(html)
    );
    SampleRequest { path: "/image".to_owned(), body: json!({"html": html, "width": 1200, "height": 630}), rust }
}
