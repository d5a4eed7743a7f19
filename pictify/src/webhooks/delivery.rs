//! What a delivery says.

use super::{
    BatchCompleted, BatchFailed, BindingFailed, BindingUpdated, ExperimentCompleted, ExperimentStarted,
    ExperimentWinnerDeclared, RenderCompleted, RenderFailed, VerifyError,
};
use pictify_api::Timestamp;
use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{error::Error, fmt};

/// One delivery: an event, and when it happened. It serialises to what came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// What happened.
    pub event: Event,
    /// When, by the service; one sample of it leaves this out.
    pub timestamp: Option<Timestamp>,
    /// The body as it came.
    raw: Map<String, Value>,
}

impl Delivery {
    /// Reads a body without verifying it: for one that was verified before it was stored.
    ///
    /// # Errors
    /// [`DeliveryError::Unreadable`] when it is no JSON object with an `event`.
    pub fn read(body: &[u8]) -> Result<Self, DeliveryError> {
        let raw: Map<String, Value> = serde_json::from_slice(body).map_err(DeliveryError::unreadable)?;
        let Some(name) = raw.get("event").and_then(Value::as_str) else {
            return Err(DeliveryError::Unreadable("it has no event".to_owned()));
        };
        let event = Event::of(name, raw.get("data").unwrap_or(&Value::Null));
        let timestamp = raw.get("timestamp").and_then(Value::as_str).map(Timestamp::from);
        Ok(Self { event, timestamp, raw })
    }

    /// The body as it came, as JSON.
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

/// Makes [`Event`] from the names that the service has for events.
macro_rules! events {
    ($($(#[$doc:meta])* $name:literal: $variant:ident,)*) => {
        /// What happened. Events that this version does not know, and known ones in a form that it cannot read, are kept
        /// whole as [`Unknown`](Self::Unknown).
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $variant(Box<$variant>),)*
            /// Something else.
            Unknown {
                /// The name of the event.
                name: String,
                /// What came with it.
                data: Value,
            },
        }

        impl Event {
            fn of(name: &str, data: &Value) -> Self {
                let known = match name {
                    $($name => typed(data).map(Self::$variant),)*
                    _ => None,
                };
                known.unwrap_or_else(|| Self::Unknown { name: name.to_owned(), data: data.clone() })
            }

            /// The name of the event, for example `render.completed`.
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
    /// Something was rendered.
    "render.completed": RenderCompleted,
    /// A render has failed.
    "render.failed": RenderFailed,
    /// A batch has ended. Only prose of the service knows this event.
    "batch.completed": BatchCompleted,
    /// A batch has failed. Only prose of the service knows this event.
    "batch.failed": BatchFailed,
    /// A binding has new data.
    "binding.updated": BindingUpdated,
    /// A binding's data cannot be had.
    "binding.failed": BindingFailed,
    /// An experiment runs. Only design notes of the service know this event.
    "experiment.started": ExperimentStarted,
    /// An experiment has ended. Only design notes of the service know this event.
    "experiment.completed": ExperimentCompleted,
    /// An experiment has a winner. Only design notes of the service know this event.
    "experiment.winner_declared": ExperimentWinnerDeclared,
}

fn typed<T: DeserializeOwned>(data: &Value) -> Option<Box<T>> {
    serde_json::from_value(data.clone()).ok().map(Box::new)
}

/// Why a delivery could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryError {
    /// It is not trusted. Response 400 or 401, as the error says.
    Untrusted(VerifyError),
    /// It is trusted, and is no delivery: this says what is wrong with it. Response 400.
    Unreadable(String),
}

impl DeliveryError {
    fn unreadable(error: impl fmt::Display) -> Self {
        Self::Unreadable(error.to_string())
    }

    /// The HTTP status to answer with: 400 for what is malformed, 401 for what is not trusted. Tell the sender no more.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Untrusted(VerifyError::Malformed(_)) | Self::Unreadable(_) => 400,
            Self::Untrusted(_) => 401,
        }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted(error) => write!(f, "webhook: {error}"),
            Self::Unreadable(what) => write!(f, "webhook: the body is no delivery: {what}"),
        }
    }
}

impl Error for DeliveryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Untrusted(error) => Some(error),
            Self::Unreadable(_) => None,
        }
    }
}
