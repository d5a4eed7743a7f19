//! Renders: the gallery, and the page of a render.

use super::{
    code_samples::{SampleRequest, rust_json, rust_string, samples, without_nulls},
    not_found, redirect,
    request::{PAGE_SIZE, PageRequest},
    view,
};
use crate::{
    api_error::ApiError,
    context::AppState,
    operations,
    rendering::details::{self, DETAILS, RenderDetails},
    rendering::fill::TEMPLATE,
    rendering::{RENDER, video::VIDEO},
    response::{ApiResponse, ApiResult},
    store::{Filter, Search},
};
use axum::http::{StatusCode, header::CACHE_CONTROL};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Filters of the gallery: the name in the query string, the title, and the formats. The names are those of the counts
/// of `GET /render`.
const FORMATS: &[(&str, &str, &[&str])] = &[
    ("ALL", "All", &[]),
    ("PNG", "Images", &["PNG", "JPG", "WEBP"]),
    ("GIF", "GIFs", &["GIF"]),
    ("PDF", "PDFs", &["PDF"]),
];

/// Maximum number of templates whose names are searched.
const MAX_SEARCHED_TEMPLATES: usize = 100;

/// Shows the gallery.
pub(super) async fn list(request: &PageRequest<'_>) -> ApiResult {
    let (state, text) = (request.state, request.parameter("q"));
    let wanted = FORMATS.iter().find(|(name, ..)| *name == request.parameter("format")).unwrap_or(&FORMATS[0]);
    let filter = Filter::default().eq("$.template", Some(request.parameter("template")).filter(|uid| !uid.is_empty()));
    let filter = if wanted.2.is_empty() { filter } else { filter.any_of("$.format", wanted.2) };
    let named: Vec<_> = if text.is_empty() {
        Vec::new()
    } else {
        let search = Search { text, ..Search::default() };
        let (named, _) = state.store.search(TEMPLATE, &Filter::default(), search, 0, MAX_SEARCHED_TEMPLATES)?;
        named.iter().filter_map(|template| template["uid"].as_str().map(str::to_owned)).collect()
    };
    let search = Search { text, or_any_of: Some(("$.template", &named)) };
    let (renders, total) = state.store.search(RENDER, &filter, search, request.offset(), PAGE_SIZE)?;
    let counts = operations::call(state, "listRenders", &[], &[("limit", 1.into())], Value::Null).await?;
    let formats: Vec<_> = FORMATS
        .iter()
        .map(|(name, title, _)| {
            json!({"name": name, "title": title, "count": counts["counts"][name], "isCurrent": *name == wanted.0})
        })
        .collect();
    let mut titles = BTreeMap::new();
    let items: Vec<_> =
        renders.iter().map(|render| item(state, &mut titles, render)).collect::<Result<_, ApiError>>()?;
    let data = json!({
        "renders": items,
        "formats": formats,
        "format": wanted.0,
        "search": {"text": text, "label": "Search renders by ID, template or value"},
        "pages": request.pages(total),
        "isEmpty": counts["counts"]["ALL"] == 0,
        "samples": samples(&first_request()),
        "template": request.parameter("template"),
    });
    view::page(state, "renders", "renders", "Renders", data)
}

/// Returns what the gallery shows of a render.
fn item(state: &AppState, names: &mut BTreeMap<String, Value>, render: &Value) -> Result<Value, ApiError> {
    let uid = render["template"].as_str().unwrap_or_default();
    if !uid.is_empty() && !names.contains_key(uid) {
        names.insert(uid.to_owned(), template_name(state, uid)?);
    }
    let id = render["id"].as_str().unwrap_or_default();
    Ok(json!({
        "id": id,
        "title": names.get(uid).cloned().unwrap_or_else(|| "HTML".into()),
        "format": render["format"],
        "width": render["width"],
        "height": render["height"],
        "pageCount": render["pageCount"],
        "picture": picture(render),
        "animationLength": render["animationLength"],
        "createdAt": render["createdAt"],
        "costs": details::costs(&state.store, id)?,
    }))
}

/// Returns the address of the picture of a render: the file itself, or the first page of a PDF.
fn picture(render: &Value) -> String {
    if render["format"] == "PDF" {
        let id = render["id"].as_str().unwrap_or_default();
        return format!("{}renders/{id}/pages/1", super::PREFIX);
    }
    format!("/media/{}", render["file"].as_str().unwrap_or_default())
}

/// Returns the name of a template or a video template; its ID if it was deleted.
fn template_name(state: &AppState, uid: &str) -> Result<Value, ApiError> {
    let found = match state.store.get(TEMPLATE, uid)? {
        None => state.store.get(VIDEO, uid)?,
        found => found,
    };
    Ok(found.map_or_else(|| uid.into(), |mut template| template["name"].take()))
}

