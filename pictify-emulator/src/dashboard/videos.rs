//! Video templates: the list, and the code of a template with its renders.

use super::{not_found, redirect, renders, request::PageRequest, searched_list::SearchedList, view};
use crate::{
    operations,
    rendering::RENDER,
    response::ApiResult,
    store::{Document as _, Filter, Order},
    templates::VideoTemplate,
};
use serde_json::{Value, json};

/// Number of renders of a template that are listed.
const MAX_RECENT_RENDERS: usize = 5;

/// Shows the list of video templates.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let list = SearchedList {
        kind: VideoTemplate::KIND,
        area: "videos",
        title: "Videos",
        label: "Search video templates by name or code",
        item,
    };
    list.show(request)
}

/// Returns what the pages show of a video template.
fn item(video: &Value) -> Value {
    let number = |name: &str| video[name].as_u64().unwrap_or_default();
    #[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let seconds = number("durationInFrames") as f64 / number("fps").max(1) as f64;
    json!({
        "uid": video["uid"],
        "name": video["name"],
        "kind": video["kind"],
        "status": video["status"],
        "width": video["width"],
        "height": video["height"],
        "fps": video["fps"],
        "frames": video["durationInFrames"],
        "seconds": format!("{seconds:.1}"),
        "updatedAt": video["updatedAt"],
        "isCode": video["kind"] == "tsx",
    })
}

/// Shows a video template.
pub(super) fn show(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let store = &request.state.store;
    let video = store.get(VideoTemplate::KIND, uid)?.ok_or_else(not_found)?;
    let of_template = Filter::default().eq("$.template", Some(uid));
    let (recent, _) = store.page(RENDER, &of_template, Order::Newest, 0, MAX_RECENT_RENDERS)?;
    let recent: Vec<_> = recent
        .iter()
        .map(|render| {
            json!({"id": render["id"], "format": render["format"], "createdAt": render["createdAt"],
                "media": format!("/media/{}", render["file"].as_str().unwrap_or_default())})
        })
        .collect();
    let source = match video["tsx"].as_str() {
        Some(code) => code.to_owned(),
        None => serde_json::to_string_pretty(&video["projectJson"]).unwrap_or_default(),
    };
    let data = json!({
        "video": item(&video),
        "source": source,
        "definitions": video["variableDefinitions"].as_array().into_iter().flatten().map(|definition| json!({
            "name": definition["name"], "type": definition["type"], "default": definition["defaultValue"].to_string(),
        })).collect::<Vec<_>>(),
        "recent": recent,
    });
    view::page(request.state, "videos", "video", video["name"].as_str().unwrap_or(uid), data)
}

/// Renders a video template to a GIF with its defaults.
pub(super) async fn render(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let body = json!({"format": "gif", "variables": {}});
    let response = operations::call(request.state, "renderVideo", &[("uid", uid)], &[], body).await?;
    Ok(redirect(&renders::path_of_file(request.state, &response)?))
}

/// Deletes a video template.
pub(super) async fn delete(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    operations::call(request.state, "deleteVideoTemplate", &[("uid", uid)], &[], Value::Null).await?;
    Ok(redirect(&view::path("videos")))
}
