//! The store of processed deliveries.

use std::{error::Error, fmt, pin::Pin, time::Duration};

/// Return type of the methods of a [`DeliveryStore`].
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Stores which deliveries were processed, and which are being processed.
///
/// # Contract
/// [`claim`](Self::claim) is atomic. Of any number of claims for an ID, only one is acquired until it is released or
/// expires; and none after the ID is completed, until the retention ends.
pub trait DeliveryStore: Send + Sync + 'static {
    /// Claims an ID for the duration of `lease`.
    fn claim<'a>(&'a self, id: &'a str, token: ClaimToken, lease: Duration) -> StoreFuture<'a, Claim>;

    /// Records for `retention` that the delivery was processed, even if the claim has expired and another caller has it.
    fn complete<'a>(&'a self, id: &'a str, token: ClaimToken, retention: Duration) -> StoreFuture<'a, ()>;

    /// Releases a claim. Does nothing if the ID is completed, or claimed with another token.
    fn release<'a>(&'a self, id: &'a str, token: ClaimToken) -> StoreFuture<'a, ()>;
}

/// Result of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller has the claim and must process the delivery.
    Acquired,
    /// Another caller has the claim.
    InProgress,
    /// The delivery was processed before.
    Completed,
}

/// Identifies a claim, so that a caller cannot release the claim of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimToken(u128);

impl ClaimToken {
    /// Creates a unique token.
    #[must_use]
    pub fn random() -> Self {
        Self(fastrand::u128(..))
    }
}

/// Displays 32 hexadecimal digits.
impl fmt::Display for ClaimToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Failure of a [`DeliveryStore`].
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Creates an error from its cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the delivery store failed: {}", self.0)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
