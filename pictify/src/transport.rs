//! The one place where requests leave, and where a cassette stands in for the network.

use crate::{Error, client::ClientInner};
use reqwest::{Request, Response};

/// Why a request brought no answer.
pub(crate) enum NotAnswered {
    /// The network, or whoever is behind it.
    Network(reqwest::Error),
    /// The cassette that is replayed has no answer for it.
    #[cfg(feature = "testing")]
    NotRecorded(String),
}

impl From<reqwest::Error> for NotAnswered {
    fn from(error: reqwest::Error) -> Self {
        Self::Network(error)
    }
}

impl From<NotAnswered> for Error {
    fn from(why: NotAnswered) -> Self {
        match why {
            NotAnswered::Network(error) => Self::from_network(error),
            #[cfg(feature = "testing")]
            NotAnswered::NotRecorded(text) => Self::new(crate::ErrorKind::CassetteMiss, text),
        }
    }
}

impl ClientInner {
    /// Sends a request of a call.
    pub(crate) async fn call(&self, request: Request) -> Result<Response, NotAnswered> {
        self.send(&self.http, request).await
    }

    /// Sends a request for a file.
    pub(crate) async fn file(&self, request: Request) -> Result<Response, NotAnswered> {
        self.send(&self.files, request).await
    }

    async fn send(&self, http: &reqwest::Client, request: Request) -> Result<Response, NotAnswered> {
        #[cfg(feature = "testing")]
        if let Some(recorder) = &self.recorder {
            return Box::pin(recorder.exchange(http, request)).await;
        }
        Ok(http.execute(request).await?)
    }
}
