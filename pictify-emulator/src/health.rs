//! Subcommand `health`, for containers: they have no other program that could send a request.

use axum::{
    body::Body,
    http::{Request, StatusCode, Uri, header::HOST},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::{error::Error, time::Duration};
use tokio::{net::TcpStream, time::timeout};

/// Time for the response.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Arguments of the subcommand.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Base URL of the server, http only.
    #[arg(default_value = "http://127.0.0.1:4040")]
    url: Uri,
}

impl Arguments {
    /// Succeeds if the server responds to `GET /health` with status 200.
    ///
    /// # Errors
    /// The reason, as a text.
    pub(crate) async fn run(&self) -> Result<(), String> {
        let url = &self.url;
        match timeout(TIMEOUT, status(url)).await {
            Ok(Ok(StatusCode::OK)) => Ok(()),
            Ok(Ok(status)) => Err(format!("{url} is not healthy: status {status}")),
            Ok(Err(error)) => Err(format!("{url} has no response: {error}")),
            Err(_) => Err(format!("{url} has no response within {} s", TIMEOUT.as_secs())),
        }
    }
}

/// Returns the status of the response to `GET /health`.
async fn status(url: &Uri) -> Result<StatusCode, Box<dyn Error>> {
    let authority = url.authority().filter(|_| url.scheme_str() == Some("http")).ok_or("it is not an http URL")?;
    // The brackets around an IPv6 address belong to the URL.
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let path = format!("{}/health", url.path().trim_end_matches('/'));
    let request = Request::get(path).header(HOST, authority.as_str()).body(Body::empty())?;
    // The connection ends with its only request.
    tokio::select! {
        response = sender.send_request(request) => Ok(response?.status()),
        ended = connection => Err(ended.err().map_or_else(|| "the connection was closed".into(), Box::from)),
    }
}
