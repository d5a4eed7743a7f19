//! Options of the two commands that start a server, and the file with the same options.

use crate::{
    Emulator, EmulatorBuilder,
    config::{DEFAULT_WEBHOOK_RETRY_SPEEDUP, Profile, VersionPrefix},
    emulator::{DEFAULT_PORT, StartError},
    faults::FaultScript,
    fetch::EgressPolicy,
    render::WorkerCommand,
};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::{
    net::{IpAddr, Ipv4Addr},
    ops::{RangeFrom, RangeInclusive},
    path::{Path, PathBuf},
    time::Duration,
};

/// Range of the maximum duration of a render, in seconds.
const RENDER_TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=30;

/// Range of the maximum memory of a render, in megabytes.
const RENDER_MEMORY_MEGABYTES: RangeFrom<i64> = 64..;

/// Options of `pictify emulator` and `pictify-emulator`. A file uses the same names.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is a separate switch on the command line")]
pub struct Options {
    /// Read these options from a JSON file, such as {"port": 4050, "profile": "documented"}. The command line takes
    /// precedence.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Listen on this address [default: 127.0.0.1]. Anyone who can reach it can use the emulator.
    #[arg(long)]
    pub host: Option<IpAddr>,

    /// Listen on this port [default: 4040]; 0 takes a free one.
    #[arg(long)]
    pub port: Option<u16>,

    /// Accept requests for this host name, besides localhost and the address that the server listens on; may be
    /// repeated. A container in a network of containers needs its name here.
    #[arg(long = "allowed-host", value_name = "NAME")]
    #[serde(rename = "allowed-host")]
    pub allowed_hosts: Vec<String>,

    /// Let the pages of this origin, such as `http://localhost:3000`, send requests and read responses; may be
    /// repeated. `*` means every page of every site.
    #[arg(long, value_name = "ORIGIN")]
    pub cors: Vec<String>,

    /// Limit the open connections [default: 512, or half of the files that the process may open].
    #[arg(long, value_name = "COUNT")]
    pub max_connections: Option<usize>,

    /// Accept only this API key; may be repeated [default: any key].
    #[arg(long = "api-key", value_name = "KEY")]
    #[serde(rename = "api-key")]
    pub api_keys: Vec<String>,

    /// Store all data in this folder, for the next start [default: in memory].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Limit the size of all rendered files in memory [default: 128]. The oldest are removed first. With --data-dir,
    /// files are on the disk and not limited.
    #[arg(long, value_name = "MIB")]
    pub max_file_memory: Option<u32>,

    /// Give each API key its own data, quota, faults and recorded requests, so that tests can run side by side.
    #[arg(long)]
    pub isolate_keys: bool,

    /// Choose the behaviour where the documents and the live service disagree [default: live].
    #[arg(long, value_enum)]
    pub profile: Option<Profile>,

    /// Return errors as problem documents of RFC 9457.
    #[arg(long)]
    pub problem_documents: bool,

    /// Limit the requests per minute and API key [default: unlimited].
    #[arg(long, value_name = "COUNT")]
    pub requests_per_minute: Option<u32>,

    /// Limit the renders per month [default: unlimited].
    #[arg(long, value_name = "COUNT")]
    pub renders_per_month: Option<u64>,

    /// Limit the renders per month as the spending cap of an account does [default: unlimited].
    #[arg(long, value_name = "COUNT")]
    pub spending_cap: Option<u64>,

    /// Replay the response to a repeated request with the same Idempotency-Key, without billing it again.
    #[arg(long)]
    pub idempotency_keys: bool,

    /// Choose the addresses that the server may fetch from and deliver webhooks to [default: public]. Webhooks may
    /// always go to this machine.
    #[arg(long, value_enum, value_name = "SCOPE")]
    pub allow_network: Option<EgressPolicy>,

    /// Leave the URLs of files out of the results of batches, as observed on the live service.
    #[arg(long)]
    pub no_batch_urls: bool,

    /// Retry webhooks this many times faster than the published schedule [default: 60].
    #[arg(long, value_name = "FACTOR")]
    pub webhook_retry_speedup: Option<f64>,

