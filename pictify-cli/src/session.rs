//! Client of a command, with the emulator if the command starts one.

use crate::{failure::Failure, progress};
use pictify::Client;
use pictify_emulator::Emulator;

/// Client, with the temporary emulator that it uses if no server is configured.
pub struct Session {
    pub client: Client,
    emulator: Option<Emulator>,
}

impl Session {
    /// Creates a client for the configured server, or starts an emulator if neither a key nor a base URL is configured.
    pub async fn open() -> Result<Self, Failure> {
        let builder = Client::builder().user_agent(concat!("pictify-cli/", env!("CARGO_PKG_VERSION")));
        let has_url = std::env::var_os("PICTIFY_BASE_URL").is_some_and(|url| !url.is_empty());
        if has_url || std::env::var_os("PICTIFY_API_KEY").is_some() {
            return Ok(Self { client: builder.build()?, emulator: None });
        }
        progress::note("PICTIFY_API_KEY is not set: rendering locally with the emulator.");
        let emulator = Emulator::start().await.map_err(|error| Failure::other(error.to_string()))?;
        let client = builder.api_key("emulator").base_url(emulator.url()).build()?;
        Ok(Self { client, emulator: Some(emulator) })
    }

    /// Returns `true` if the client uses a temporary emulator, whose images are deleted when the command ends.
    pub fn is_local(&self) -> bool {
        self.emulator.is_some()
    }
}
