//! The `pictify-emulator` command.

use clap::Parser;
use pictify_emulator::{DEFAULT_PORT, Emulator, EmulatorBuilder};
use std::{net::IpAddr, path::PathBuf, process::ExitCode};

/// Run a local Pictify: the same API, really rendering, without an account.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The address to listen on. The emulator is open to whoever reaches it.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,

    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,

    /// Accept this API key and no other; may be given several times [default: any key].
    #[arg(long = "api-key", value_name = "KEY")]
    api_keys: Vec<String>,

    /// Keep everything in this folder, for the next start [default: in memory].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { host, port, api_keys, data } = Arguments::parse();
    let builder = Emulator::builder().host(host).port(port).api_keys(api_keys);
    let builder = data.into_iter().fold(builder, EmulatorBuilder::data);
    let emulator = match builder.start().await {
        Ok(emulator) => emulator,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("Pictify emulator listening on {}", emulator.url());
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("error: Ctrl-C cannot be waited for: {error}");
        return ExitCode::FAILURE;
    }
    emulator.shutdown().await;
    ExitCode::SUCCESS
}
