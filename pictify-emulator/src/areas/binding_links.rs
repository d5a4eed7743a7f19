//! The public picture of a binding.

use super::{bindings::find, handlers};
use crate::{
    answer::{Answer, Refusal, Reply},
    bindings,
    pictures::Form,
    render::Format,
    server::Call,
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, ETAG},
};
use serde_json::json;

handlers! {
    "renderBindingUrl" => later render,
    "getBindingUrlInfo" => later info,
}

async fn render(call: Call) -> Answer {
    let binding = find(&call, "bindingId")?;
    let kept = bindings::picture(&call, &binding, form(call.parameter("format"))?).await?;
    let etag = format!("\"{}\"", kept.name);
    let is_known = call.header("if-none-match").is_some_and(|known| {
        known.split(',').map(|known| known.trim().trim_start_matches("W/")).any(|known| known == etag || known == "*")
    });
    let reply =
        if is_known { Reply::empty(StatusCode::NOT_MODIFIED) } else { Reply::bytes(&kept.content_type, kept.bytes) };
    let cache = format!("public, max-age={}", bindings::ttl(&binding));
    Ok(reply.header(ETAG, etag).header(CACHE_CONTROL, cache))
}

async fn info(call: Call) -> Answer {
    let binding = find(&call, "bindingId")?;
    let (form, uid) = (form(call.parameter("format"))?, call.parameter("bindingId"));
    let before = call.stored_picture(uid, form)?;
    let cached = before.is_some();
    let stored = if let Some(stored) = before {
        stored
    } else {
        bindings::picture(&call, &binding, form).await?;
        call.stored_picture(uid, form)?.ok_or_else(|| Refusal::internal("The picture is gone"))?
    };
    Ok(json!({
        "url": call.media_url(&stored.name),
        "width": stored.width,
        "height": stored.height,
        "format": call.parameter("format"),
        "cached": cached,
    })
    .into())
}

/// What an address of this ending shows.
pub(super) fn form(name: &str) -> Result<Form, Refusal> {
    match name {
        "pdf" => Ok(Form::Pdf),
        "png" | "jpg" | "jpeg" | "webp" => Ok(Form::Picture(Format::named(name))),
        other => {
            Err(Refusal::message(StatusCode::BAD_REQUEST, format!("{other} is not one of png, jpeg, jpg, webp, pdf")))
        }
    }
}