    /// Choose the rule for the path prefix /v1 of older documents [default: any].
    #[arg(long, value_enum, value_name = "MODE")]
    pub version_prefix: Option<VersionPrefix>,

    /// Choose the form of the log on standard error [default: text]. The variable `RUST_LOG` filters it: `debug` shows
    /// the requests of the page too, `warn` shows no requests.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub log: Option<LogFormat>,

    /// Open the page of the server in the browser.
    #[arg(long)]
    pub open: bool,

    /// Start with a dozen templates and samples of everything, and with the template that the examples of the SDK use,
    /// XK4P2M9QZT. The samples are billed like all renders.
    #[arg(long)]
    pub demo: bool,

    /// Start with the templates of this folder. It has a folder for each, named by the ID of the template, with
    /// template.json (name, width, height, ...), index.html or canvas.json, and optionally sample.json (default values).
    #[arg(long, value_name = "DIR")]
    pub seed: Option<PathBuf>,

    /// Choose the render engine [default: embedded]. Chromium runs scripts and supports all of CSS. It must be
    /// installed, and this program must be built with the feature `chromium`.
    #[arg(long, value_enum)]
    pub engine: Option<Engine>,

    /// Path of the Chromium executable [default: the installed one].
    #[arg(long, value_name = "PATH")]
    pub chromium: Option<PathBuf>,

    /// Stop a render after this time [default: 30].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(RENDER_TIMEOUT_SECONDS))]
    pub render_timeout: Option<u64>,

    /// Limit the memory of a render, on Linux [default: 256]. One render for each processor can run at a time, and one
    /// more. With Chromium, limit the memory of all its processes together [default: 600].
    #[arg(long, value_name = "MEGABYTES", value_parser = clap::value_parser!(u32).range(RENDER_MEMORY_MEGABYTES))]
    pub render_memory: Option<u32>,

    /// Command that starts a worker process. It is not an option of the command line: a program that has the subcommand of
    /// [`worker`](crate::worker) sets it. Without it, renders run in threads.
    #[arg(skip)]
    #[serde(skip)]
    pub worker_command: Option<WorkerCommand>,

    /// Inject the faults of a JSON file: {"seed": 1, "faults": [{"operation": "createImage", "probability": 0.1,
    /// "status": 503}]}.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// Render engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Engine {
    /// Built-in engine: runs no scripts; renders the same on every machine.
    #[default]
    Embedded,
    /// Installed Chromium.
    Chromium,
}

/// Form of the log of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LogFormat {
    /// A line for each event.
    #[default]
    Text,
    /// A JSON object for each event.
    Json,
    /// No log, except for the log file of a data folder.
    Off,
}

#[cfg(feature = "chromium")]
fn with_chromium(
    builder: EmulatorBuilder,
    path: Option<PathBuf>,
    egress_policy: EgressPolicy,
    (timeout, megabytes): (Option<Duration>, Option<u32>),
) -> Result<EmulatorBuilder, StartError> {
    use crate::render::Chromium;

    let engine = path.map_or_else(|| Chromium::find(egress_policy), |path| Chromium::at(path, egress_policy));
    let mut engine = engine.map_err(|error| StartError::Engine { reason: error.to_string() })?;
    if let Some(timeout) = timeout {
        engine = engine.timeout(timeout);
    }
    if let Some(megabytes) = megabytes {
        engine = engine.memory_limit(megabytes);
    }
    Ok(builder.renderer(engine))
}

#[cfg(not(feature = "chromium"))]
fn with_chromium(
    _: EmulatorBuilder,
    _: Option<PathBuf>,
    _: EgressPolicy,
    _: (Option<Duration>, Option<u32>),
) -> Result<EmulatorBuilder, StartError> {
    let reason = "this program was built without Chromium: build it with the feature `chromium`".to_owned();
    Err(StartError::Engine { reason })
}

impl Options {
    /// Starts a server with these options.
    ///
    /// # Errors
    /// [`StartError`]: as [`EmulatorBuilder::start`], and for files that cannot be read.
    pub async fn start(self) -> Result<Emulator, StartError> {
        self.merged_with_file()?.start_merged().await
    }

