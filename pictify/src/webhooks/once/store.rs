//! Where it is kept which deliveries were handled.

use std::{error::Error, fmt, pin::Pin, time::Duration};

/// What the methods of a [`DeliveryStore`] return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Remembers which deliveries were handled, and which are being handled.
///
/// # Contract
/// [`claim`](Self::claim) is atomic: of any number of calls for an id, one is granted, until that claim is released or
/// ends, and none once the id is completed, until it is forgotten.
pub trait DeliveryStore: Send + Sync + 'static {
    /// Claims an id for as long as `lease`.
    fn claim<'a>(&'a self, id: &'a str, token: ClaimToken, lease: Duration) -> StoreFuture<'a, Claim>;

    /// Notes that the delivery is handled, for as long as `remembered`. Whoever holds the claim by now, it was handled.
    fn complete<'a>(&'a self, id: &'a str, token: ClaimToken, remembered: Duration) -> StoreFuture<'a, ()>;

    /// Gives a claim back. Does nothing when the id is completed, or claimed with another token.
    fn release<'a>(&'a self, id: &'a str, token: ClaimToken) -> StoreFuture<'a, ()>;
}

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller is to handle the delivery.
    Granted,
    /// Somebody else is handling it.
    UnderWay,
    /// It was handled.
    Done,
}

/// Tells the claims of an id apart, so that nobody gives back another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimToken(u128);

impl ClaimToken {
    /// A token that no other claim has.
    #[must_use]
    pub fn random() -> Self {
        Self(fastrand::u128(..))
    }
}

/// As 32 hexadecimal digits.
impl fmt::Display for ClaimToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A store that could not be asked or told.
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// With its cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store of handled deliveries: {}", self.0)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
