//! Renders: the gallery, and the page of a render.

use super::{
    code_samples::samples,
    not_found, redirect,
    repeatable::{first_request, repeatable},
    request::{PAGE_SIZE, PageRequest},
    view,
};
use crate::{
    api_error::ApiError,
    context::AppState,
    operations,
    render::DrawPdfPage,
    rendering::RENDER,
    rendering::details::{self, RenderDetails},
    response::{ApiResponse, ApiResult},
    store::{Document as _, Filter, Search},
    templates::{Template, VideoTemplate},
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
        let (named, _) = state.store.search(Template::KIND, Filter::default(), search, 0, MAX_SEARCHED_TEMPLATES)?;
        named.iter().filter_map(|template| template["uid"].as_str().map(str::to_owned)).collect()
    };
    let search = Search { text, or_any_of: Some(("$.template", &named)) };
    let (renders, total) = state.store.search(RENDER, filter, search, request.offset(), PAGE_SIZE)?;
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
        "image": image(render),
        "animationLength": render["animationLength"],
        "createdAt": render["createdAt"],
        "costs": details::costs(&state.store, id)?,
    }))
}

/// Returns the address of the image of a render: the file itself, or the first page of a PDF.
fn image(render: &Value) -> String {
    if render["format"] == "PDF" {
        let id = render["id"].as_str().unwrap_or_default();
        return format!("{}renders/{id}/pages/1", super::PREFIX);
    }
    format!("/media/{}", render["file"].as_str().unwrap_or_default())
}

/// Returns the name of a template or a video template; its ID if it was deleted.
fn template_name(state: &AppState, uid: &str) -> Result<Value, ApiError> {
    let found = match state.store.get(Template::KIND, uid)? {
        None => state.store.get(VideoTemplate::KIND, uid)?,
        found => found,
    };
    Ok(found.map_or_else(|| uid.into(), |mut template| template["name"].take()))
}

/// Shows a render.
pub(super) fn show(request: &PageRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let render = state.store.get(RENDER, id)?.ok_or_else(not_found)?;
    let details = state.store.find::<RenderDetails>(id)?;
    let is_logged = details.as_ref().is_some_and(|details| state.requests.find(&details.request_id).is_some());
    let uid = render["template"].as_str().unwrap_or_default();
    let (template, video) = (state.store.get(Template::KIND, uid)?, state.store.get(VideoTemplate::KIND, uid)?);
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
            "isRemoved": state.store.is_file_removed(render["file"].as_str().unwrap_or_default())?,
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
        "isLogged": is_logged,
        "isRepeatable": repeatable.is_some(),
        "samples": repeatable.map(|request| samples(&request.sample)),
    });
    view::page(state, "renders", "render", &format!("Render {id}"), data)
}

/// Maximum number of PDF pages on the page of a render.
const MAX_SHOWN_PAGES: u64 = 20;

/// Makes a render again, and shows the new one.
pub(super) async fn repeat(request: &PageRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let render = state.store.get(RENDER, id)?.ok_or_else(not_found)?;
    let details = state.store.find::<RenderDetails>(id)?;
    let uid = render["template"].as_str().unwrap_or_default();
    let (has_template, has_video) =
        (state.store.get(Template::KIND, uid)?.is_some(), state.store.get(VideoTemplate::KIND, uid)?.is_some());
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
    store.remove(RenderDetails::KIND, id)?;
    store.remove_file(render["file"].as_str().unwrap_or_default())?;
    Ok(redirect("/"))
}

/// Returns a page of a PDF as an image.
pub(super) async fn pdf_page(request: &PageRequest<'_>, id: &str, number: &str) -> ApiResult {
    let render = request.state.store.get(RENDER, id)?.ok_or_else(not_found)?;
    let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).ok_or_else(not_found)?;
    let file = request.state.store.file(render["file"].as_str().unwrap_or_default())?.ok_or_else(not_found)?;
    let image = request.state.render_pool.run(DrawPdfPage { pdf: file.bytes.to_vec(), index }).await?;
    let image = image.ok_or_else(not_found)?.into_vec();
    Ok(ApiResponse::bytes("image/png", image).header(CACHE_CONTROL, "private, max-age=86400"))
}
