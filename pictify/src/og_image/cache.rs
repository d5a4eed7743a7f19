//! The cache of rendered images.

use crate::transport::BoxFuture;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// Default maximum number of cached images.
const DEFAULT_CAPACITY: u64 = 10_000;

/// Maximum accepted clock difference: how far `rendered_at` of another machine may be in the future.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// Computes the cache key of an image: the SHA-256 of everything that determines its content.
///
/// Users control much of this input. The key must therefore have a fixed length, and nobody may be able to find two inputs
/// with the same key: they could replace the image of another page. The keyed 64-bit hashes of the standard library are too
/// short for that, and their per-process keys would prevent a cache that several processes share.
pub(super) fn key(operation: &impl Serialize) -> serde_json::Result<String> {
    let mut operation = serde_json::to_value(operation)?;
    // A hash map serialises its entries in a different order each time.
    operation.sort_all_objects();
    Ok(const_hex::encode(Sha256::digest(serde_json::to_vec(&operation)?)))
}

/// A rendered image in the cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedImage {
    /// URL of the image.
    pub url: String,
    /// Time of the render.
    pub rendered_at: SystemTime,
}

impl CachedImage {
    /// Returns the time until the image expires, or `None` if it has expired.
    pub(super) fn remaining_ttl(&self, ttl: Duration, now: SystemTime) -> Option<Duration> {
        let age = match now.duration_since(self.rendered_at) {
            Ok(age) => age,
            // Small clock differences are normal. A larger one means that a clock was wrong and the age is unknown.
            Err(ahead) if ahead.duration() <= MAX_CLOCK_SKEW => Duration::ZERO,
            Err(_) => return None,
        };
        ttl.checked_sub(age).filter(|left| !left.is_zero())
    }
}

/// Cache of images. A key is the SHA-256 of everything that determines the content of an image, in 64 hexadecimal digits.
///
/// Store images for longer than their TTL: an expired image is served while no new one can be rendered. A cache that cannot
/// be reached must return `None` and ignore writes; it must not fail. Meanwhile every request that finds no render in
/// progress starts a new render, which is billed.
pub trait ImageCache: Send + Sync + 'static {
    /// Returns the image with this key.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedImage>>;

    /// Stores an image and replaces the previous one with this key.
    fn put<'a>(&'a self, key: &'a str, image: CachedImage) -> BoxFuture<'a, ()>;
}

/// Cache in the memory of this process. Evicts the least used images first. Clones share the cache.
#[derive(Clone)]
pub struct MemoryCache(Cache<String, CachedImage>);

impl MemoryCache {
    /// Creates a cache of at most this many images.
    #[must_use]
    pub fn with_capacity(images: u64) -> Self {
        Self(Cache::new(images))
    }
}

/// Creates a cache of at most 10,000 images.
impl Default for MemoryCache {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

impl ImageCache for MemoryCache {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedImage>> {
        Box::pin(async move { self.0.get(key) })
    }

    fn put<'a>(&'a self, key: &'a str, image: CachedImage) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.0.insert(key.to_owned(), image) })
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache").field("images", &self.0.entry_count()).finish()
    }
}
