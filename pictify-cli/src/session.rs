//! Which server a command talks to.

use crate::{failure::Failure, progress};
use pictify::Client;
use pictify_emulator::Emulator;

/// A client, and the emulator behind it when the command had to start one.
pub struct Session {
    pub client: Client,
    emulator: Option<Emulator>,
}

impl Session {
    /// The configured service, or an emulator when neither a key nor a base URL is configured.
    pub async fn open() -> Result<Self, Failure> {
        let builder = Client::builder().user_agent(concat!("pictify-cli/", env!("CARGO_PKG_VERSION")));
        if ["PICTIFY_API_KEY", "PICTIFY_BASE_URL"].iter().any(|name| std::env::var_os(name).is_some()) {
            return Ok(Self { client: builder.build()?, emulator: None });
        }
        progress::note("No PICTIFY_API_KEY is set: rendering locally with the emulator.");
        let emulator = Emulator::start().await.map_err(|error| Failure::other(error.to_string()))?;
        let client = builder.api_key("emulator").base_url(emulator.url()).build()?;
        Ok(Self { client, emulator: Some(emulator) })
    }

    /// Whether what is rendered is gone when this command ends.
    pub fn is_local(&self) -> bool {
        self.emulator.is_some()
    }
}
