//! The trait of all requests.

use super::prepared::Prepare;
use crate::Result;
use pictify_api::{CheckSchema, OperationInfo};

/// A request of one operation of the API as plain data.
///
/// Each type that implements it is `Serialize` and `Deserialize`, so that it can be stored in a queue, and is sent by
/// [`Client::call`](crate::Client::call). Only this crate implements it.
///
/// ```
/// use pictify::{ApiRequest, images::CreateImage};
///
/// assert_eq!((CreateImage::OPERATION.method, CreateImage::OPERATION.path), ("POST", "/image"));
/// ```
///
/// ```compile_fail
/// #[derive(Clone)]
/// struct Foreign;
///
/// impl pictify::ApiRequest for Foreign {
///     type Response = ();
///     type Call<C> = pictify::Call<Self, C>;
///     const OPERATION: pictify::request::OperationInfo = <pictify::images::CreateImage as pictify::ApiRequest>::OPERATION;
///
///     fn check(&self) -> pictify::Result<()> {
///         Ok(())
///     }
/// }
/// ```
pub trait ApiRequest: Clone + Send + Sync + Prepare<<Self as ApiRequest>::Response> + 'static {
    /// Type of the response's value.
    type Response: CheckSchema + Send + 'static;

    /// Type of the call that [`Client::call`](crate::Client::call) makes: the setters of the request, the options of the
    /// call, and `send`.
    type Call<C>: From<crate::Call<Self, C>> + Into<crate::Call<Self, C>>;

    /// Metadata of the operation: method, path, retry safety, evidence, timeout.
    const OPERATION: OperationInfo;

    /// Checks the request without contacting the service.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation), with every field that is invalid.
    fn check(&self) -> Result<()>;

    /// Returns the number of renders that the request bills if it succeeds, as far as that is known before it is sent; 0
    /// when it bills none.
    fn renders(&self) -> u64 {
        u64::from(Self::OPERATION.safety == pictify_api::RetrySafety::Billed)
    }
}
