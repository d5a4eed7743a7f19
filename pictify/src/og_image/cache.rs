//! Where pictures are remembered.

use crate::hex::hex;
use crate::transport::BoxFuture;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// How many pictures are remembered unless it is said otherwise.
const CAPACITY: u64 = 10_000;

/// How far ahead the clock may be of the machine that has rendered a picture.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// What a picture is remembered by: the SHA-256 of everything that makes it what it is.
///
/// Who asks for pictures chooses much of that, so a key must not grow with it, and nobody may be able to find two pictures
/// with one key: they could put theirs in the place of another. Keyed hashes of 64 bits, as the standard library has them,
/// are too short for that, and keys drawn by each process would not let processes share a cache.
pub(super) fn key(operation: &impl Serialize) -> serde_json::Result<String> {
    let mut operation = serde_json::to_value(operation)?;
    // Values out of a hash map come in an order of their own each time.
    operation.sort_all_objects();
    Ok(hex(&Sha256::digest(serde_json::to_vec(&operation)?)))
}

/// A picture that was rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedPicture {
    /// Where it is.
    pub url: String,
    /// When it was rendered.
    pub rendered_at: SystemTime,
}

impl CachedPicture {
    /// For how much longer it is fresh, if it is.
    pub(super) fn left(&self, fresh_for: Duration, now: SystemTime) -> Option<Duration> {
        let age = match now.duration_since(self.rendered_at) {
            Ok(age) => age,
            // Clocks differ a little. Beyond that one was wrong, and nobody knows how old the picture is.
            Err(ahead) if ahead.duration() <= AHEAD => Duration::ZERO,
            Err(_) => return None,
        };
        fresh_for.checked_sub(age).filter(|left| !left.is_zero())
    }
}

/// Remembers pictures by a key of 64 hexadecimal digits, the SHA-256 of everything that makes them what they are.
///
/// Keep them for longer than they are fresh: an old picture is served while no new one can be rendered. A cache that
/// cannot be reached knows nothing and forgets what it is given; it does not fail. While it is away each request that
/// finds no render under way is rendered, and billed.
pub trait PictureCache: Send + Sync + 'static {
    /// The picture with this key.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedPicture>>;

    /// Remembers a picture in place of the one before it.
    fn put<'a>(&'a self, key: &'a str, picture: CachedPicture) -> BoxFuture<'a, ()>;
}

/// Remembers pictures in the memory of this process, those that are asked for most. Clones share them.
#[derive(Clone)]
pub struct MemoryCache(Cache<String, CachedPicture>);

impl MemoryCache {
    /// A cache of at most this many pictures.
    #[must_use]
    pub fn with_capacity(pictures: u64) -> Self {
        Self(Cache::new(pictures))
    }
}

/// A cache of 10,000 pictures.
impl Default for MemoryCache {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl PictureCache for MemoryCache {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedPicture>> {
        Box::pin(async move { self.0.get(key) })
    }

    fn put<'a>(&'a self, key: &'a str, picture: CachedPicture) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.0.insert(key.to_owned(), picture) })
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache").field("pictures", &self.0.entry_count()).finish()
    }
}
