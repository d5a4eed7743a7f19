//! Rendered files of any format.

use crate::Deletion;
use crate::{resources::api_request, resources::resource};

resource! {
    /// The operations of rendered files: [`client.media()`](crate::Client::media).
    Media
}

impl<C: Clone> Media<C> {
    /// Deletes an image or a GIF.
    ///
    /// `DELETE /{mediaUid}`, described by one document of the service only; it is unknown whether it accepts API keys.
    /// Safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; `Authentication` if the service
    /// does not accept API keys for it; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.media().delete("K3Q9ZT7WXM").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, uid: impl Into<String>) -> DeleteMediaCall<C> {
        self.call(DeleteMedia::of(uid.into()))
    }
}

api_request! {
    /// The request of [`Media::delete`] as data.
    DeleteMedia / DeleteMediaCall { uid: String } -> Deletion = DELETE_MEDIA,
    |op, base| requests::delete_media(base, &op.uid)
}
