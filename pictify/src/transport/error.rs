//! Failures of a transport.

use pictify_api::BoxError;
use std::{error::Error as StdError, fmt};

/// The error of a request without a response, or of a response that breaks off.
///
/// It says whether the server may have seen the request, which decides whether a call that bills is sent again.
#[derive(Debug)]
pub struct TransportError {
    pub(crate) kind: TransportErrorKind,
    source: BoxError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportErrorKind {
    /// The server cannot have seen the request.
    NotSent,
    /// The server may have seen the request.
    ConnectionLost,
    /// The runtime cannot connect. The server has not seen the request.
    Runtime,
    /// The cassette that is replayed has no response for the request.
    #[cfg(feature = "testing")]
    CassetteMiss,
}

impl TransportError {
    /// Makes the error of a request that the server cannot have seen: no address, no connection, no TLS session.
    #[must_use]
    pub fn not_sent(source: impl Into<BoxError>) -> Self {
        Self { kind: TransportErrorKind::NotSent, source: source.into() }
    }

    /// Makes the error of a request that the server may have seen.
    #[must_use]
    pub fn connection_lost(source: impl Into<BoxError>) -> Self {
        Self { kind: TransportErrorKind::ConnectionLost, source: source.into() }
    }

    /// Makes the error of a runtime that cannot connect.
    pub(crate) fn runtime(text: String) -> Self {
        Self { kind: TransportErrorKind::Runtime, source: text.into() }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn cassette_miss(text: String) -> Self {
        Self { kind: TransportErrorKind::CassetteMiss, source: text.into() }
    }

    /// Returns true when the server cannot have seen the request.
    #[must_use]
    pub fn is_not_sent(&self) -> bool {
        self.kind != TransportErrorKind::ConnectionLost
    }

    /// Returns the innermost cause as text, which is the one that an operator can act on.
    pub(crate) fn root_cause(&self) -> String {
        let mut cause: &dyn StdError = &*self.source;
        while let Some(next) = cause.source() {
            cause = next;
        }
        cause.to_string()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::NotSent | TransportErrorKind::Runtime => "the request was not sent",
            TransportErrorKind::ConnectionLost => "the connection was lost",
            #[cfg(feature = "testing")]
            TransportErrorKind::CassetteMiss => "the cassette has no response",
        })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        // A URL may be signed or hold a secret; it stays out of messages and logs.
        let error = error.without_url();
        // Only a request that failed to connect is sure not to have been sent.
        let is_sent = !(error.is_connect() || error.is_builder());
        if is_sent { Self::connection_lost(error) } else { Self::not_sent(error) }
    }
}
