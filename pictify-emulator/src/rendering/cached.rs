//! Pictures at permanent addresses, of variants and of bindings: rendered when what they show has changed.

use crate::{
    api_error::ApiError,
    handlers::render_pdf_page,
    render::{Format, Page},
    rendering::RenderMetadata,
    rendering::fill,
    server::RequestContext,
    store::{Store, StoreError, StoredFile},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The kind of the documents that this file keeps.
const PICTURE: &str = "picture";

/// What stands at a permanent address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OutputKind {
    Image(Format),
    Pdf,
}

/// The picture of an owner as it is now.
#[derive(Clone, Debug)]
pub(crate) struct CachedImage {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
    /// The name of its file: another picture has another.
    pub(crate) name: String,
    /// Whether it was rendered for this request.
    pub(crate) is_new: bool,
}

/// What is known of a picture without rendering it.
#[derive(Clone, Debug)]
pub(crate) struct CachedImageInfo {
    pub(crate) name: String,
    pub(crate) width: Value,
    pub(crate) height: Value,
}

impl RequestContext {
    /// The picture of a template with these values, under the name of its owner: the stored one, or a new one if the
    /// template, the values or the size are others than then.
    pub(crate) async fn cached_image(
        &self,
        owner: &str,
        template: &Value,
        variables: &Value,
        size: Option<(u32, u32)>,
        form: OutputKind,
        quality: Option<u8>,
    ) -> Result<CachedImage, ApiError> {
        let (store, uid) = (&self.state.store, key(owner, form));
        let of = fingerprint(template, variables, size, quality);
        if let Some(known) = store.get(PICTURE, &uid)?.filter(|known| known["of"] == of.as_str())
            && let Some(kept) = self.file(known["file"].as_str().unwrap_or_default())?
        {
            return Ok(kept);
        }
        let render = match form {
            OutputKind::Pdf => render_pdf_page(self, template, variables).await?,
            OutputKind::Image(format) => {
                let fill::Filled { html, width, height } = fill::fill(template, None, variables, size)?;
                let page = Page { html, width, height, format, quality, ..Page::default() };
                let template = template["uid"].as_str().map(str::to_owned);
                self.render(page, &RenderMetadata { template, variables: Some(variables.clone()) }).await?
            }
        };
        let name = render.url.rsplit('/').next().unwrap_or_default().to_owned();
        let kept = self.file(&name)?.ok_or_else(|| ApiError::internal("The file is gone"))?;
        let known = json!({"of": of, "file": name, "width": render.width, "height": render.height});
        store.remove(PICTURE, &uid)?;
        store.insert(PICTURE, &uid, &known)?;
        Ok(CachedImage { is_new: true, ..kept })
    }

    /// The last picture of an owner, whatever it shows.
    pub(crate) fn last_cached_image(&self, owner: &str, form: OutputKind) -> Result<Option<CachedImage>, ApiError> {
        match self.cached_image_info(owner, form)? {
            Some(stored) => self.file(&stored.name),
            None => Ok(None),
        }
    }

    fn file(&self, name: &str) -> Result<Option<CachedImage>, ApiError> {
        let kept = |file: StoredFile| CachedImage {
            bytes: file.bytes,
            content_type: file.content_type,
            name: name.to_owned(),
            is_new: false,
        };
        Ok(self.state.store.file(name)?.map(kept))
    }

    /// The picture of an owner as it was last rendered.
    pub(crate) fn cached_image_info(&self, owner: &str, form: OutputKind) -> Result<Option<CachedImageInfo>, ApiError> {
        let known = self.state.store.get(PICTURE, &key(owner, form))?;
        Ok(known.map(|mut known| CachedImageInfo {
            name: known["file"].as_str().unwrap_or_default().to_owned(),
            width: known["width"].take(),
            height: known["height"].take(),
        }))
    }
}

/// Forgets which pictures an owner had. The files stay: their addresses may be in pages.
pub(crate) fn forget(store: &Store, owner: &str) -> Result<(), StoreError> {
    let pictures = [Format::Png, Format::Jpeg, Format::Webp].map(OutputKind::Image);
    for form in pictures.into_iter().chain([OutputKind::Pdf]) {
        store.remove(PICTURE, &key(owner, form))?;
    }
    Ok(())
}

fn key(owner: &str, form: OutputKind) -> String {
    let extension = match form {
        OutputKind::Image(format) => format.extension(),
        OutputKind::Pdf => "pdf",
    };
    format!("{owner}.{extension}")
}

/// A text that is another when the picture is.
fn fingerprint(template: &Value, variables: &Value, size: Option<(u32, u32)>, quality: Option<u8>) -> String {
    let mut hasher = DefaultHasher::new();
    (template.to_string(), variables.to_string(), size, quality).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