    /// Reads the file of [`config`](Self::config), if there is one. The options of `self` take precedence.
    pub(crate) fn merged_with_file(mut self) -> Result<Self, StartError> {
        match self.config.take() {
            Some(file) => {
                let options: Self = read_json_file(&file)?;
                options.check_ranges().map_err(|reason| StartError::File { file, reason })?;
                Ok(self.merged_over(options))
            }
            None => Ok(self),
        }
    }

    /// Checks the ranges that the command line checks by itself.
    fn check_ranges(&self) -> Result<(), String> {
        let out_of_range =
            |name: &str, value: u64, range: &dyn std::fmt::Debug| format!("{name}: {value} is not in {range:?}");
        if let Some(seconds) = self.render_timeout.filter(|seconds| !RENDER_TIMEOUT_SECONDS.contains(seconds)) {
            return Err(out_of_range("render-timeout", seconds, &RENDER_TIMEOUT_SECONDS));
        }
        if let Some(megabytes) =
            self.render_memory.filter(|megabytes| !RENDER_MEMORY_MEGABYTES.contains(&i64::from(*megabytes)))
        {
            return Err(out_of_range("render-memory", megabytes.into(), &RENDER_MEMORY_MEGABYTES));
        }
        Ok(())
    }

    async fn start_merged(self) -> Result<Emulator, StartError> {
        let egress_policy = self.allow_network.unwrap_or_default();
        let mut builder: EmulatorBuilder = Emulator::builder()
            .host(self.host.unwrap_or(Ipv4Addr::LOCALHOST.into()))
            .port(self.port.unwrap_or(DEFAULT_PORT))
            .allowed_hosts(self.allowed_hosts)
            .cors_origins(self.cors)
            .api_keys(self.api_keys)
            .profile(self.profile.unwrap_or_default())
            .version_prefix(self.version_prefix.unwrap_or_default())
            .egress_policy(egress_policy)
            .webhook_retry_speedup(self.webhook_retry_speedup.unwrap_or(DEFAULT_WEBHOOK_RETRY_SPEEDUP))
            .include_batch_urls(!self.no_batch_urls)
            .demo(self.demo)
            .demo_samples(self.demo);
        if self.idempotency_keys {
            builder = builder.idempotency_keys(true);
        }
        if self.problem_documents {
            builder = builder.problem_documents(true);
        }
        if self.engine == Some(Engine::Chromium) {
            let limits = (self.render_timeout.map(Duration::from_secs), self.render_memory);
            builder = with_chromium(builder, self.chromium, egress_policy, limits)?;
        }
        if let Some(command) = self.worker_command {
            builder = builder.worker_command(command);
        }
        if let Some(seconds) = self.render_timeout {
            builder = builder.render_timeout(Duration::from_secs(seconds));
        }
        if let Some(megabytes) = self.render_memory {
            builder = builder.render_memory(megabytes);
        }
        if let Some(folder) = self.data_dir {
            builder = builder.data_dir(folder);
        }
        if let Some(connections) = self.max_connections {
            builder = builder.max_connections(connections);
        }
        if self.isolate_keys {
            builder = builder.isolate_keys(true);
        }
        if let Some(mebibytes) = self.max_file_memory {
            builder = builder.max_file_memory(u64::from(mebibytes) << 20);
        }
        if let Some(folder) = self.seed {
            builder = builder.seed(folder);
        }
        if let Some(requests) = self.requests_per_minute {
            builder = builder.requests_per_minute(requests);
        }
        if let Some(renders) = self.renders_per_month {
            builder = builder.renders_per_month(renders);
        }
        if let Some(renders) = self.spending_cap {
            builder = builder.spending_cap(renders);
        }
        if let Some(file) = self.faults {
            let script: FaultScript = read_json_file(&file)?;
            script.check().map_err(|reason| StartError::File { file: file.clone(), reason })?;
            builder = builder.fault_seed(script.seed).faults(script.faults);
        }
        builder.start().await
    }

