//! Credentials: a fixed key, or a provider that is asked for the current one.

use crate::{ApiKey, Result, transport::BoxFuture};
use std::{fmt, sync::Arc};

/// Provides the API key of each call, for keys that rotate.
///
/// The client calls [`api_key`](Self::api_key) before each call that needs a key, so a provider that fetches keys from
/// elsewhere should cache them. After a 401 the client calls it once more with the rejected key; if another key comes, the
/// call is sent again with that one. A 401 is returned before any work, so this is safe for calls that bill.
///
/// ```
/// use pictify::{ApiKey, Client, Credentials, Result, transport::BoxFuture};
///
/// #[derive(Debug)]
/// struct FromFile(std::path::PathBuf);
///
/// impl Credentials for FromFile {
///     fn api_key(&self, _rejected: Option<&ApiKey>) -> BoxFuture<'_, Result<ApiKey>> {
///         Box::pin(async { ApiKey::new(std::fs::read_to_string(&self.0).unwrap_or_default()) })
///     }
/// }
///
/// let builder = Client::builder().credentials(FromFile("/run/secrets/pictify".into()));
/// ```
pub trait Credentials: fmt::Debug + Send + Sync + 'static {
    /// Returns the current key. `rejected` is the key that the service has just rejected, if this is a second request.
    ///
    /// # Errors
    /// Any error; it ends the call before anything is sent.
    fn api_key(&self, rejected: Option<&ApiKey>) -> BoxFuture<'_, Result<ApiKey>>;
}

/// The credentials of a client.
#[derive(Clone, Debug)]
pub(crate) enum ClientCredentials {
    Fixed(ApiKey),
    Provider(Arc<dyn Credentials>),
}

impl ClientCredentials {
    /// Returns the key to send.
    pub(crate) async fn current(&self) -> Result<ApiKey> {
        match self {
            Self::Fixed(key) => Ok(key.clone()),
            Self::Provider(provider) => provider.api_key(None).await,
        }
    }

    /// Returns the key if it never changes.
    pub(crate) fn fixed(&self) -> Option<&ApiKey> {
        match self {
            Self::Fixed(key) => Some(key),
            Self::Provider(_) => None,
        }
    }

    /// Returns another key than the rejected one, if there is one.
    pub(crate) async fn replacement(&self, rejected: &ApiKey) -> Result<Option<ApiKey>> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Provider(provider) => {
                let key = provider.api_key(Some(rejected)).await?;
                Ok(if key.is_same_as(rejected) { None } else { Some(key) })
            }
        }
    }
}
