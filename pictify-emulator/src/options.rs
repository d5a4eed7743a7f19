//! What both commands that start a server can be told, and the file that says the same.

use crate::{
    Emulator, EmulatorBuilder,
    config::{DEFAULT_WEBHOOK_RETRY_SPEEDUP, Profile, VersionPrefix},
    emulator::{DEFAULT_PORT, StartError},
    faults::Script,
    fetch::EgressPolicy,
};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

/// The options of `pictify emulator` and `pictify-emulator`. In a file they have the same names.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct Options {
    /// A JSON file with these options by their names, such as {"port": 4050, "profile": "documented"}. What stands on the
    /// command line comes before it.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// The address to listen on [default: 127.0.0.1]. The emulator is open to whoever reaches it.
    #[arg(long)]
    pub host: Option<IpAddr>,

    /// The port to listen on [default: 4040]; 0 takes a free one.
    #[arg(long)]
    pub port: Option<u16>,

    /// Accept this API key and no other; may be given several times [default: any key].
    #[arg(long = "api-key", value_name = "KEY")]
    #[serde(rename = "api-key")]
    pub api_keys: Vec<String>,

    /// Keep everything in this folder, for the next start [default: in memory].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Whose word counts where the documents and the live service disagree [default: live].
    #[arg(long, value_enum)]
    pub profile: Option<Profile>,

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

    /// Which addresses may be fetched from, and webhooks delivered to [default: public]; these always reach this machine, too.
    #[arg(long, value_enum, value_name = "SCOPE")]
    pub allow_network: Option<EgressPolicy>,

    /// Leave the addresses of files out of the results of batches, as the live service was seen to do.
    #[arg(long)]
    pub no_batch_urls: bool,

    /// How many times as fast as published failed deliveries are tried again [default: 60].
    #[arg(long, value_name = "FACTOR")]
    pub webhook_retry_speedup: Option<f64>,

    /// Whether paths begin with /v1, as older documents have it [default: any].
    #[arg(long, value_enum, value_name = "MODE")]
    pub version_prefix: Option<VersionPrefix>,

    /// Begin with the template that the examples of the SDK name, XK4P2M9QZT.
    #[arg(long)]
    pub demo: bool,

    /// What renders [default: embedded]. Chromium runs scripts and knows all of CSS; it must be installed, and this program built with the
    /// feature `chromium`.
    #[arg(long, value_enum)]
    pub engine: Option<Engine>,

    /// The program of `--engine chromium` [default: the one that is installed].
    #[arg(long, value_name = "PATH")]
    pub chromium: Option<PathBuf>,

    /// A JSON file that says what goes wrong: {"seed": 1, "faults": [{"operation": "createImage", "probability": 0.1, "status": 503}]}.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// What renders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Engine {
    /// The engine that is built in: without scripts, the same everywhere.
    #[default]
    Embedded,
    /// An installed Chromium.
    Chromium,
}

#[cfg(feature = "chromium")]
fn with_chromium(
    builder: EmulatorBuilder,
    path: Option<PathBuf>,
    egress_policy: EgressPolicy,
) -> Result<EmulatorBuilder, StartError> {
    use crate::render::Chromium;

    let engine = path.map_or_else(|| Chromium::find(egress_policy), |path| Chromium::at(path, egress_policy));
    Ok(builder.renderer(engine.map_err(|error| StartError::Engine { reason: error.to_string() })?))
}

#[cfg(not(feature = "chromium"))]
fn with_chromium(_: EmulatorBuilder, _: Option<PathBuf>, _: EgressPolicy) -> Result<EmulatorBuilder, StartError> {
    let reason = "this program was built without it: build it with the feature `chromium`".to_owned();
    Err(StartError::Engine { reason })
}

