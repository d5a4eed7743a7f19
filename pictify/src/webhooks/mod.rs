//! Being told what happened: deliveries that can be trusted, and the subscriptions that they come from.
//!
//! With the feature `webhook`, which needs neither the HTTP client nor a runtime, a delivery is verified and read in one
//! line:
//!
#![cfg_attr(feature = "webhook", doc = "```")]
#![cfg_attr(not(feature = "webhook"), doc = "```ignore")]
//! use pictify::webhooks::{Event, Verifier};
//!
//! # fn handle(body: &[u8], signature: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new("whsec_8QkZ1vXr2Yc9")?; // once, from the answer that created the subscription
//!
//! // For each request: its body as it came, and its header `X-Pictify-Signature`.
//! match verifier.delivery(body, signature)?.event {
//!     Event::RenderCompleted(render) => println!("{:?}", render.url),
//!     other => println!("{}", other.name()),
//! }
//! # Ok(()) }
//! ```

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "webhook")]
mod delivery;
#[cfg(all(feature = "client", feature = "webhook"))]
mod inbox;
#[cfg(feature = "delivery-store")]
mod once;
#[cfg(feature = "webhook")]
mod signature;
#[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
mod signed;
#[cfg(feature = "webhook")]
mod signer;
#[cfg(feature = "client")]
mod subscriptions;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "webhook")]
mod verifier;

#[cfg(feature = "webhook")]
pub use delivery::{Delivery, DeliveryError, Event};
#[cfg(all(feature = "client", feature = "webhook"))]
pub(crate) use inbox::Reader;
#[cfg(all(feature = "client", feature = "webhook"))]
pub use inbox::{Inbox, Missed, Renders};
#[cfg(feature = "redis")]
pub use once::RedisStore;
#[cfg(feature = "delivery-store")]
pub use once::{
    Claim, ClaimToken, DeliveryStore, ExactlyOnce, HandleError, Handled, MemoryStore, StoreError, StoreFuture,
};
#[cfg(feature = "webhook")]
pub use pictify_api::{
    Secret,
    types::{
        BatchCompleted, BatchFailed, BindingFailed, BindingUpdated, ExperimentCompleted, ExperimentStarted,
        ExperimentWinnerDeclared, RenderCompleted, RenderErrorCode, RenderFailed, RenderType,
    },
};
#[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
pub use signed::{DeliveryRejection, SignedDelivery};
#[cfg(feature = "webhook")]
pub use signer::Signer;
#[cfg(feature = "client")]
pub use subscriptions::*;
#[cfg(feature = "tower")]
pub use tower::{VerifiedDeliveries, VerifyDeliveries};
#[cfg(feature = "webhook")]
pub use verifier::{EmptySecret, Verifier, VerifyError};

/// The header that carries the signature: `t=SECONDS,v1=HEX`.
#[cfg(feature = "webhook")]
pub const SIGNATURE_HEADER: &str = "X-Pictify-Signature";

/// The header that carries the delivery's id, by which repeats are known.
#[cfg(feature = "webhook")]
pub const DELIVERY_ID_HEADER: &str = "X-Pictify-Delivery-Id";

/// The header that names the event, as the body does.
#[cfg(feature = "webhook")]
pub const EVENT_HEADER: &str = "X-Pictify-Event";
