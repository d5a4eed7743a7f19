//! Templates: the list, the editor, and the versions of a template.

use super::{
    PREFIX,
    code_samples::{SampleRequest, samples},
    diff, not_found, preview, redirect, renders, repeatable,
    request::PageRequest,
    searched_list::SearchedList,
    view,
};
use crate::{
    context::AppState,
    operations,
    response::{ApiResponse, ApiResult},
    store::{Document as _, Filter, Order, StoreError},
    templates::Template,
    uid,
};
use serde_json::{Value, json};

/// Maximum number of versions of a template. The oldest are deleted.
const MAX_VERSIONS: usize = 50;

/// HTML that the editor starts with.
const NEW_HTML: &str = include_str!("views/new_template.html");

/// Sizes that a design can be tried in, beside its own layouts.
const SIZES: &[(&str, u32, u32)] = &[
    ("Social card", 1200, 630),
    ("Square post", 1080, 1080),
    ("Story", 1080, 1920),
    ("Thumbnail", 1280, 720),
    ("Email header", 600, 200),
    ("Banner", 728, 90),
];

/// Returns the document kind of the earlier versions of a template.
fn version_kind(uid: &str) -> String {
    format!("template-version {uid}")
}

/// Shows the list of templates.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let list = SearchedList {
        kind: Template::KIND,
        area: "templates",
        title: "Templates",
        label: "Search templates by name, ID or source",
        item,
    };
    list.show(request)
}

fn item(template: &Value) -> Value {
    let layouts = template["layouts"].as_object().map_or(0, serde_json::Map::len);
    json!({
        "uid": template["uid"],
        "name": template["name"],
        "engine": template["engine"],
        "outputFormat": template["outputFormat"],
        "width": template["width"],
        "height": template["height"],
        "layouts": layouts,
        "variables": template["variableDefinitions"].as_array().map_or(0, Vec::len),
        "updatedAt": template["updatedAt"],
        "image": image(template),
    })
}

/// Returns the address of the preview of a template, which changes with the template.
fn image(template: &Value) -> String {
    let uid = template["uid"].as_str().unwrap_or_default();
    let version = template["updatedAt"].as_str().unwrap_or_default();
    format!("{PREFIX}templates/{uid}/preview.png?v={}", version.replace(|letter: char| !letter.is_ascii_digit(), ""))
}

/// Shows the editor with a new template.
pub(super) fn new(request: &PageRequest<'_>) -> ApiResult {
    let definitions = json!([
        {"name": "title", "type": "text", "defaultValue": "Your next headline"},
        {"name": "author", "type": "text", "defaultValue": "Ada Lovelace"},
        {"name": "accent", "type": "color", "defaultValue": "#7c5cff"},
    ]);
    let template = json!({"name": "New template", "engine": "html", "html": NEW_HTML, "width": 1200, "height": 630,
        "outputFormat": "image", "variableDefinitions": definitions});
    let data = json!({"template": template, "state": state_of(&template).to_string(), "isNew": true});
    view::page(request.state, "templates", "editor", "New template", data)
}

/// Shows the editor with a stored template.
pub(super) fn show(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let store = &request.state.store;
    let template = store.get(Template::KIND, uid)?.ok_or_else(not_found)?;
    let versions = store.count(&version_kind(uid), &Filter::default())?;
    let (recent, _) = store.page(
        crate::rendering::RENDER,
        &Filter::default().eq("$.template", Some(uid)),
        Order::Newest,
        0,
        MAX_RECENT_RENDERS,
    )?;
    let recent: Vec<_> = recent
        .iter()
        .map(|render| {
            json!({"id": render["id"], "format": render["format"],
        "width": render["width"], "height": render["height"], "createdAt": render["createdAt"]})
        })
        .collect();
    let data = json!({
        "template": {"uid": uid, "name": template["name"], "engine": template["engine"], "html": source(&template),
            "width": template["width"], "height": template["height"], "updatedAt": template["updatedAt"]},
        "state": state_of(&template).to_string(),
        "versions": versions,
        "version": versions + 2,
        "recent": recent,
        "samples": samples(&sample(&template)),
    });
    let title = template["name"].as_str().unwrap_or("Template").to_owned();
    view::page(request.state, "templates", "editor", &title, data)
}

