//! Progress events of an agent's screenshot.

use super::{StreamAgentScreenshot, StreamAgentScreenshotCall};
use crate::{
    ApiRequest, Call, Client, Error, ErrorKind, Result,
    clock::{Clock, SystemClock},
    error::Received,
    event_stream::{Frame, Frames},
    redaction::Redaction,
    timeout::{Elapsed, timeout},
    transport::{Body, BoxFuture},
};
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, StatusCode};
use pictify_api::{
    DecodeError,
    de::from_value,
    types::{AgentScreenshotEvent, AgentScreenshotEventType as EventType, AgentScreenshotProgress},
};
use serde_json::{Map, Value};
use std::{
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Events of an agent's screenshot: [`StreamAgentScreenshotCall::events`].
///
/// A `Stream` with the async client, an `Iterator` with the blocking one. It ends after the last event or after an
/// error. Dropping it closes the connection; the service may still take, and bill, the screenshot.
#[must_use = "nothing is sent before the first event is read"]
pub struct AgentScreenshotEvents<C> {
    /// Client that waits for events, if it is the blocking one.
    #[cfg_attr(not(feature = "blocking"), expect(dead_code, reason = "the async client does not wait"))]
    client: C,
    state: State,
}

enum State {
    Unsent(Box<Call<StreamAgentScreenshot, Client>>),
    Open(Box<AgentScreenshotStream>),
    UnderWay(BoxFuture<'static, Step>),
    Ended,
}

/// Result of reading one event, with the stream to read the next one from.
type Step = (Option<Box<AgentScreenshotStream>>, Result<Option<AgentScreenshotEvent>>);

impl State {
    /// Starts to read the next event, and sends the call before the first one. Returns `None` after the last event.
    fn step(&mut self) -> Option<BoxFuture<'static, Step>> {
        match mem::replace(self, Self::Ended) {
            Self::Unsent(call) => Some(Box::pin(async move {
                let clock = call.client.0.clock.clone();
                match call.send().await {
                    Ok(stream) => Box::new(AgentScreenshotStream { clock, ..stream }).step().await,
                    Err(error) => (None, Err(error)),
                }
            })),
            Self::Open(stream) => Some(Box::pin(stream.step())),
            Self::UnderWay(step) => Some(step),
            Self::Ended => None,
        }
    }

    fn settle(&mut self, (stream, result): Step) -> Option<Result<AgentScreenshotEvent>> {
        *self = match (stream, &result) {
            (Some(stream), Ok(Some(_))) => Self::Open(stream),
            _ => Self::Ended,
        };
        result.transpose()
    }
}

impl StreamAgentScreenshotCall<Client> {
    /// Returns the events as they arrive. The call is sent when the first event is read.
    ///
    /// The call's timeouts and retries apply until the response begins. After that, each event may take two minutes,
    /// and nothing is retried.
    ///
    /// # Errors
    /// As items: the errors of `send`; `RenderFailed` with the message of the event `error`; `Transport` if the stream
    /// breaks or ends too early; `Timeout`, `TooLarge`, `Decode`. If [`outcome_unknown`](Error::outcome_unknown) is
    /// true, the screenshot may have been taken and billed.
    pub fn events(self) -> AgentScreenshotEvents<Client> {
        AgentScreenshotEvents { client: self.0.client.clone(), state: State::Unsent(Box::new(self.0)) }
    }
}

impl AgentScreenshotEvents<Client> {
    /// Returns the next event; `None` after the last.
    ///
    /// # Errors
    /// As [`StreamAgentScreenshotCall::events`].
    pub async fn try_next(&mut self) -> Result<Option<AgentScreenshotEvent>> {
        poll_fn(|context| self.poll(context)).await.transpose()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AgentScreenshotEvent>>> {
        let Some(mut step) = self.state.step() else { return Poll::Ready(None) };
        let Poll::Ready(done) = step.as_mut().poll(context) else {
            self.state = State::UnderWay(step);
            return Poll::Pending;
        };
        Poll::Ready(self.state.settle(done))
    }
}

impl Stream for AgentScreenshotEvents<Client> {
    type Item = Result<AgentScreenshotEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

#[cfg(feature = "blocking")]
mod blocking {
    use super::{AgentScreenshotEvent, AgentScreenshotEvents, Result, State, StreamAgentScreenshotCall};
    use crate::blocking::Client;

    impl StreamAgentScreenshotCall<Client> {
        /// Returns the events as they arrive. The call is sent when the first event is read.
        ///
        /// # Errors
        /// As [`events`](StreamAgentScreenshotCall::events) of the async client.
        pub fn events(self) -> AgentScreenshotEvents<Client> {
            let inner = self.0.client.inner.clone();
            let (client, call) = self.0.with_client(inner);
            AgentScreenshotEvents { client, state: State::Unsent(Box::new(call)) }
        }
    }

    impl Iterator for AgentScreenshotEvents<Client> {
        type Item = Result<AgentScreenshotEvent>;

        fn next(&mut self) -> Option<Self::Item> {
            let step = self.state.step()?;
            match self.client.wait(async move { Ok(step.await) }) {
                Ok(done) => self.state.settle(done),
                Err(error) => Some(Err(error)),
            }
        }
    }
}

impl<C> fmt::Debug for AgentScreenshotEvents<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentScreenshotEvents")
            .field("ended", &matches!(self.state, State::Ended))
            .finish_non_exhaustive()
    }
}

/// Response that has begun: the value that `send` returns. Both clients can use [`StreamAgentScreenshotCall::events`]
/// instead.
#[must_use = "the events are only received when they are read"]
pub struct AgentScreenshotStream {
    frames: Frames,
    head: (StatusCode, HeaderMap),
    clock: Arc<dyn Clock>,
    progress: Progress,
    redaction: Redaction,
}

/// Progress of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The outcome is unknown so far.
    Open,
    /// The outcome is known; more events may follow.
    Known,
    /// No event follows.
    Ended,
}

