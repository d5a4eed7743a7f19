//! TLS settings; the one place that knows the TLS library.

use crate::{Error, Result};
use reqwest::ClientBuilder;

/// True if https is available.
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "rustls-no-provider", feature = "native-tls"));

/// Certificates beyond those of the platform, in PEM.
#[derive(Default)]
pub(crate) struct TlsSettings {
    pub(crate) roots: Vec<Vec<u8>>,
    /// The client's chain and its private key.
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
}

#[cfg(feature = "rustls-no-provider")]
impl TlsSettings {
    /// Builds an HTTP client with rustls, the crypto provider of our choice, and without failing where no certificates are
    /// installed.
    ///
    /// reqwest would build this by itself, but it panics without a provider, and fails on a machine without certificates
    /// even when only plain http on that machine is wanted. Here such a machine fails when it first meets a certificate.
    ///
    /// Reading the platform's certificates is most of the work, so it is left out when nothing is connected to.
    pub(crate) fn client(&self, builder: ClientBuilder, connects: bool) -> Result<reqwest::Client> {
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
        let mut roots = Vec::new();
        for pem in &self.roots {
            roots.extend(pem::certificates(pem, "root certificate")?);
        }
        let has_roots = !roots.is_empty();
        let verifier = connects.then(|| rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider));
        let config = match verifier {
            Some(Ok(verifier)) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
            Some(Err(error)) if has_roots => {
                return Err(Error::config("a root certificate cannot be used").with_source(error));
            }
            Some(Err(_)) | None => config.with_root_certificates(RootCertStore::empty()),
        };
        let config = match &self.identity {
            Some((chain, key)) => config
                .with_client_auth_cert(pem::certificates(chain, "client certificate")?, pem::private_key(key)?)
                .map_err(|error| Error::config("the client certificate cannot be used").with_source(error))?,
            None => config.with_no_client_auth(),
        };
        builder.tls_backend_preconfigured(config).build().map_err(unusable)
    }
}

/// Reading of PEM.
#[cfg(feature = "rustls-no-provider")]
mod pem {
    use crate::{Error, Result};
    use rustls_crate::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

    pub(super) fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match all {
            Ok(all) if !all.is_empty() => Ok(all),
            _ => Err(Error::config(format!("the {what} is not PEM"))),
        }
    }

    pub(super) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(pem).map_err(|_| Error::config("the private key of the client is not PEM"))
    }
}

#[cfg(not(feature = "rustls-no-provider"))]
impl TlsSettings {
    /// Builds an HTTP client with the platform's TLS library, or without TLS.
    ///
    /// Another crate of the program may have switched on reqwest's rustls without a crypto provider. reqwest then panics;
    /// here that is an error.
    pub(crate) fn client(&self, builder: ClientBuilder, _connects: bool) -> Result<reqwest::Client> {
        #[cfg(feature = "native-tls")]
        let builder = self.with_certificates(builder.tls_backend_native())?;
        #[cfg(not(feature = "native-tls"))]
        if !self.roots.is_empty() || self.identity.is_some() {
            return Err(Error::config("certificates need the feature `rustls` or `native-tls`"));
        }
        let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build()));
        built.map_or_else(|_| Err(Error::config(NO_PROVIDER)), |built| built.map_err(unusable))
    }

    #[cfg(feature = "native-tls")]
    fn with_certificates(&self, mut builder: ClientBuilder) -> Result<ClientBuilder> {
        for pem in &self.roots {
            let root = reqwest::Certificate::from_pem(pem);
            builder = builder.add_root_certificate(root.map_err(|_| Error::config("the root certificate is not PEM"))?);
        }
        if let Some((chain, key)) = &self.identity {
            let identity = reqwest::Identity::from_pkcs8_pem(chain, key)
                .map_err(|error| Error::config("the client certificate cannot be used").with_source(error))?;
            builder = builder.identity(identity);
        }
        Ok(builder)
    }
}

#[cfg(not(feature = "rustls-no-provider"))]
const NO_PROVIDER: &str = "another crate of this program uses rustls without a crypto provider: install one before the \
                           client is built, or use the feature `rustls`";

fn unusable(error: reqwest::Error) -> Error {
    Error::config("the HTTP client cannot be set up").with_source(error)
}
