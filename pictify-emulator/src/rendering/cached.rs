//! Cached images of variants and bindings, which have permanent URLs: rendered again when their content changes.

use super::{RenderMetadata, fill, pdf, render as render_page};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    render::{Format, Page},
    store::{Store, StoreError, StoredFile},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Document kind of the cache entries.
const CACHED_IMAGE: &str = "cached-image";

/// Output kind of a permanent URL.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OutputKind {
    Image(Format),
    Pdf,
}

/// Cached image or PDF of an owner.
#[derive(Clone, Debug)]
pub(crate) struct CachedImage {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
    /// File name. It changes with the content.
    pub(crate) name: String,
    /// True if this request rendered it.
    pub(crate) is_new: bool,
}

/// Description of a cached image.
#[derive(Clone, Debug)]
pub(crate) struct CachedImageInfo {
    pub(crate) name: String,
    pub(crate) width: Value,
    pub(crate) height: Value,
}

/// Returns the image of a template with these variables. Uses the cached one of this owner, unless the template, the
/// variables, the size or the quality have changed.
pub(crate) async fn cached_image(
    context: &RenderContext,
    owner: &str,
    template: &Value,
    variables: &Value,
    size: Option<(u32, u32)>,
    kind: OutputKind,
    quality: Option<u8>,
) -> Result<CachedImage, ApiError> {
    let (store, uid) = (&context.state.store, key(owner, kind));
    let current = fingerprint(template, variables, size, quality);
    if let Some(record) = store.get(CACHED_IMAGE, &uid)?.filter(|record| record["fingerprint"] == current.as_str())
        && let Some(cached) = file(store, record["file"].as_str().unwrap_or_default())?
    {
        return Ok(cached);
    }
    let render = match kind {
        OutputKind::Pdf => pdf::render_page(context, template, variables).await?,
        OutputKind::Image(format) => {
            let fill::Filled { html, width, height } = fill::fill(template, None, variables, size)?;
            let page = Page { html, width, height, format, quality, ..Page::default() };
            render_page(context, page, &RenderMetadata::of(template, variables)).await?
        }
    };
    let name = render.url.rsplit('/').next().unwrap_or_default().to_owned();
    let cached = file(store, &name)?.ok_or_else(|| ApiError::internal("The file is gone"))?;
    let record = json!({"fingerprint": current, "file": name, "width": render.width, "height": render.height});
    store.remove(CACHED_IMAGE, &uid)?;
    store.insert(CACHED_IMAGE, &uid, &record)?;
    Ok(CachedImage { is_new: true, ..cached })
}

/// Returns the last image of an owner, even if it is out of date.
pub(crate) fn last_cached_image(store: &Store, owner: &str, kind: OutputKind) -> Result<Option<CachedImage>, ApiError> {
    match cached_image_info(store, owner, kind)? {
        Some(stored) => Ok(file(store, &stored.name)?),
        None => Ok(None),
    }
}

fn file(store: &Store, name: &str) -> Result<Option<CachedImage>, StoreError> {
    let cached = |file: StoredFile| CachedImage {
        bytes: file.bytes,
        content_type: file.content_type,
        name: name.to_owned(),
        is_new: false,
    };
    Ok(store.file(name)?.map(cached))
}

/// Returns the description of the last image of an owner.
pub(crate) fn cached_image_info(
    store: &Store,
    owner: &str,
    kind: OutputKind,
) -> Result<Option<CachedImageInfo>, StoreError> {
    let record = store.get(CACHED_IMAGE, &key(owner, kind))?;
    Ok(record.map(|mut record| CachedImageInfo {
        name: record["file"].as_str().unwrap_or_default().to_owned(),
        width: record["width"].take(),
        height: record["height"].take(),
    }))
}

/// Forgets the cached images of an owner. The files stay, because pages may link to them.
pub(crate) fn forget(store: &Store, owner: &str) -> Result<(), StoreError> {
    let images = [Format::Png, Format::Jpeg, Format::Webp].map(OutputKind::Image);
    for kind in images.into_iter().chain([OutputKind::Pdf]) {
        store.remove(CACHED_IMAGE, &key(owner, kind))?;
    }
    Ok(())
}

fn key(owner: &str, kind: OutputKind) -> String {
    let extension = match kind {
        OutputKind::Image(format) => format.extension(),
        OutputKind::Pdf => "pdf",
    };
    format!("{owner}.{extension}")
}

/// Returns a hash of everything that determines the image.
fn fingerprint(template: &Value, variables: &Value, size: Option<(u32, u32)>, quality: Option<u8>) -> String {
    let mut hasher = DefaultHasher::new();
    (template.to_string(), variables.to_string(), size, quality).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