impl AgentScreenshotStream {
    pub(super) fn new(body: Body, head: (StatusCode, HeaderMap), redaction: Redaction) -> Self {
        Self { frames: Frames::new(body), head, clock: Arc::new(SystemClock), progress: Progress::Open, redaction }
    }

    /// Returns the next event; `None` after the last.
    ///
    /// # Errors
    /// As [`StreamAgentScreenshotCall::events`], without the errors of `send`.
    pub async fn try_next(&mut self) -> Result<Option<AgentScreenshotEvent>> {
        if self.progress == Progress::Ended {
            return Ok(None);
        }
        let result = self.receive().await;
        if !matches!(result, Ok(Some(_))) {
            self.progress = Progress::Ended;
        }
        result.map_err(|error| error.with_operation(&StreamAgentScreenshot::OPERATION).redacted(&self.redaction))
    }

    async fn step(mut self: Box<Self>) -> Step {
        let result = self.try_next().await;
        (Some(self), result)
    }

    async fn receive(&mut self) -> Result<Option<AgentScreenshotEvent>> {
        let unknown = self.progress == Progress::Open;
        let limit = StreamAgentScreenshot::OPERATION.timeout;
        let frame = timeout(&*self.clock, limit, self.frames.next()).await.unwrap_or_else(|Elapsed| {
            Err(Error::new(ErrorKind::Timeout, format!("no event within {}", crate::seconds::seconds(limit))))
        });
        let frame = frame.map_err(|error| error.with_outcome(unknown, false))?;
        let Some(frame) = frame else {
            if unknown {
                let text = "the stream ended before the screenshot was saved";
                return Err(Error::new(ErrorKind::Transport, text).with_outcome(true, false));
            }
            return Ok(None);
        };
        if frame.data.trim() == "[DONE]" {
            return Ok(None);
        }
        let received = || {
            let (status, headers) = self.head.clone();
            Received { status, headers, body: Bytes::from(frame.data.clone()) }
        };
        let event = event(&frame).map_err(|error| {
            let text = format!("an event does not decode: {error}");
            Error::new(ErrorKind::Decode, text)
                .with_received(received())
                .with_source(error)
                .with_outcome(unknown, false)
        })?;
        match event.type_ {
            Some(EventType::Error) => {
                let message = event.data.and_then(|data| data.error.or(data.message));
                let message = message.unwrap_or_else(|| "the service does not report a reason".to_owned());
                return Err(Error::new(ErrorKind::RenderFailed, message).with_received(received()));
            }
            Some(EventType::Saved) => self.progress = Progress::Known,
            Some(EventType::End) => self.progress = Progress::Ended,
            _ => {}
        }
        Ok(Some(event))
    }
}

