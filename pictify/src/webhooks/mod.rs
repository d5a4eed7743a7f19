//! Webhook deliveries that are verified before they are read, and the subscriptions that send them.
//!
//! With the feature `webhook`, which needs neither the HTTP client nor an async runtime, one call verifies and parses a
//! delivery:
//!
#![cfg_attr(feature = "webhook", doc = "```")]
#![cfg_attr(not(feature = "webhook"), doc = "```ignore")]
//! use pictify::webhooks::{Event, Verifier};
//!
//! # fn handle(body: &[u8], signature: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9")?; // once; the secret is in the response that created the subscription
//!
//! // For each request: the unchanged body and the value of the header `X-Pictify-Signature`.
//! match verifier.verify_and_parse(body, signature)?.event {
//!     Event::RenderCompleted(render) => println!("{:?}", render.url),
//!     other => println!("{}", other.name()),
//! }
//! # Ok(()) }
//! ```

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "delivery-store")]
mod dedup;
#[cfg(feature = "webhook")]
mod delivery;
#[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
mod extractor;
#[cfg(all(feature = "client", feature = "webhook"))]
mod inbox;
#[cfg(feature = "webhook")]
mod signature;
#[cfg(feature = "webhook")]
mod signer;
#[cfg(feature = "client")]
mod subscriptions;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "webhook")]
mod verifier;

#[cfg(feature = "redis")]
pub use dedup::RedisStore;
#[cfg(feature = "delivery-store")]
pub use dedup::{
    Claim, ClaimToken, DeliveryDeduplicator, DeliveryStore, HandleError, HandleOutcome, MemoryStore, StoreError,
    StoreFuture,
};
#[cfg(feature = "webhook")]
pub use delivery::{Delivery, DeliveryError, Event};
#[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
pub use extractor::{DeliveryRejection, SignedDelivery};
#[cfg(all(feature = "client", feature = "webhook"))]
pub(crate) use inbox::Reader;
#[cfg(all(feature = "client", feature = "webhook"))]
pub use inbox::{Lagged, RenderInbox, RenderSubscription};
#[cfg(feature = "webhook")]
pub use pictify_api::{
    Secret,
    types::{
        BatchCompleted, BatchFailed, BindingFailed, BindingUpdated, ExperimentCompleted, ExperimentStarted,
        ExperimentWinnerDeclared, RenderCompleted, RenderErrorCode, RenderFailed, RenderType,
    },
};
#[cfg(feature = "webhook")]
pub use signer::Signer;
#[cfg(feature = "client")]
pub use subscriptions::*;
#[cfg(feature = "tower")]
pub use tower::{VerifyDelivery, VerifyDeliveryLayer};
#[cfg(feature = "webhook")]
pub use verifier::{EmptySecret, Verifier, VerifyError};

/// Name of the header that carries the signature: `t=SECONDS,v1=HEX`.
#[cfg(feature = "webhook")]
pub const SIGNATURE_HEADER: &str = "X-Pictify-Signature";

/// Name of the header that carries the ID of the delivery. Repeats of a delivery have the same ID.
#[cfg(feature = "webhook")]
pub const DELIVERY_ID_HEADER: &str = "X-Pictify-Delivery-Id";

/// Name of the header that carries the name of the event. The body has the same name.
#[cfg(feature = "webhook")]
pub const EVENT_HEADER: &str = "X-Pictify-Event";