    /// Merges two sets of options: those of `self` take precedence over `other`.
    fn merged_over(self, other: Self) -> Self {
        Self {
            config: None,
            host: self.host.or(other.host),
            port: self.port.or(other.port),
            allowed_hosts: first_given(self.allowed_hosts, other.allowed_hosts),
            cors: first_given(self.cors, other.cors),
            max_connections: self.max_connections.or(other.max_connections),
            api_keys: first_given(self.api_keys, other.api_keys),
            data_dir: self.data_dir.or(other.data_dir),
            max_file_memory: self.max_file_memory.or(other.max_file_memory),
            isolate_keys: self.isolate_keys || other.isolate_keys,
            profile: self.profile.or(other.profile),
            problem_documents: self.problem_documents || other.problem_documents,
            requests_per_minute: self.requests_per_minute.or(other.requests_per_minute),
            renders_per_month: self.renders_per_month.or(other.renders_per_month),
            spending_cap: self.spending_cap.or(other.spending_cap),
            idempotency_keys: self.idempotency_keys || other.idempotency_keys,
            allow_network: self.allow_network.or(other.allow_network),
            no_batch_urls: self.no_batch_urls || other.no_batch_urls,
            webhook_retry_speedup: self.webhook_retry_speedup.or(other.webhook_retry_speedup),
            version_prefix: self.version_prefix.or(other.version_prefix),
            log: self.log.or(other.log),
            open: self.open || other.open,
            demo: self.demo || other.demo,
            seed: self.seed.or(other.seed),
            engine: self.engine.or(other.engine),
            chromium: self.chromium.or(other.chromium),
            render_timeout: self.render_timeout.or(other.render_timeout),
            render_memory: self.render_memory.or(other.render_memory),
            worker_command: self.worker_command.or(other.worker_command),
            faults: self.faults.or(other.faults),
        }
    }
}

/// Returns the first list, or the second one if the first is empty.
fn first_given(first: Vec<String>, second: Vec<String>) -> Vec<String> {
    if first.is_empty() { second } else { first }
}

/// Reads a JSON file.
fn read_json_file<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, StartError> {
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
    fn the_command_line_takes_precedence_over_the_file() {
        let file =
            r#"{"port": 4050, "profile": "documented", "api-key": ["a"], "demo": true, "allow-network": "loopback"}"#;
        let file: Options = serde_json::from_str(file).unwrap();
        let line = Command::parse_from(["x", "--port", "0", "--allow-network", "private", "--no-batch-urls"]).options;
        let merged = line.merged_over(file);
        assert_eq!(
            (merged.port, merged.profile, merged.allow_network),
            (Some(0), Some(Profile::Documented), Some(EgressPolicy::Private))
        );
        assert_eq!((merged.api_keys, merged.demo, merged.no_batch_urls), (vec!["a".to_owned()], true, true));
    }

    #[test]
    fn a_file_has_the_options_of_the_command_line() {
        let command = <Command as clap::CommandFactory>::command();
        let names = command.get_arguments().filter_map(|argument| argument.get_long());
        let names: Vec<_> = names.filter(|name| !["config", "help", "version"].contains(name)).collect();
        assert!(names.len() > 20, "{names:?}");
        for name in names {
            let file = format!(r#"{{"{name}": {{}}}}"#);
            let error = serde_json::from_str::<Options>(&file).unwrap_err().to_string();
            assert!(!error.contains("unknown field"), "{error}");
        }
    }

    #[tokio::test]
    async fn errors_name_an_invalid_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("emulator.json");
        for (text, says) in [
            ("{", "EOF"),
            (r#"{"prot": 1}"#, "unknown field `prot`"),
            (r#"{"port": 99999}"#, "invalid value"),
            (r#"{"render-timeout": 0}"#, "render-timeout: 0 is not in 1..=30"),
            (r#"{"render-timeout": 31}"#, "render-timeout: 31 is not in 1..=30"),
            (r#"{"render-memory": 63}"#, "render-memory: 63 is not in 64.."),
        ] {
            std::fs::write(&file, text).unwrap();
            let options = Options { config: Some(file.clone()), ..Options::default() };
            let error = options.start().await.unwrap_err().to_string();
            assert!(error.contains("emulator.json cannot be used") && error.contains(says), "{error}");
        }
    }
}
