//! The one place that knows which TLS library is in.

use crate::Result;
use reqwest::ClientBuilder;

/// Whether https can be spoken at all.
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "rustls-no-provider", feature = "native-tls"));

/// Sets up rustls with a crypto provider of our choice, and without failing where no certificates are installed.
///
/// reqwest would build this by itself, but it panics without a provider, and fails on a machine without certificates even
/// when only plain http on that machine is wanted. Here such a machine fails when it first meets a certificate.
#[cfg(feature = "rustls-no-provider")]
pub(crate) fn configure(builder: ClientBuilder) -> Result<ClientBuilder> {
    use crate::Error;
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
    let config = match rustls_platform_verifier::Verifier::new(provider) {
        Ok(verifier) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        Err(_) => config.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.tls_backend_preconfigured(config.with_no_client_auth()))
}

/// The platform's library, or none, needs nothing from us.
#[cfg(not(feature = "rustls-no-provider"))]
#[allow(clippy::unnecessary_wraps, reason = "the other one can fail")]
pub(crate) fn configure(builder: ClientBuilder) -> Result<ClientBuilder> {
    Ok(builder)
}
