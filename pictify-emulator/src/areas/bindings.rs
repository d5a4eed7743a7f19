//! Bindings: kept, changed, fed and tested. Their pictures are in `binding_links.rs`.

use super::{handlers, templates};
use crate::{
    answer::{Answer, Refusal, Reply},
    bindings::{self, BINDING, Fetched, OWN, check_source, mapping},
    pictures,
    server::Call,
    source,
    store::{Filter, Order},
    uid,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "listBindings" => now list,
    "createBinding" => now create,
    "getBinding" => now get,
    "updateBinding" => now update,
    "deleteBinding" => now delete,
    "pauseBinding" => now pause,
    "resumeBinding" => now resume,
    "refreshBinding" => later refresh,
    "testBinding" => later test,
    "pushBindingData" => now push,
}

/// How many bindings a page has when the request says nothing.
const LIMIT: usize = 20;

fn list(call: &Call) -> Answer {
    let filter = Filter::default().and("$.templateId", call.text("templateId")).and("$.status", call.text("status"));
    call.list_by_page("bindings", BINDING, &filter, Order::Newest, LIMIT, |binding| shown(call, binding))
}

fn create(call: &Call) -> Answer {
    let template = call.body["templateId"].as_str().unwrap_or_default();
    source::find(call, template)?.ok_or_else(templates::not_found)?;
    let (uid, now) = (uid::new(10), call.service.now_text());
    let mut binding = json!({
        "uid": uid, "templateId": template, "dataSource": null, "mapping": {}, "defaults": {},
        "refreshPolicy": {"type": "ttl", "ttlSeconds": 300, "onError": "serve_stale"},
        "outputConfig": {"format": "png", "quality": 90},
        "status": "active", "lastFetchAt": null, "lastRenderAt": null, "lastError": null, "errorCount": 0,
        "createdAt": now, "updatedAt": now, OWN: {},
    });
    set(&mut binding, &call.body)?;
    call.service.store.insert(BINDING, &uid, &binding)?;
    Ok(Reply::json(StatusCode::CREATED, json!({"binding": shown(call, binding)})))
}

/// Puts what a request says into a binding.
fn set(binding: &mut Value, body: &Value) -> Result<(), Refusal> {
    for name in ["name", "mapping", "defaults"] {
        if !body[name].is_null() {
            binding[name] = body[name].clone();
        }
    }
    mapping::check(&body["mapping"]).map_err(bad)?;
    for name in ["refreshPolicy", "outputConfig"] {
        for (member, value) in body[name].as_object().into_iter().flatten() {
            binding[name][member] = value.clone();
        }
    }
    if body["dataSource"].is_object() {
        let mut source = body["dataSource"].clone();
        check_source(&source).map_err(bad)?;
        let old = &binding["dataSource"];
        // Who sends back what was read has no credentials to send; to another place they must not go.
        let is_same = ["type", "url"].iter().all(|name| source[*name] == old[*name]);
        if is_same && source["credentials"].is_null() && old["credentials"].is_object() {
            source["credentials"] = old["credentials"].clone();
        }
        if source != *old {
            binding["dataSource"] = source;
            binding[OWN] = json!({});
            binding["lastFetchAt"] = Value::Null;
        }
    }
    Ok(())
}

fn get(call: &Call) -> Answer {
    Ok(json!({"binding": shown(call, find(call, "uid")?)}).into())
}

fn update(call: &Call) -> Answer {
    let status = call.body["status"].as_str();
    if let Some(status) = status.filter(|status| !["active", "paused"].contains(status)) {
        return Err(bad(format!("status {status} is not one of active, paused")));
    }
    change(call, |binding| {
        set(binding, &call.body)?;
        if let Some(status) = status {
            binding["status"] = status.into();
        }
        Ok(())
    })
}

fn pause(call: &Call) -> Answer {
    change(call, |binding| {
        binding["status"] = "paused".into();
        Ok(())
    })
}

fn resume(call: &Call) -> Answer {
    change(call, |binding| {
        binding["status"] = "active".into();
        Ok(())
    })
}

