//! The handlers of the images area.

use crate::{
    answer::{Answer, Refusal},
    render::{Format, Page, RenderError},
    server::Call,
    store::{StoredFile, StoredImage},
};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The size of a picture when the request says none.
const DEFAULT_SIZE: (u32, u32) = (1280, 720);

/// How many images a page has when the request says nothing.
const DEFAULT_LIMIT: usize = 30;

/// `POST /image`.
pub(crate) async fn create(call: Call) -> Answer {
    let html = source(&call.body)?;
    let size = |name: &str, default| whole(&call.body[name]).unwrap_or(default);
    let page = Page {
        html: html.to_owned(),
        width: size("width", DEFAULT_SIZE.0),
        height: size("height", DEFAULT_SIZE.1),
        format: Format::named(call.body["fileExtension"].as_str().unwrap_or_default()),
        selector: call.body["selector"].as_str().map(str::to_owned),
    };
    let format = page.format;
    let picture = call.service.worker.render(page).await.map_err(|error| refusal(&error))?;

    let id = new_id();
    let file = format!("{}-{}.{}", id.to_ascii_lowercase(), Timestamp::now().as_millisecond(), format.extension());
    let created_at = format!("{:.3}", Timestamp::now());
    let image = StoredImage { id, file, created_at };
    let answer = image_json(&call, &image);
    call.service.store.add(image, StoredFile { bytes: picture.bytes.into(), content_type: format.content_type() });
    Ok(answer)
}

/// `GET /image`.
pub(crate) fn list(call: &Call) -> Value {
    let number = |name| call.query.get(name).and_then(whole).map(|number| number as usize);
    let (limit, offset) = (number("limit").unwrap_or(DEFAULT_LIMIT), number("offset").unwrap_or(0));
    let (images, total) = call.service.store.images(offset, limit);
    let has_more = offset + images.len() < total;
    json!({
        "images": images.iter().map(|image| image_json(call, image)).collect::<Vec<_>>(),
        "pagination": {"total": total, "limit": limit, "offset": offset, "hasMore": has_more},
    })
}

/// `GET /image/{uid}`.
pub(crate) fn get(call: &Call) -> Answer {
    let image = call.path.get("uid").and_then(|uid| call.service.store.image(uid));
    let image = image.ok_or_else(|| Refusal::rendering(StatusCode::NOT_FOUND, None, "Not found"))?;
    Ok(json!({"image": image_json(call, &image)}))
}

fn image_json(call: &Call, image: &StoredImage) -> Value {
    json!({"url": call.media_url(&image.file), "id": image.id, "createdAt": image.created_at})
}

/// A whole number that the contract has found valid. To JSON Schema `1e2` and `100.0` are whole numbers, too.
fn whole(value: &Value) -> Option<u32> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast keeps to what fits")]
    value.as_f64().map(|number| number as u32)
}

/// The HTML to render, or why there is none.
fn source(body: &Value) -> Result<&str, Refusal> {
    let given: Vec<_> = ["html", "url", "template"].into_iter().filter(|name| !body[*name].is_null()).collect();
    match given[..] {
        ["html"] => Ok(body["html"].as_str().unwrap_or_default()),
        ["url"] => Err(not_there("live pages")),
        ["template"] => Err(not_there("templates")),
        [] => Err(Refusal::rendering(StatusCode::BAD_REQUEST, None, "One of html, url and template is required")),
        _ => {
            let message = format!("Only one of html, url and template is allowed, not {}", given.join(" and "));
            Err(Refusal::rendering(StatusCode::BAD_REQUEST, None, message))
        }
    }
}

fn not_there(what: &str) -> Refusal {
    let message = format!("The emulator cannot render {what} yet: send html");
    Refusal::rendering(StatusCode::NOT_IMPLEMENTED, Some("not_implemented"), message)
}

fn refusal(error: &RenderError) -> Refusal {
    let (status, code) = match error {
        RenderError::Input(_) => (StatusCode::UNPROCESSABLE_ENTITY, "render_failed"),
        RenderError::Motionless => (StatusCode::UNPROCESSABLE_ENTITY, "NO_FRAMES_CAPTURED"),
        RenderError::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "render_timeout"),
        RenderError::Busy => return Refusal::busy(error.to_string()),
        RenderError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "render_failed"),
    };
    Refusal::rendering(status, Some(code), error.to_string())
}

/// Ten capitals and digits, as the service makes them.
fn new_id() -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (0..10).map(|_| char::from(ALPHABET[fastrand::usize(..ALPHABET.len())])).collect()
}
