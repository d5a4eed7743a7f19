//! Data source of a binding.

use crate::{Result, source::web_url, variables};
use pictify_api::{
    Secret,
    types::{CredentialsType, DataSource, DataSourceCredentials, DataSourceMethod, DataSourceType},
};
use serde::Serialize;

/// Data source of a binding.
///
/// ```
/// # fn run() -> pictify::Result<()> {
/// use pictify::bindings::BindingSource;
///
/// let fetched = BindingSource::http("https://example.com/stats.json")?.api_key("example-key");
/// let pushed = BindingSource::webhook();
/// assert!(!format!("{fetched:?}").contains("example-key"));
/// # Ok(()) }
/// # run().unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BindingSource(DataSource);

impl BindingSource {
    /// Creates a source that the service fetches from a URL: http or https, public addresses only.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if `url` is not an absolute http or https URL.
    pub fn http(url: impl AsRef<str>) -> Result<Self> {
        let mut source = DataSource::new(DataSourceType::Http);
        source.url = Some(web_url("url", url.as_ref())?.into());
        Ok(Self(source))
    }

    /// Creates a source whose data is [pushed](crate::bindings::Bindings::push).
    #[must_use]
    pub fn webhook() -> Self {
        Self(DataSource::new(DataSourceType::Webhook))
    }

    /// Creates a source of data that never changes. Only design notes of the service describe it.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if `data` does not serialise to a JSON object.
    pub fn fixed(data: &impl Serialize) -> Result<Self> {
        let mut source = DataSource::new(DataSourceType::Static);
        source.static_data = Some(variables::object(data, "data")?.into());
        Ok(Self(source))
    }

    /// Sets the method to POST and the JSON body. The default is GET.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if `body` does not serialise.
    pub fn post(mut self, body: &impl Serialize) -> Result<Self> {
        let body = variables::json(body, "body")?;
        (self.0.method, self.0.body) = (Some(DataSourceMethod::Post), Some(body));
        Ok(self)
    }

    /// Adds a header to the request for the data. Responses show headers, so they must not contain secrets.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// Sets a bearer token, sent in `Authorization: Bearer`.
    #[must_use]
    pub fn bearer_token(self, token: impl Into<Secret>) -> Self {
        self.credentials(CredentialsType::BearerToken, token.into())
    }

    /// Sets an API key.
    #[must_use]
    pub fn api_key(self, key: impl Into<Secret>) -> Self {
        self.credentials(CredentialsType::ApiKey, key.into())
    }

    /// Sets a username and a password for basic authentication.
    #[must_use]
    pub fn basic_auth(self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        let mut source = self.credentials(CredentialsType::BasicAuth, password.into());
        source.0.credentials = source.0.credentials.map(|mut credentials| {
            credentials.username = Some(username.into());
            credentials
        });
        source
    }

    /// Sets a header that contains a secret.
    #[must_use]
    pub fn secret_header(self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        let mut source = self.credentials(CredentialsType::CustomHeader, value.into());
        source.0.credentials = source.0.credentials.map(|mut credentials| {
            credentials.header_name = Some(name.into());
            credentials
        });
        source
    }

    fn credentials(mut self, kind: CredentialsType, value: Secret) -> Self {
        let mut credentials = DataSourceCredentials::new(kind);
        credentials.value = Some(value);
        self.0.credentials = Some(credentials);
        self
    }

    pub(super) fn into_data_source(self) -> DataSource {
        self.0
    }
}