/// Number of renders of a template that the editor lists.
const MAX_RECENT_RENDERS: usize = 5;

/// Returns the state that the script of the editor starts with.
fn state_of(template: &Value) -> Value {
    let layouts = template["layouts"].as_object().into_iter().flatten();
    let layouts = layouts.map(|(key, layout)| {
        json!({"name": layout["name"].as_str().unwrap_or(key), "width": layout["width"], "height": layout["height"],
            "html": layout["html"], "fabricJSData": layout["fabricJSData"]})
    });
    let sizes = SIZES.iter().map(|(name, width, height)| json!({"name": name, "width": width, "height": height}));
    json!({
        "uid": template["uid"],
        "engine": template["engine"],
        "name": template["name"],
        "width": template["width"],
        "height": template["height"],
        "source": source(template),
        "outputFormat": template["outputFormat"],
        "definitions": template["variableDefinitions"],
        "layouts": layouts.collect::<Vec<_>>(),
        "sizes": sizes.collect::<Vec<_>>(),
    })
}

/// Returns the source of a template as text: HTML, or a canvas as JSON.
fn source(template: &Value) -> String {
    match template["html"].as_str() {
        Some(html) => html.to_owned(),
        None => serde_json::to_string_pretty(&template["fabricJSData"]).unwrap_or_default(),
    }
}

/// Returns the request that renders a template with its defaults.
fn sample(template: &Value) -> SampleRequest {
    let uid = template["uid"].as_str().unwrap_or_default();
    let definitions = template["variableDefinitions"].as_array().into_iter().flatten();
    let values: Value = definitions
        .filter_map(|definition| {
            let value = definition.get("defaultValue").filter(|value| !value.is_null()).cloned();
            Some((definition["name"].as_str()?.to_owned(), value.unwrap_or_else(|| "".into())))
        })
        .collect();
    repeatable::template_sample(uid, &values)
}

/// Stores the template of the editor, a new one or a new version. Returns its address.
pub(super) async fn save(request: &PageRequest<'_>) -> ApiResult {
    let mut body = request.json()?;
    let uid = body["uid"].as_str().map(str::to_owned).filter(|uid| !uid.is_empty());
    if let Some(body) = body.as_object_mut() {
        body.remove("uid");
    }
    let saved = match &uid {
        None => operations::call(request.state, "createTemplate", &[], &[], body).await,
        Some(uid) => {
            let before = request.state.store.get(Template::KIND, uid)?.ok_or_else(not_found)?;
            let saved = operations::call(request.state, "updateTemplate", &[("uid", uid)], &[], body).await;
            if saved.is_ok() {
                keep_version(request.state, uid, &before)?;
            }
            saved
        }
    };
    match saved {
        Ok(saved) => {
            let uid = saved["template"]["uid"].as_str().unwrap_or_default();
            let path = format!("{PREFIX}templates/{uid}");
            Ok(json!({"path": path}).into())
        }
        Err(error) => Ok(preview::failure(&error)),
    }
}

/// Stores a version of a template before it changes.
fn keep_version(state: &AppState, uid: &str, before: &Value) -> Result<(), StoreError> {
    let kind = version_kind(uid);
    let version = json!({"id": uid::new(10), "template": before, "replacedAt": state.now_text()});
    state.store.insert(&kind, version["id"].as_str().unwrap_or_default(), &version)?;
    state.store.keep_newest(&kind, MAX_VERSIONS)
}

/// Shows the difference between a draft and the stored template, for the script of the editor.
pub(super) fn compare(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let template = request.state.store.get(Template::KIND, uid)?.ok_or_else(not_found)?;
    let draft = request.json()?;
    view::fragment("difference", &difference(&template, &draft))
}

/// Returns the differences of two templates, for the view `difference`.
fn difference(before: &Value, after: &Value) -> Value {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let settings = |template: &Value| {
        let names = ["name", "width", "height", "outputFormat", "strictVariables"];
        let known = names.into_iter().filter(|name| !after[*name].is_null());
        pretty(&known.map(|name| (name.to_owned(), template[name].clone())).collect())
    };
    let parts = [
        ("Source", diff::lines(&source(before), &source(after))),
        ("Variables", diff::lines(&pretty(&before["variableDefinitions"]), &pretty(&after["variableDefinitions"]))),
        ("Settings", diff::lines(&settings(before), &settings(after))),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(_, groups)| groups.as_array().is_some_and(|groups| !groups.is_empty()))
        .map(|(title, groups)| json!({"title": title, "groups": groups}))
        .collect();
    json!({"parts": parts})
}

