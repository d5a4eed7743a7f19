//! Health check of the service.

use crate::{resources::api_request, resources::resource};

pub use pictify_api::types::Health as HealthReport;

resource! {
    /// The health check of the service: [`client.health()`](crate::Client::health).
    Health
}

impl<C: Clone> Health<C> {
    /// Checks that the service is up.
    ///
    /// `GET /healthcheck`, public: no API key is sent. Reads only. It does not check the API key; list something to check
    /// that. The service has the same check at `/health`.
    ///
    /// # Errors
    /// At `send`: any error of the network or the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.health().check().send().await?;
    /// # Ok(()) }
    /// ```
    pub fn check(&self) -> HealthCheckCall<C> {
        self.call(HealthCheck::of())
    }
}

api_request! {
    /// The request of [`Health::check`] as data.
    HealthCheck / HealthCheckCall {} -> HealthReport = HEALTH_CHECK,
    |op, base| requests::health_check(base)
}
