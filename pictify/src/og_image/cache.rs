//! Where pictures are remembered.

use super::since;
use moka::sync::Cache;
use pictify_api::BoxFuture;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// How many pictures are remembered unless it is said otherwise.
const CAPACITY: u64 = 10_000;

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
        fresh_for.checked_sub(since(self.rendered_at, now)).filter(|left| !left.is_zero())
    }
}

/// Remembers pictures by everything that makes them what they are.
///
/// Keep them for longer than they are fresh: an old picture is served while no new one can be rendered. A cache that
/// cannot be reached knows nothing and forgets what it is given; it does not fail.
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
