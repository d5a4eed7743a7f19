//! An endpoint as a value.

use crate::{Result, operations};
use pictify_api::{BoxFuture, CheckSchema, ResponseValue};

/// The document's row of an operation: method, path, safety, availability, timeout.
pub use pictify_api::OperationInfo;

/// A request as plain data: what to ask of one endpoint of the API.
///
/// Each type that implements it is `Serialize` and `Deserialize`, so that it can be put in a queue, and is sent by
/// [`Client::call`](crate::Client::call). Nothing outside this crate can implement it.
pub trait Operation: Clone + Send + Sync + Sealed + 'static {
    /// What comes out.
    type Output: CheckSchema + Send + 'static;

    /// What the document says of the endpoint.
    const INFO: OperationInfo;

    /// Checks what can be known to be wrong without asking the service.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), naming every field that is wrong.
    fn check(&self) -> Result<()>;

    /// How many renders it bills if all goes well, as far as that is known before it is sent; 0 when it bills none.
    fn renders(&self) -> u64 {
        u64::from(Self::INFO.safety == pictify_api::RetrySafety::Billed)
    }

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

/// Makes a request type and its [`Operation`]: what it holds, what comes out, its row in the document, and the generated
/// method that sends it.
///
/// Every field is checked against the document's bounds; rules between fields follow as `rules |op, found| ..`, and how many
/// renders it bills, if that is not one, as `renders |op| ..`.
macro_rules! operation {
    (
        $(#[$attribute:meta])*
        $name:ident { $($field:ident: $type:ty),* $(,)? } -> $output:ty = $row:ident,
        |$op:ident, $api:ident| $send:expr
        $(, rules |$this:ident, $found:ident| $rules:expr)?
        $(, renders |$billed:ident| $renders:expr)? $(,)?
    ) => {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        $(#[$attribute])*
        pub struct $name {
            $(pub(crate) $field: $type,)*
        }

        impl pictify_api::Validate for $name {
            #[allow(unused_variables)]
            fn validate(&self, found: &mut pictify_api::ValidationErrors) {
                $(pictify_api::Validate::validate(&self.$field, found);)*
                $(
                    let ($this, $found) = (self, found);
                    $rules;
                )?
            }
        }

        impl $crate::operation::Sealed for $name {}

        impl $crate::Operation for $name {
            type Output = $output;
            const INFO: $crate::operation::OperationInfo = $crate::operations::$row;

            fn check(&self) -> $crate::Result<()> {
                let violations = pictify_api::Validate::validation_errors(self);
                if violations.is_empty() { Ok(()) } else { Err($crate::Error::invalid(violations)) }
            }

            $(fn renders(&self) -> u64 {
                let $billed = self;
                $renders
            })?

            fn send<'a>(
                &'a self,
                $api: &'a pictify_api::Client,
            ) -> pictify_api::BoxFuture<'a, $crate::Result<pictify_api::ResponseValue<$output>, pictify_api::Error>> {
                #[allow(unused_variables)]
                let $op = self;
                Box::pin(async move { $send.await })
            }
        }
    };
}
pub(crate) use operation;