/// Shows a render.
pub(super) fn show(request: &PageRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let render = state.store.get(RENDER, id)?.ok_or_else(not_found)?;
    let details = details::find(&state.store, id)?;
    let uid = render["template"].as_str().unwrap_or_default();
    let (template, video) = (state.store.get(TEMPLATE, uid)?, state.store.get(VIDEO, uid)?);
    let repeatable = repeatable(&render, details.as_ref(), template.is_some(), video.is_some());
    let name = if uid.is_empty() { "HTML".into() } else { template_name(state, uid)? };
    let source = template.as_ref().and_then(|template| template["html"].as_str());
    let html = details.iter().flat_map(|details| &details.source.html);
    let html: Vec<_> = html.enumerate().map(|(index, html)| json!({"number": index + 1, "html": html})).collect();
    let pages = render["pageCount"].as_u64().unwrap_or_default();
    let data = json!({
        "render": {
            "id": id,
            "format": render["format"],
            "width": render["width"],
            "height": render["height"],
            "pageCount": render["pageCount"],
            "animationLength": render["animationLength"],
            "createdAt": render["createdAt"],
            "media": format!("/media/{}", render["file"].as_str().unwrap_or_default()),
        },
        "pdfPages": (1..=pages.min(MAX_SHOWN_PAGES)).map(|number| json!({"number": number, "path":
            format!("{}renders/{id}/pages/{number}", super::PREFIX)})).collect::<Vec<_>>(),
        "morePages": pages.saturating_sub(MAX_SHOWN_PAGES),
        "name": name,
        "template": template.is_some().then_some(uid),
        "video": video.is_some().then_some(uid),
        "variables": render.get("variables").map(|variables| serde_json::to_string_pretty(variables).unwrap_or_default()),
        "source": source,
        "html": html,
        "details": details,
        "isRepeatable": repeatable.is_some(),
        "samples": repeatable.map(|request| samples(&request.sample)),
    });
    view::page(state, "renders", "render", &format!("Render {id}"), data)
}

/// Maximum number of PDF pages on the page of a render.
const MAX_SHOWN_PAGES: u64 = 20;

/// Request that makes a render again.
struct RepeatableRequest {
    operation: &'static str,
    path: Vec<(&'static str, String)>,
    sample: SampleRequest,
}

/// Returns the request that makes a render again, if enough of it is stored.
fn repeatable(
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
            "let values = {};\nlet video = client.video_templates().render({}, &values).send().await?;\n\
             println!(\"{{}}\", video.url);",
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
    let format = if format == "JPG" { "jpeg".to_owned() } else { format.to_lowercase() };
    let size = details.map(|details| (details.source.width, details.source.height)).filter(|size| size.0 >= 10);
    let quality = details.and_then(|details| details.source.quality).map(|percent| f64::from(percent) / 100.0);
    let body = without_nulls(json!({"variables": variables, "format": format, "quality": quality,
        "width": size.map(|size| size.0), "height": size.map(|size| size.1)}));
    let calls = size.map(|(width, height)| format!(".size({width}, {height})")).unwrap_or_default();
    let rust = format!(
        "let values = {};\nlet render = client.templates().render({}, &values){calls}.send().await?;\n\
         println!(\"{{}}\", render.url);",
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
fn first_request() -> SampleRequest {
    let html = "<h1 style='font:72px sans-serif;padding:80px'>Hello, Pictify</h1>";
    let rust = format!(
        "let source = pictify::images::Source::html({});\n\
         let image = client.images().create(source).size(1200, 630).send().await?;\nprintln!(\"{{}}\", image.url);",
        rust_string(html)
    );
    SampleRequest { path: "/image".to_owned(), body: json!({"html": html, "width": 1200, "height": 630}), rust }
}

/// Makes a render again, and shows the new one.
pub(super) async fn repeat(request: &PageRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let render = state.store.get(RENDER, id)?.ok_or_else(not_found)?;
    let details = details::find(&state.store, id)?;
    let uid = render["template"].as_str().unwrap_or_default();
    let (has_template, has_video) = (state.store.get(TEMPLATE, uid)?.is_some(), state.store.get(VIDEO, uid)?.is_some());
    let again = repeatable(&render, details.as_ref(), has_template, has_video).ok_or_else(|| {
        ApiError::with_message(StatusCode::CONFLICT, "The source of this render is not stored any more")
    })?;
    let path: Vec<_> = again.path.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let response = operations::call(state, again.operation, &path, &[], again.sample.body).await?;
    Ok(redirect(&path_of_file(state, &response)?))
}

/// Returns the path of the page of the render in a response, which names its file somewhere.
pub(super) fn path_of_file(state: &AppState, response: &Value) -> Result<String, ApiError> {
    let url = ["/url", "/results/0/url", "/gif/url"].iter().find_map(|place| response.pointer(place)?.as_str());
    let file = url.and_then(|url| url.rsplit('/').next()).unwrap_or_default();
    let (found, _) = state.store.page(RENDER, &Filter::default(), crate::store::Order::Newest, 0, PAGE_SIZE)?;
    let found = found.iter().find(|render| render["file"] == file);
    let id = found.and_then(|render| render["id"].as_str());
    Ok(id.map_or_else(|| "/".to_owned(), |id| format!("{}renders/{id}", super::PREFIX)))
}

/// Deletes a render and its file. The ledger keeps its entry.
pub(super) fn delete(request: &PageRequest<'_>, id: &str) -> ApiResult {
    let store = &request.state.store;
    let render = store.get(RENDER, id)?.ok_or_else(not_found)?;
    store.remove(RENDER, id)?;
    store.remove(DETAILS, id)?;
    store.remove_file(render["file"].as_str().unwrap_or_default())?;
    Ok(redirect("/"))
}

/// Returns a page of a PDF as a picture.
pub(super) async fn pdf_page(request: &PageRequest<'_>, id: &str, number: &str) -> ApiResult {
    let render = request.state.store.get(RENDER, id)?.ok_or_else(not_found)?;
    let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).ok_or_else(not_found)?;
    let details = details::find(&request.state.store, id)?.ok_or_else(not_found)?;
    let html = details.source.html.get(index).cloned().ok_or_else(not_found)?;
    let size = |name: &str| render[name].as_u64().and_then(|side| u32::try_from(side).ok()).unwrap_or(1);
    let page = crate::render::Page {
        html,
        width: size("width"),
        height: size("height"),
        format: crate::render::Format::Png,
        ..crate::render::Page::default()
    };
    let image = request.state.render_pool.render(page).await?;
    Ok(ApiResponse::bytes("image/png", image.bytes).header(CACHE_CONTROL, "private, max-age=86400"))
}