impl Options {
    /// Starts the server that they describe.
    ///
    /// # Errors
    /// [`StartError`]: as [`EmulatorBuilder::start`], and for files that cannot be read.
    pub async fn start(mut self) -> Result<Emulator, StartError> {
        if let Some(file) = self.config.take() {
            self = self.over(read(&file)?);
        }
        let egress_policy = self.allow_network.unwrap_or_default();
        let mut builder: EmulatorBuilder = Emulator::builder()
            .host(self.host.unwrap_or(Ipv4Addr::LOCALHOST.into()))
            .port(self.port.unwrap_or(DEFAULT_PORT))
            .api_keys(self.api_keys)
            .profile(self.profile.unwrap_or_default())
            .version_prefix(self.version_prefix.unwrap_or_default())
            .egress_policy(egress_policy)
            .webhook_retry_speedup(self.webhook_retry_speedup.unwrap_or(DEFAULT_WEBHOOK_RETRY_SPEEDUP))
            .include_batch_urls(!self.no_batch_urls)
            .demo(self.demo);
        if self.idempotency_keys {
            builder = builder.idempotency_keys(true);
        }
        if self.problem_documents {
            builder = builder.problem_documents(true);
        }
        if self.engine == Some(Engine::Chromium) {
            builder = with_chromium(builder, self.chromium, egress_policy)?;
        }
        if let Some(folder) = self.data_dir {
            builder = builder.data_dir(folder);
        }
        if let Some(requests) = self.requests_per_minute {
            builder = builder.requests_per_minute(requests);
        }
        if let Some(renders) = self.renders_per_month {
            builder = builder.renders_per_month(renders);
        }
        if let Some(file) = self.faults {
            let script: Script = read(&file)?;
            script.check().map_err(|reason| StartError::File { file: file.clone(), reason })?;
            builder = builder.fault_seed(script.seed).faults(script.faults);
        }
        builder.start().await
    }

    /// These, and where they say nothing, the others.
    fn over(self, other: Self) -> Self {
        Self {
            config: None,
            host: self.host.or(other.host),
            port: self.port.or(other.port),
            api_keys: if self.api_keys.is_empty() { other.api_keys } else { self.api_keys },
            data_dir: self.data_dir.or(other.data_dir),
            profile: self.profile.or(other.profile),
            problem_documents: self.problem_documents || other.problem_documents,
            requests_per_minute: self.requests_per_minute.or(other.requests_per_minute),
            renders_per_month: self.renders_per_month.or(other.renders_per_month),
            idempotency_keys: self.idempotency_keys || other.idempotency_keys,
            allow_network: self.allow_network.or(other.allow_network),
            no_batch_urls: self.no_batch_urls || other.no_batch_urls,
            webhook_retry_speedup: self.webhook_retry_speedup.or(other.webhook_retry_speedup),
            version_prefix: self.version_prefix.or(other.version_prefix),
            demo: self.demo || other.demo,
            engine: self.engine.or(other.engine),
            chromium: self.chromium.or(other.chromium),
            faults: self.faults.or(other.faults),
        }
    }
}

/// Reads a JSON file.
fn read<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, StartError> {
    let unreadable = |reason: String| StartError::File { file: file.to_owned(), reason };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn the_command_line_comes_before_the_file() {
        let file =
            r#"{"port": 4050, "profile": "documented", "api-key": ["a"], "demo": true, "allow-network": "loopback"}"#;
        let file: Options = serde_json::from_str(file).unwrap();
        let line = Command::parse_from(["x", "--port", "0", "--allow-network", "private", "--no-batch-urls"]).options;
        let both = line.over(file);
        assert_eq!(
            (both.port, both.profile, both.allow_network),
            (Some(0), Some(Profile::Documented), Some(EgressPolicy::Private))
        );
        assert_eq!((both.api_keys, both.demo, both.no_batch_urls), (vec!["a".to_owned()], true, true));
    }

    #[tokio::test]
    async fn a_file_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("emulator.json");
        for (text, says) in
            [("{", "EOF"), (r#"{"prot": 1}"#, "unknown field `prot`"), (r#"{"port": 99999}"#, "invalid value")]
        {
            std::fs::write(&file, text).unwrap();
            let options = Options { config: Some(file.clone()), ..Options::default() };
            let error = options.start().await.unwrap_err().to_string();
            assert!(error.contains("emulator.json cannot be used") && error.contains(says), "{error}");
        }
    }
}
