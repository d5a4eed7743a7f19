//! HTTP server at the level of bytes: it sends scripted responses, truncates them, stalls, or resets the connection.

use crate::wait::{MAX_WAIT, within_bound};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// Reaction of the server to one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Sends these bytes and keeps the connection open.
    Bytes(Vec<u8>),
    /// Sends these bytes, then closes the connection.
    CutAfter(Vec<u8>),
    /// Sends these bytes, then nothing, on an open connection.
    StallAfter(Vec<u8>),
    /// Reads the request and resets the connection.
    Reset,
    /// Resets the connection without reading a request.
    ResetUnread,
    /// Reads the request and sends nothing.
    Hang,
}

impl Reply {
    /// Returns a JSON response.
    #[must_use]
    pub fn json(status: u16, body: &str) -> Self {
        Self::new(status, &[("content-type", "application/json")], body.as_bytes())
    }

    /// Returns a response with these headers and a content length.
    #[must_use]
    pub fn new(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut bytes = head(status, headers, body.len());
        bytes.extend_from_slice(body);
        Self::Bytes(bytes)
    }

    /// Returns a JSON response whose content length is `length`, and which ends after `body`.
    #[must_use]
    pub fn cut(status: u16, length: usize, body: &[u8]) -> Self {
        Self::cut_with(status, &[("content-type", "application/json")], length, body)
    }

    /// As [`cut_with`](Self::cut_with), but the connection stays open after `body`.
    #[must_use]
    pub fn stall_with(status: u16, headers: &[(&str, &str)], length: usize, body: &[u8]) -> Self {
        let mut bytes = head(status, headers, length);
        bytes.extend_from_slice(body);
        Self::StallAfter(bytes)
    }

    /// As [`cut`](Self::cut), with these headers.
    #[must_use]
    pub fn cut_with(status: u16, headers: &[(&str, &str)], length: usize, body: &[u8]) -> Self {
        let mut bytes = head(status, headers, length);
        bytes.extend_from_slice(body);
        Self::CutAfter(bytes)
    }
}

fn head(status: u16, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| [*name, ": ", *value, "\r\n"].concat()).collect();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n").into_bytes()
}

/// Received request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Method in upper case.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers in the received order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the value of the header `name`, which must be in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Function that returns the response to a request after the end of the script.
type Responses = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

/// Server with a script of one reply for each request. After the last one it responds with status 418.
pub struct ScriptedServer {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    script: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<Request>>,
    arrived: Notify,
    responses: Responses,
}

impl ScriptedServer {
    /// Starts a server with a script on a free port of this machine.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let over = |_: &Request| Reply::new(418, &[], b"the script is over");
        Self::start_with(script.into_iter().collect(), Box::new(over)).await
    }

    /// Starts a server whose responses `responses` returns.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn with_responses(responses: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(VecDeque::new(), Box::new(responses)).await
    }

    async fn start_with(script: VecDeque<Reply>, responses: Responses) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let script = Mutex::new(script);
        let state = Arc::new(State { script, requests: Mutex::default(), arrived: Notify::new(), responses });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut script = lock(&shared.script);
                if matches!(script.front(), Some(Reply::ResetUnread)) {
                    script.pop_front();
                    let _ = stream.set_zero_linger();
                    continue;
                }
                drop(script);
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, state, task }
    }

    /// Returns the base URL, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Appends a reply to the script.
    pub fn then(&self, reply: Reply) {
        lock(&self.state.script).push_back(reply);
    }

    /// Returns all received requests.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state.requests).clone()
    }

    /// Waits for a request. A later call waits for a later request.
    ///
    /// # Panics
    /// If that takes longer than [`MAX_WAIT`].
    pub async fn arrived(&self) {
        within_bound(self.state.arrived.notified(), "no request is received").await;
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
        let scripted = lock(&state.script).pop_front();
        let reply = scripted.unwrap_or_else(|| (state.responses)(&request));
        lock(&state.requests).push(request);
        state.arrived.notify_one();
        match reply {
            Reply::Bytes(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::CutAfter(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Reply::StallAfter(bytes) => {
                let _ = stream.write_all(&bytes).await;
                stay_silent().await;
                return;
            }
            Reply::Reset | Reply::ResetUnread => {
                // A close with a linger time of zero sends a reset.
                let _ = stream.set_zero_linger();
                return;
            }
            Reply::Hang => return stay_silent().await,
        }
    }
}

/// Waits a limited time, so that a client without a timeout fails its test and does not hang.
async fn stay_silent() {
    tokio::time::sleep(MAX_WAIT).await;
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    buffer.drain(..end + 4);
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    request.body = buffer.drain(..length).collect();
    Some(request)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
