//! Pictures at permanent addresses, of variants and of bindings: rendered when what they show has changed.

use crate::{
    answer::Refusal,
    areas::print_sheet,
    render::{Format, Page},
    renders::About,
    server::Call,
    source,
    store::{Store, StoreError, StoredFile},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The kind of the documents that this file keeps.
const PICTURE: &str = "picture";

/// What stands at a permanent address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Picture(Format),
    Pdf,
}

/// The picture of an owner as it is now.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
    /// The name of its file: another picture has another.
    pub(crate) name: String,
    /// Whether it was rendered for this request.
    pub(crate) is_new: bool,
}

/// What is known of a picture without rendering it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) width: Value,
    pub(crate) height: Value,
}

impl Call {
    /// The picture of a template with these values, under the name of its owner: the stored one, or a new one if the
    /// template, the values or the size are others than then.
    pub(crate) async fn picture(
        &self,
        owner: &str,
        template: &Value,
        variables: &Value,
        size: Option<(u32, u32)>,
        form: Form,
        quality: Option<u8>,
    ) -> Result<Kept, Refusal> {
        let (store, uid) = (&self.service.store, key(owner, form));
        let of = mark(template, variables, size, quality);
        if let Some(known) = store.get(PICTURE, &uid)?.filter(|known| known["of"] == of.as_str())
            && let Some(kept) = self.file(known["file"].as_str().unwrap_or_default())?
        {
            return Ok(kept);
        }
        let render = match form {
            Form::Pdf => print_sheet(self, template, variables).await?,
            Form::Picture(format) => {
                let source::Filled { html, width, height } = source::fill(template, None, variables, size)?;
                let page = Page { html, width, height, format, quality, ..Page::default() };
                let template = template["uid"].as_str().map(str::to_owned);
                self.render(page, &About { template, variables: Some(variables.clone()) }).await?
            }
        };
        let name = render.url.rsplit('/').next().unwrap_or_default().to_owned();
        let kept = self.file(&name)?.ok_or_else(|| Refusal::internal("The file is gone"))?;
        let known = json!({"of": of, "file": name, "width": render.width, "height": render.height});
        store.remove(PICTURE, &uid)?;
        store.insert(PICTURE, &uid, &known)?;
        Ok(Kept { is_new: true, ..kept })
    }

    /// The last picture of an owner, whatever it shows.
    pub(crate) fn last_picture(&self, owner: &str, form: Form) -> Result<Option<Kept>, Refusal> {
        match self.stored_picture(owner, form)? {
            Some(stored) => self.file(&stored.name),
            None => Ok(None),
        }
    }

    fn file(&self, name: &str) -> Result<Option<Kept>, Refusal> {
        let kept = |file: StoredFile| Kept {
            bytes: file.bytes,
            content_type: file.content_type,
            name: name.to_owned(),
            is_new: false,
        };
        Ok(self.service.store.file(name)?.map(kept))
    }

    /// The picture of an owner as it was last rendered.
    pub(crate) fn stored_picture(&self, owner: &str, form: Form) -> Result<Option<Stored>, Refusal> {
        let known = self.service.store.get(PICTURE, &key(owner, form))?;
        Ok(known.map(|mut known| Stored {
            name: known["file"].as_str().unwrap_or_default().to_owned(),
            width: known["width"].take(),
            height: known["height"].take(),
        }))
    }
}

/// Forgets which pictures an owner had. The files stay: their addresses may be in pages.
pub(crate) fn forget(store: &Store, owner: &str) -> Result<(), StoreError> {
    let pictures = [Format::Png, Format::Jpeg, Format::Webp].map(Form::Picture);
    for form in pictures.into_iter().chain([Form::Pdf]) {
        store.remove(PICTURE, &key(owner, form))?;
    }
    Ok(())
}

fn key(owner: &str, form: Form) -> String {
    let extension = match form {
        Form::Picture(format) => format.extension(),
        Form::Pdf => "pdf",
    };
    format!("{owner}.{extension}")
}

/// A text that is another when the picture is.
fn mark(template: &Value, variables: &Value, size: Option<(u32, u32)>, quality: Option<u8>) -> String {
    let mut hasher = DefaultHasher::new();
    (template.to_string(), variables.to_string(), size, quality).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