/// Does nothing: the events are not checked against the schema.
impl pictify_api::CheckSchema for AgentScreenshotStream {
    fn check_schema(&self, _: &mut pictify_api::SchemaMismatches) {}
}

impl fmt::Debug for AgentScreenshotStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentScreenshotStream").field("progress", &self.progress).finish_non_exhaustive()
    }
}

/// Parses an event in either style: complete in the data, or named by the frame with its members in the data.
///
/// Data of another type is stored in `extra`, so that a new kind of event does not end the stream.
fn event(frame: &Frame) -> Result<AgentScreenshotEvent, DecodeError> {
    let mut event = AgentScreenshotEvent::default();
    let name = frame.name.clone().map(Value::String);
    let mut members: Map<_, _> = match serde_json::from_str(&frame.data) {
        Ok(Value::Object(members)) => members,
        other => {
            event.type_ = frame.name.clone().map(EventType::from);
            event.extra.insert("data".to_owned(), other.unwrap_or_else(|_| Value::from(&*frame.data)));
            return Ok(event);
        }
    };
    let kind = match members.get("type") {
        Some(Value::String(_)) => members.remove("type"),
        _ => name,
    };
    event.type_ = kind.as_ref().map(from_value).transpose()?;
    let whole = matches!(members.get("data"), Some(Value::Object(_) | Value::Null));
    let progress = if whole { members.remove("data") } else { Some(Value::Object(mem::take(&mut members))) };
    event.data = progress.as_ref().map(from_value::<Option<AgentScreenshotProgress>>).transpose()?.flatten();
    event.extra = members;
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_styles_of_events_parse_alike_and_no_member_is_lost() {
        for (name, data, expected) in [
            ("", r#"{"type":"start","data":{"message":"m"}}"#, json!({"type": "start", "data": {"message": "m"}})),
            ("start", r#"{"message":"m"}"#, json!({"type": "start", "data": {"message": "m"}})),
            ("start", r#"{"data":{"message":"m"}}"#, json!({"type": "start", "data": {"message": "m"}})),
            ("", r#"{"type":"start","message":"m"}"#, json!({"type": "start", "data": {"message": "m"}})),
            ("", r#"{"type":"connected","data":null}"#, json!({"type": "connected"})),
            ("", r#"{"type":"end"}"#, json!({"type": "end", "data": {}})),
            ("", r#"{"type":"nap","data":{"zz":1},"n":2}"#, json!({"type": "nap", "data": {"zz": 1}, "n": 2})),
            ("nap", r#"{"zz":[1]}"#, json!({"type": "nap", "data": {"zz": [1]}})),
            ("nap", "zz", json!({"type": "nap", "data": "zz"})),
            ("", "[1]", json!({"data": [1]})),
            (
                "saved",
                r#"{"id":7,"url":"u","timestamp":5,"metadata":[],"createdAt":false}"#,
                json!({"type": "saved", "data": {"id": "7", "url": "u", "timestamp": "5", "createdAt": "false", "metadata": {}}}),
            ),
        ] {
            let name = Some(name.to_owned()).filter(|name| !name.is_empty());
            let event = event(&Frame { name, data: data.to_owned() }).unwrap();
            assert_eq!(serde_json::to_value(event).unwrap(), expected, "{data}");
        }
    }
}
