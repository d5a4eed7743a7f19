//! TLS setup. Only this module depends on the TLS library.

use crate::{Error, Result};
use reqwest::ClientBuilder;

/// `true` if a TLS feature is enabled, so that https works.
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "rustls-no-provider", feature = "native-tls"));

/// TLS configuration for the HTTP clients of a client.
#[cfg(feature = "rustls-no-provider")]
pub(crate) struct Tls(rustls_crate::ClientConfig);

/// TLS configuration for the platform's library or for none; empty, since neither needs one.
#[cfg(not(feature = "rustls-no-provider"))]
pub(crate) struct Tls;

#[cfg(feature = "rustls-no-provider")]
impl Tls {
    /// Configures rustls with an explicit crypto provider, and does not fail if no certificates are installed.
    ///
    /// reqwest could do this itself, but it panics without a provider, and fails on a machine without certificates even if only
    /// plain http to that machine is used. With this configuration, such a machine fails at the first certificate check.
    ///
    /// Loading the platform's certificates is expensive. It happens once per client, and only if the client `connects`.
    pub(crate) fn new(connects: bool) -> Result<Self> {
        use rustls_crate::{ClientConfig, RootCertStore, crypto::CryptoProvider};
        use std::sync::Arc;

        let installed = CryptoProvider::get_default().cloned();
        #[cfg(feature = "rustls")]
        let installed = installed.or_else(|| Some(Arc::new(rustls_crate::crypto::ring::default_provider())));
        let provider = installed.ok_or_else(|| {
            Error::config(
                "rustls has no crypto provider: install one before the client is built, or use the feature `rustls`",
            )
        })?;
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::config("rustls cannot be set up with the installed provider").with_source(error))?;
        let verifier = connects.then(|| rustls_platform_verifier::Verifier::new(provider));
        let config = match verifier {
            Some(Ok(verifier)) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
            Some(Err(_)) | None => config.with_root_certificates(RootCertStore::empty()),
        };
        Ok(Self(config.with_no_client_auth()))
    }

    pub(crate) fn client(&self, builder: ClientBuilder) -> Result<reqwest::Client> {
        builder.tls_backend_preconfigured(self.0.clone()).build().map_err(setup_error)
    }
}

#[cfg(not(feature = "rustls-no-provider"))]
#[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "the other one can fail, and has something")]
impl Tls {
    pub(crate) fn new(_connects: bool) -> Result<Self> {
        Ok(Self)
    }

    /// Another crate of the program may have enabled rustls in reqwest without a crypto provider. reqwest then panics; this
    /// converts the panic to an error.
    pub(crate) fn client(&self, builder: ClientBuilder) -> Result<reqwest::Client> {
        #[cfg(feature = "native-tls")]
        let builder = builder.tls_backend_native();
        let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build()));
        built.map_or_else(|_| Err(Error::config(NO_PROVIDER)), |built| built.map_err(setup_error))
    }
}

#[cfg(not(feature = "rustls-no-provider"))]
const NO_PROVIDER: &str = "another crate of this program uses rustls without a crypto provider: install one before the \
                           client is built, or use the feature `rustls`";

fn setup_error(error: reqwest::Error) -> Error {
    Error::config("the HTTP client cannot be set up").with_source(error)
}
