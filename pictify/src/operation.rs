//! An endpoint as a value.

use crate::{Result, operations};
use pictify_api::{BoxFuture, ResponseValue};

/// The document's row of an operation: method, path, safety, availability, timeout.
pub use pictify_api::Operation as OperationInfo;

/// A request as plain data: what to ask of one endpoint of the API.
///
/// Each type that implements it is `Serialize` and `Deserialize`, so that it can be put in a queue, and is sent by
/// [`Client::call`](crate::Client::call). Nothing outside this crate can implement it.
pub trait Operation: Clone + Send + Sync + Sealed + 'static {
    /// What comes out.
    type Output: Send + 'static;

    /// What the document says of the endpoint.
    const INFO: OperationInfo;

    /// Checks what can be known to be wrong without asking the service.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), naming every field that is wrong.
    fn check(&self) -> Result<()>;

    /// Sends it by the generated method.
    #[doc(hidden)]
    fn send<'a>(
        &'a self,
        api: &'a pictify_api::Client,
    ) -> BoxFuture<'a, Result<ResponseValue<Self::Output>, pictify_api::Error>>;
}

/// Keeps [`Operation`] to this crate, so that it can grow.
#[doc(hidden)]
pub trait Sealed {}

/// Every row of the document.
#[must_use]
pub fn all() -> &'static [OperationInfo] {
    operations::ALL
}

/// Makes a request type an [`Operation`]: `operation!(CreateImage, CREATE_IMAGE, Image, |op, api| api.create_image(..))`.
///
/// `check` is the document's bounds; a type with rules between its fields adds them with `, also |op, found| ..`.
macro_rules! operation {
    ($type:ty, $row:ident, $output:ty, |$op:ident, $api:ident| $send:expr $(, also |$this:ident, $found:ident| $also:expr)?) => {
        impl $crate::operation::Sealed for $type {}

        impl $crate::Operation for $type {
            type Output = $output;
            const INFO: $crate::operation::OperationInfo = $crate::operations::$row;

            fn check(&self) -> $crate::Result<()> {
                #[allow(unused_mut)]
                let mut violations = pictify_api::Validate::violations(self);
                $(
                    let ($this, $found) = (self, &mut violations);
                    $also;
                )?
                if violations.is_empty() { Ok(()) } else { Err($crate::Error::invalid(violations)) }
            }

            fn send<'a>(
                &'a self,
                $api: &'a pictify_api::Client,
            ) -> pictify_api::BoxFuture<'a, $crate::Result<pictify_api::ResponseValue<$output>, pictify_api::Error>> {
                let $op = self;
                Box::pin(async move { $send.await })
            }
        }
    };
}
pub(crate) use operation;
