//! The one place that knows which TLS library is in.

use crate::{Error, Result};
use reqwest::ClientBuilder;

/// Whether https can be spoken at all.
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "rustls-no-provider", feature = "native-tls"));

/// How TLS is spoken, for the HTTP clients of a client.
#[cfg(feature = "rustls-no-provider")]
pub(crate) struct Tls(rustls_crate::ClientConfig);

/// The platform's library, or none, needs nothing from us.
#[cfg(not(feature = "rustls-no-provider"))]
pub(crate) struct Tls;

#[cfg(feature = "rustls-no-provider")]
impl Tls {
    /// Sets up rustls with a crypto provider of our choice, and without failing where no certificates are installed.
    ///
    /// reqwest would build this by itself, but it panics without a provider, and fails on a machine without certificates
    /// even when only plain http on that machine is wanted. Here such a machine fails when it first meets a certificate.
    ///
    /// Reading the platform's certificates is most of the work, so that it is done once for a client, and not at all when
    /// nothing is connected to.
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
        builder.tls_backend_preconfigured(self.0.clone()).build().map_err(unusable)
    }
}

#[cfg(not(feature = "rustls-no-provider"))]
#[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "the other one can fail, and has something")]
impl Tls {
    pub(crate) fn new(_connects: bool) -> Result<Self> {
        Ok(Self)
    }

    /// Another crate of the program may have switched on reqwest's rustls without a crypto provider. reqwest then panics,
    /// which is no way to tell of a setting.
    pub(crate) fn client(&self, builder: ClientBuilder) -> Result<reqwest::Client> {
        #[cfg(feature = "native-tls")]
        let builder = builder.tls_backend_native();
        let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build()));
        built.map_or_else(|_| Err(Error::config(NO_PROVIDER)), |built| built.map_err(unusable))
    }
}

#[cfg(not(feature = "rustls-no-provider"))]
const NO_PROVIDER: &str = "another crate of this program uses rustls without a crypto provider: install one before the \
                           client is built, or use the feature `rustls`";

fn unusable(error: reqwest::Error) -> Error {
    Error::config("the HTTP client cannot be set up").with_source(error)
}
