//! Cached images of variants and bindings, which have permanent URLs: rendered again when their content changes.

use super::{RenderMetadata, fill, pdf, render as render_page};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    render::{Format, Page},
    store::{Document, Store, StoreError, StoredFile, to_json},
    templates::Template,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

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

/// Entry of the cache.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CacheEntry {
    /// Hash of everything that determines the image.
    fingerprint: String,
    /// File name.
    pub(crate) file: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Document for CacheEntry {
    const KIND: &'static str = "cached-image";
}

/// Returns the image of a template with these variables. Uses the cached one of this owner, unless the template, the
/// variables, the size or the quality have changed.
pub(crate) async fn cached_image(
    context: &RenderContext,
    owner: &str,
    template: &Template,
    variables: &Value,
    size: Option<(u32, u32)>,
    kind: OutputKind,
    quality: Option<u8>,
) -> Result<CachedImage, ApiError> {
    let (store, uid) = (&context.state.store, key(owner, kind));
    let current = fingerprint(template, variables, size, quality)?;
    if let Some(entry) = store.find::<CacheEntry>(&uid)?.filter(|entry| entry.fingerprint == current)
        && let Some(cached) = file(store, &entry.file)?
    {
        return Ok(cached);
    }
    let render = match kind {
        OutputKind::Pdf => pdf::render_page(context, template, variables).await?,
        OutputKind::Image(format) => {
            let fill::Filled { html, width, height } = fill::fill(template, None, variables, size)?;
            let page = Page { html, width, height, format, quality, ..Page::default() };
            render_page(context, page, &RenderMetadata::of(&template.uid, variables)).await?
        }
    };
    let name = render.file_name().to_owned();
    let cached = file(store, &name)?.ok_or_else(|| ApiError::internal("The file is gone"))?;
    let entry = CacheEntry { fingerprint: current, file: name, width: render.width, height: render.height };
    store.delete::<CacheEntry>(&uid)?;
    store.create(&uid, &entry)?;
    Ok(CachedImage { is_new: true, ..cached })
}

/// Returns the last image of an owner, even if it is out of date.
pub(crate) fn last_cached_image(store: &Store, owner: &str, kind: OutputKind) -> Result<Option<CachedImage>, ApiError> {
    match cache_entry(store, owner, kind)? {
        Some(entry) => Ok(file(store, &entry.file)?),
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

/// Returns the entry of the last image of an owner.
pub(crate) fn cache_entry(store: &Store, owner: &str, kind: OutputKind) -> Result<Option<CacheEntry>, StoreError> {
    store.find(&key(owner, kind))
}

/// Forgets the cached images of an owner. The files stay, because pages may link to them.
pub(crate) fn forget(store: &Store, owner: &str) -> Result<(), StoreError> {
    let images = [Format::Png, Format::Jpeg, Format::Webp].map(OutputKind::Image);
    for kind in images.into_iter().chain([OutputKind::Pdf]) {
        store.delete::<CacheEntry>(&key(owner, kind))?;
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
fn fingerprint(
    template: &Template,
    variables: &Value,
    size: Option<(u32, u32)>,
    quality: Option<u8>,
) -> Result<String, StoreError> {
    let mut hasher = DefaultHasher::new();
    (to_json(template)?.to_string(), variables.to_string(), size, quality).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}
