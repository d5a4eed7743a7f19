//! A store of processed deliveries in Redis, shared by several processes.

use super::{Claim, ClaimToken, DeliveryStore, StoreError, StoreFuture};
use redis::{
    Client,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{fmt, time::Duration};

/// Default prefix of the Redis keys.
const DEFAULT_PREFIX: &str = "pictify:delivery:";

/// Maximum number of connection retries. They take less than a second in total.
const MAX_RETRIES: usize = 3;

/// Value of a completed delivery, in place of the claim token.
const DONE: &str = "done";

/// Script that atomically sets a claim if the key does not exist, and returns the existing value otherwise.
const CLAIM: &str = "local found = redis.call('GET', KEYS[1]) \
                     if not found then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end \
                     return found";

/// Script that atomically deletes the key if it has the token of the caller.
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";

/// Stores processed deliveries in Redis, one key for each. Redis itself removes expired keys.
///
/// It reconnects automatically. While Redis is unreachable, deliveries fail and the service sends them again later.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use pictify::webhooks::{DeliveryDeduplicator, RedisStore};
///
/// let deduplicator = DeliveryDeduplicator::new(RedisStore::connect("redis://127.0.0.1/").await?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: String,
}

impl RedisStore {
    /// Connects to a server, for example `redis://:password@127.0.0.1:6379/0`.
    ///
    /// # Errors
    /// [`StoreError`] if the URL is malformed or the server cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(StoreError::new)?;
        // The sender of a delivery waits meanwhile. A quick failure is better, since it sends the delivery again.
        let config = ConnectionManagerConfig::new().set_number_of_retries(MAX_RETRIES);
        let connection = ConnectionManager::new_with_config(client, config).await.map_err(StoreError::new)?;
        Ok(Self { connection, prefix: DEFAULT_PREFIX.to_owned() })
    }

    /// Sets the prefix of the keys. `pictify:delivery:` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn query<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, StoreError> {
        command.query_async(&mut self.connection.clone()).await.map_err(StoreError::new)
    }

    fn key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }
}

impl DeliveryStore for RedisStore {
    fn claim<'a>(&'a self, id: &'a str, token: ClaimToken, lease: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(async move {
            let mut command = redis::cmd("EVAL");
            command.arg(CLAIM).arg(1).arg(self.key(id)).arg(token.to_string()).arg(milliseconds(lease));
            let found: Option<String> = self.query(&command).await?;
            Ok(match found.as_deref() {
                None => Claim::Acquired,
                Some(DONE) => Claim::Completed,
                // The client may have sent the command again after it lost the response to the first one.
                Some(holder) if holder == token.to_string() => Claim::Acquired,
                Some(_) => Claim::InProgress,
            })
        })
    }

    fn complete<'a>(&'a self, id: &'a str, _token: ClaimToken, retention: Duration) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(self.key(id)).arg(DONE).arg("PX").arg(milliseconds(retention));
            self.query(&command).await
        })
    }

    fn release<'a>(&'a self, id: &'a str, token: ClaimToken) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut command = redis::cmd("EVAL");
            command.arg(RELEASE).arg(1).arg(self.key(id)).arg(token.to_string());
            self.query(&command).await
        })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The connection may contain a password.
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Converts a duration for Redis: at least 1 ms, at most 100 years, since Redis rejects larger values.
fn milliseconds(duration: Duration) -> u64 {
    const MAX_MILLISECONDS: u128 = 100 * 365 * 24 * 3600 * 1000;
    u64::try_from(duration.as_millis().clamp(1, MAX_MILLISECONDS)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_at_least_1_millisecond_and_at_most_100_years() {
        for (duration, expected) in [
            (Duration::ZERO, 1),
            (Duration::from_millis(1500), 1500),
            (Duration::from_secs(100 * 365 * 24 * 3600), 3_153_600_000_000),
            (Duration::MAX, 3_153_600_000_000),
        ] {
            assert_eq!(milliseconds(duration), expected, "{duration:?}");
        }
    }
}
