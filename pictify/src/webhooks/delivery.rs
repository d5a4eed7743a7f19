//! The content of a delivery.

use super::{
    BatchCompleted, BatchFailed, BindingFailed, BindingUpdated, ExperimentCompleted, ExperimentStarted,
    ExperimentWinnerDeclared, RenderCompleted, RenderFailed, VerifyError,
};
use pictify_api::Timestamp;
use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{error::Error, fmt};

/// One delivery: an event and its time. It serialises to the JSON that was received.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// The event.
    pub event: Event,
    /// Time of the event according to the service. One sample of the service leaves it out.
    pub timestamp: Option<Timestamp>,
    /// The body as received.
    raw: Map<String, Value>,
}

impl Delivery {
    /// Parses a body without verifying it. Use it for a body that was verified before it was stored.
    ///
    /// # Errors
    /// [`DeliveryError::InvalidPayload`] if the body is not a JSON object with an `event`.
    pub fn read(body: &[u8]) -> Result<Self, DeliveryError> {
        let raw: Map<String, Value> = serde_json::from_slice(body).map_err(DeliveryError::invalid_payload)?;
        let Some(name) = raw.get("event").and_then(Value::as_str) else {
            return Err(DeliveryError::InvalidPayload("the field `event` is missing".to_owned()));
        };
        let event = Event::from_parts(name, raw.get("data").unwrap_or(&Value::Null));
        let timestamp = raw.get("timestamp").and_then(Value::as_str).map(Timestamp::from);
        Ok(Self { event, timestamp, raw })
    }

    /// Returns the body as received, as JSON.
    #[must_use]
    pub fn raw(&self) -> &Map<String, Value> {
        &self.raw
    }
}

impl Serialize for Delivery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

/// Defines [`Event`] from the event names of the service.
macro_rules! events {
    ($($(#[$doc:meta])* $name:literal: $variant:ident,)*) => {
        /// A webhook event. An event that this version does not know, or whose data it cannot parse, becomes
        /// [`Unknown`](Self::Unknown) with all of its data.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $variant(Box<$variant>),)*
            /// An event that this version does not know or cannot parse.
            Unknown {
                /// Name of the event.
                name: String,
                /// Data of the event.
                data: Value,
            },
        }

        impl Event {
            fn from_parts(name: &str, data: &Value) -> Self {
                let known = match name {
                    $($name => parse_data(data).map(Self::$variant),)*
                    _ => None,
                };
                known.unwrap_or_else(|| Self::Unknown { name: name.to_owned(), data: data.clone() })
            }

            /// Returns the name of the event, for example `render.completed`.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)*
                    Self::Unknown { name, .. } => name,
                }
            }
        }
    };
}

events! {
    /// A render is complete.
    "render.completed": RenderCompleted,
    /// A render has failed.
    "render.failed": RenderFailed,
    /// A batch is complete. The service mentions this event only in prose.
    "batch.completed": BatchCompleted,
    /// A batch has failed. The service mentions this event only in prose.
    "batch.failed": BatchFailed,
    /// A binding has new data.
    "binding.updated": BindingUpdated,
    /// The data of a binding cannot be fetched.
    "binding.failed": BindingFailed,
    /// An experiment has started. The service mentions this event only in design notes.
    "experiment.started": ExperimentStarted,
    /// An experiment has ended. The service mentions this event only in design notes.
    "experiment.completed": ExperimentCompleted,
    /// An experiment has a winner. The service mentions this event only in design notes.
    "experiment.winner_declared": ExperimentWinnerDeclared,
}

fn parse_data<T: DeserializeOwned>(data: &Value) -> Option<Box<T>> {
    serde_json::from_value(data.clone()).ok().map(Box::new)
}

/// Reason for rejecting a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The signature check failed. Respond with 400 or 401, as [`status`](Self::status) says.
    InvalidSignature(VerifyError),
    /// The signature is valid, but the body is not a delivery; the text gives the reason. Respond with 400.
    InvalidPayload(String),
}

impl DeliveryError {
    fn invalid_payload(error: impl fmt::Display) -> Self {
        Self::InvalidPayload(error.to_string())
    }

    /// Returns the HTTP status to respond with: 400 for malformed requests, 401 for a failed signature check. Send no further
    /// details to the sender.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::InvalidSignature(VerifyError::Malformed(_)) | Self::InvalidPayload(_) => 400,
            Self::InvalidSignature(_) => 401,
        }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidSignature(error) => write!(f, "webhook: {error}"),
            Self::InvalidPayload(reason) => write!(f, "webhook: the body is not a valid delivery: {reason}"),
        }
    }
}

impl Error for DeliveryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::InvalidSignature(error) => Some(error),
            Self::InvalidPayload(_) => None,
        }
    }
}
