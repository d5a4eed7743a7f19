//! What both commands that start a server can be told, and the file that says the same.

use crate::{
    Emulator, EmulatorBuilder,
    emulator::{DEFAULT_PORT, StartError},
    faults::Script,
    fetch::Reach,
    house::{Profile, RETRY_SPEED},
};
use clap::{Args, ValueEnum};
use std::{net::IpAddr, path::PathBuf};

/// The options of `pictify emulator` and `pictify-emulator`.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct Options {
    /// The address to listen on. The emulator is open to whoever reaches it.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: IpAddr,

    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = DEFAULT_PORT)]
    pub port: u16,

    /// Accept this API key and no other; may be given several times [default: any key].
    #[arg(long = "api-key", value_name = "KEY")]
    pub api_keys: Vec<String>,

    /// Keep everything in this folder, for the next start [default: in memory].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Whose word counts where the documents and the live service disagree.
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,

    /// Refuse with problem documents of RFC 9457.
    #[arg(long)]
    pub problem_documents: bool,

    /// How many requests a key may make in a minute [default: any number].
    #[arg(long, value_name = "COUNT")]
    pub requests_per_minute: Option<u32>,

    /// How many renders a month has [default: any number].
    #[arg(long, value_name = "COUNT")]
    pub renders_per_month: Option<u64>,

    /// Answer the same request with the same Idempotency-Key as the first time, unbilled.
    #[arg(long)]
    pub idempotency_keys: bool,

    /// Which addresses may be fetched from, and webhooks delivered to; these always reach this machine, too.
    #[arg(long, value_enum, default_value_t)]
    pub reach: Reach,

    /// Leave the addresses of files out of the results of batches, as the live service was seen to do.
    #[arg(long)]
    pub no_batch_urls: bool,

    /// How many times as fast as published failed deliveries are tried again.
    #[arg(long, value_name = "TIMES", default_value_t = RETRY_SPEED)]
    pub retry_speed: f64,

    /// Begin with the template that the examples of the SDK name, XK4P2M9QZT.
    #[arg(long)]
    pub demo: bool,

    /// What renders. Chromium runs scripts and knows all of CSS; it must be installed, and this program built with the
    /// feature `chromium`.
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,

    /// The program of `--engine chromium` [default: the one that is installed].
    #[arg(long, value_name = "PATH")]
    pub chromium: Option<PathBuf>,

    /// A JSON file that says what goes wrong: {"seed": 1, "faults": [{"operation": "createImage", "share": 0.1, "status": 503}]}.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// What renders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Engine {
    /// The engine that is built in: without scripts, the same everywhere.
    #[default]
    Embedded,
    /// An installed Chromium.
    Chromium,
}

#[cfg(feature = "chromium")]
fn with_chromium(builder: EmulatorBuilder, path: Option<PathBuf>, reach: Reach) -> Result<EmulatorBuilder, StartError> {
    use crate::render::Chromium;

    let engine = path.map_or_else(|| Chromium::find(reach), |path| Chromium::at(path, reach));
    Ok(builder.renderer(engine.map_err(|error| StartError::Engine { reason: error.to_string() })?))
}

#[cfg(not(feature = "chromium"))]
fn with_chromium(_: EmulatorBuilder, _: Option<PathBuf>, _: Reach) -> Result<EmulatorBuilder, StartError> {
    let reason = "this program was built without it: build it with the feature `chromium`".to_owned();
    Err(StartError::Engine { reason })
}

impl Options {
    /// Starts the server that they describe.
    ///
    /// # Errors
    /// [`StartError`]: as [`EmulatorBuilder::start`], and for a file of faults that cannot be read.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let mut builder: EmulatorBuilder = Emulator::builder()
            .host(self.host)
            .port(self.port)
            .api_keys(self.api_keys)
            .profile(self.profile)
            .reach(self.reach)
            .retry_speed(self.retry_speed)
            .batch_urls(!self.no_batch_urls)
            .demo(self.demo);
        if self.idempotency_keys {
            builder = builder.idempotency_keys(true);
        }
        if self.problem_documents {
            builder = builder.problem_documents(true);
        }
        if self.engine == Engine::Chromium {
            builder = with_chromium(builder, self.chromium, self.reach)?;
        }
        if let Some(folder) = self.data {
            builder = builder.data(folder);
        }
        if let Some(requests) = self.requests_per_minute {
            builder = builder.requests_per_minute(requests);
        }
        if let Some(renders) = self.renders_per_month {
            builder = builder.renders_per_month(renders);
        }
        if let Some(file) = self.faults {
            let unreadable = |reason: String| StartError::Faults { file: file.clone(), reason };
            let text = std::fs::read_to_string(&file).map_err(|error| unreadable(error.to_string()))?;
            let script: Script = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
            builder = builder.seed(script.seed).faults(script.faults);
        }
        builder.start().await
    }
}
