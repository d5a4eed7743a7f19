//! Handled deliveries in Redis, for processes that share the deliveries.

use super::{Claim, ClaimToken, DeliveryStore, StoreError, StoreFuture};
use redis::{
    Client,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{fmt, time::Duration};

/// What stands before the ids unless it is said otherwise.
const PREFIX: &str = "pictify:delivery:";

/// How often a connection is tried again: within a second in all.
const RETRIES: usize = 3;

/// What stands in the place of a claim's token when the delivery is handled.
const DONE: &str = "done";

/// Claims in one step what nobody has claimed, or says what stands there.
const CLAIM: &str = "local found = redis.call('GET', KEYS[1]) \
                     if not found then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end \
                     return found";

/// Deletes in one step what holds the caller's token.
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";

/// Remembers handled deliveries in Redis, one key each, which Redis itself forgets in time.
///
/// It connects again by itself. While Redis cannot be reached deliveries are refused, and come again later.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use pictify::webhooks::{ExactlyOnce, RedisStore};
///
/// let once = ExactlyOnce::new(RedisStore::connect("redis://127.0.0.1/").await?);
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
    /// [`StoreError`] for a URL that is none, and a server that cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(StoreError::new)?;
        // The sender of a delivery waits meanwhile, and would rather come again.
        let config = ConnectionManagerConfig::new().set_number_of_retries(RETRIES);
        let connection = ConnectionManager::new_with_config(client, config).await.map_err(StoreError::new)?;
        Ok(Self { connection, prefix: PREFIX.to_owned() })
    }

    /// What stands before the ids in the keys. `pictify:delivery:` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, StoreError> {
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
            let found: Option<String> = self.ask(&command).await?;
            Ok(match found.as_deref() {
                None => Claim::Granted,
                Some(DONE) => Claim::Done,
                // What was answered may have been lost on its way here, and the command repeated.
                Some(holder) if holder == token.to_string() => Claim::Granted,
                Some(_) => Claim::UnderWay,
            })
        })
    }

    fn complete<'a>(&'a self, id: &'a str, _token: ClaimToken, remembered: Duration) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(self.key(id)).arg(DONE).arg("PX").arg(milliseconds(remembered));
            self.ask(&command).await
        })
    }

    fn release<'a>(&'a self, id: &'a str, token: ClaimToken) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut command = redis::cmd("EVAL");
            command.arg(RELEASE).arg(1).arg(self.key(id)).arg(token.to_string());
            self.ask(&command).await
        })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The connection may know a password.
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// As Redis takes it: at least one, and no more than it can count.
fn milliseconds(duration: Duration) -> u64 {
    const MOST: u128 = 100 * 365 * 24 * 3600 * 1000;
    u64::try_from(duration.as_millis().clamp(1, MOST)).unwrap_or(u64::MAX)
}