fn change(call: &Call, change: impl FnOnce(&mut Value) -> Result<(), Refusal>) -> Answer {
    let changed = call.service.store.change(BINDING, call.parameter("uid"), |binding| {
        change(binding)?;
        binding["updatedAt"] = call.service.now_text().into();
        Ok::<_, Refusal>(binding.clone())
    })?;
    Ok(json!({"binding": shown(call, changed.ok_or_else(not_found)?)}).into())
}

fn delete(call: &Call) -> Answer {
    let (store, uid) = (&call.service.store, call.parameter("uid"));
    if !store.remove(BINDING, uid)? {
        return Err(not_found());
    }
    pictures::forget(store, uid)?;
    Ok(json!({"deleted": true}).into())
}

/// Done when it is answered, though the service says that it has begun. What fails is told here and not hidden.
async fn refresh(call: Call) -> Answer {
    let binding = find(&call, "uid")?;
    let form = super::binding_links::form(binding["outputConfig"]["format"].as_str().unwrap_or("png"))?;
    let data = bindings::refresh(&call, &binding).await?;
    bindings::render(&call, &binding, Some(&data), form).await?;
    Ok(json!({"status": "refreshing", "imageUrl": bindings::render_url(&call, &binding)}).into())
}

async fn test(call: Call) -> Answer {
    let binding = find(&call, "uid")?;
    let (data, fetch) = match bindings::fetch(&call, &binding).await {
        Ok(fetched) => {
            let fetch = json!({"success": true, "data": fetched.data, "statusCode": fetched.status});
            (fetched.data, fetch)
        }
        Err(failure) => {
            let fetch = json!({"success": false, "statusCode": failure.status, "error": failure.message});
            (Value::Null, fetch)
        }
    };
    let mut fetch = fetch;
    if let Some(fetch) = fetch.as_object_mut() {
        fetch.retain(|name, value| name == "data" || !value.is_null());
    }
    let (variables, errors) = mapping::variables(&binding, &data);
    Ok(json!({
        "fetch": fetch,
        "mapping": {"valid": errors.is_empty(), "errors": errors},
        "variables": variables,
        "availablePaths": mapping::available(&data),
    })
    .into())
}

/// Nobody says which secret signs what is pushed, so the signature is not looked at.
fn push(call: &Call) -> Answer {
    let binding = find(call, "bindingUid")?;
    let takes = binding["dataSource"]["type"] == "webhook" || binding["refreshPolicy"]["type"] == "webhook";
    if !takes {
        return Err(bad("The binding takes no pushed data: its source and its refresh policy are no webhook"));
    }
    let pushed = Fetched { data: call.body.clone(), status: None, etag: None };
    if !bindings::note_data(call, call.parameter("bindingUid"), &pushed, None)? {
        return Err(not_found());
    }
    Ok(json!({"success": true}).into())
}

/// As it is answered: with the addresses under which the client finds it, and without secrets.
fn shown(call: &Call, mut binding: Value) -> Value {
    let (render_url, webhook_url) =
        (bindings::render_url(call, &binding), format!("{}/webhooks/{}", call.base, text(&binding)));
    if let Some(object) = binding.as_object_mut() {
        object.remove(OWN);
    }
    if let Some(source) = binding["dataSource"].as_object_mut() {
        source.remove("credentials");
    }
    binding["renderUrl"] = render_url.into();
    binding["webhookUrl"] = webhook_url.into();
    binding
}

fn text(binding: &Value) -> &str {
    binding["uid"].as_str().unwrap_or_default()
}

/// The binding that a parameter of the path names.
pub(super) fn find(call: &Call, parameter: &str) -> Result<Value, Refusal> {
    call.service.store.get(BINDING, call.parameter(parameter))?.ok_or_else(not_found)
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::message(StatusCode::BAD_REQUEST, message)
}

fn not_found() -> Refusal {
    Refusal::message(StatusCode::NOT_FOUND, "Binding not found")
}
