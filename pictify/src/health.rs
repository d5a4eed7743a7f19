//! Whether the service is up.

use crate::{resources::api_request, resources::resource};

pub use pictify_api::types::Health as HealthReport;

resource! {
    /// Whether the service is up: [`client.health()`](crate::Client::health).
    Health
}

impl<C: Clone> Health<C> {
    /// Asks the service whether it is up.
    ///
    /// `GET /healthcheck`, public: no key is sent. Reads only. It says nothing about the key; to check that, list
    /// something.
    ///
    /// # Errors
    /// At `send`: any error of the network and the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.health().check().send().await?;
    /// # Ok(()) }
    /// ```
    pub fn check(&self) -> HealthCheckCall<C> {
        self.call(HealthCheck {})
    }
}

api_request! {
    /// The request of [`Health::check`] as data.
    HealthCheck / HealthCheckCall {} -> HealthReport = HEALTH_CHECK,
    |op, base| requests::health_check(base)
}