/// Shows the versions of a template, and what one of them changed.
pub(super) fn changes(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let store = &request.state.store;
    let template = store.get(Template::KIND, uid)?.ok_or_else(not_found)?;
    let versions = store.all(&version_kind(uid), &Filter::default(), Order::Newest)?;
    let wanted = request.parameter("version");
    let index = versions.iter().position(|version| version["id"] == wanted).unwrap_or(0);
    let after = index.checked_sub(1).map_or(&template, |newer| &versions[newer]["template"]);
    let before = versions.get(index).map(|version| &version["template"]);
    let total = versions.len();
    let list: Vec<_> = versions
        .iter()
        .enumerate()
        .map(|(position, version)| {
            json!({"id": version["id"], "number": total - position, "replacedAt": version["replacedAt"],
                "isCurrent": position == index})
        })
        .collect();
    let draft = |template: &Value| {
        json!({"html": template["html"], "fabricJSData": template["fabricJSData"], "width": template["width"],
            "height": template["height"], "variableDefinitions": template["variableDefinitions"]})
        .to_string()
    };
    let data = json!({
        "template": {"uid": uid, "name": template["name"]},
        "versions": list,
        "number": total - index.min(total),
        "nextNumber": total - index.min(total) + 1,
        "versionId": versions.get(index).map(|version| version["id"].clone()),
        "difference": before.map(|before| difference(before, after)),
        "before": before.map(draft),
        "after": before.map(|_| draft(after)),
    });
    let title = format!("Changes of {}", template["name"].as_str().unwrap_or("the template"));
    view::page(request.state, "templates", "changes", &title, data)
}

/// Restores a version of a template, as a new version.
pub(super) async fn restore(request: &PageRequest<'_>, uid: &str, version: &str) -> ApiResult {
    let state = request.state;
    let before = state.store.get(Template::KIND, uid)?.ok_or_else(not_found)?;
    let version = state.store.get(&version_kind(uid), version)?.ok_or_else(not_found)?;
    let mut body = json!({});
    for name in ["name", "html", "fabricJSData", "width", "height", "variableDefinitions", "outputFormat", "layouts"] {
        let value = &version["template"][name];
        if !value.is_null() {
            body[name] = value.clone();
        }
    }
    operations::call(state, "updateTemplate", &[("uid", uid)], &[], body).await?;
    keep_version(state, uid, &before)?;
    Ok(redirect(&format!("{PREFIX}templates/{uid}")))
}

/// Renders a template as a client would, and returns the address of the page of the render.
pub(super) async fn render(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let body = request.json()?;
    match operations::call(request.state, "renderTemplate", &[("uid", uid)], &[], body).await {
        Ok(response) => Ok(ApiResponse::from(json!({"path": renders::path_of_file(request.state, &response)?}))),
        Err(error) => Ok(preview::failure(&error)),
    }
}

/// Copies a template under a new ID.
pub(super) async fn duplicate(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let template = request.state.store.get(Template::KIND, uid)?.ok_or_else(not_found)?;
    let mut body = json!({"name": format!("{} (copy)", template["name"].as_str().unwrap_or_default())});
    let names = [
        "html",
        "fabricJSData",
        "width",
        "height",
        "variableDefinitions",
        "outputFormat",
        "pdfPreset",
        "layouts",
        "tags",
        "type",
        "category",
        "strictVariables",
    ];
    for name in names {
        if !template[name].is_null() {
            body[name] = template[name].clone();
        }
    }
    let copy = operations::call(request.state, "createTemplate", &[], &[], body).await?;
    Ok(redirect(&format!("{PREFIX}templates/{}", copy["template"]["uid"].as_str().unwrap_or_default())))
}

/// Deletes a template and its versions.
pub(super) async fn delete(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    operations::call(request.state, "deleteTemplate", &[("uid", uid)], &[], Value::Null).await?;
    request.state.store.keep_newest(&version_kind(uid), 0)?;
    Ok(redirect(&view::path("templates")))
}
