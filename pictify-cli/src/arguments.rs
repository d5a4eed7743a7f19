//! Command line arguments.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Render HTML and web pages to images with Pictify.
#[derive(Debug, Parser)]
#[command(name = "pictify", version, after_long_help = ENVIRONMENT, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const ENVIRONMENT: &str = "\
Environment:
  PICTIFY_API_KEY     API key. It is not an argument, because other users of the machine can see arguments.
  PICTIFY_BASE_URL    URL of the API, for example http://127.0.0.1:4040. Default: the hosted service.
  PICTIFY_ALLOW_INSECURE_HTTP
                      1 allows plain http to another machine.
  Without a key and a base URL, a command starts a temporary local emulator: no account and no network needed.

Exit codes:
  0  success
  1  any other error
  2  invalid arguments, configuration or input; nothing was rendered
  3  the API key is invalid or lacks permission
  4  rate limit or quota exceeded
  5  the service failed, or sent an invalid response
  6  cannot connect, timeout, or connection lost; nothing was rendered
  7  the outcome is unknown: the image may have been rendered and billed
  8  a file could not be read or written; nothing was rendered
  9  the image was rendered, but could not be downloaded or written; the error contains its URL";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Work with images.
    Image {
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Run a local Pictify emulator: the same API, with real rendering, without an account.
    ///
    /// Tests control it by its admin API, which /_emulator/openapi.json describes.
    Emulator(pictify_emulator::Options),
    /// Run renders for an emulator.
    #[command(name = pictify_emulator::worker::SUBCOMMAND, hide = true)]
    Worker(pictify_emulator::worker::Arguments),
}

#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Render HTML or a web page to one image.
    Create(CreateImage),
}

#[derive(Debug, Args)]
pub struct CreateImage {
    #[command(flatten)]
    pub source: Source,

    /// Width in pixels; the service reduces more than 4096 [service default: 1280].
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true)]
    pub width: Option<u32>,

    /// Height in pixels; the service reduces more than 4096 [service default: 720].
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true)]
    pub height: Option<u32>,

    /// File format: png, jpg, jpeg or webp [default: the extension of the output file, otherwise png].
    #[arg(long)]
    pub format: Option<String>,

    /// CSS selector: crop the image to the first matching element.
    #[arg(long, value_name = "CSS")]
    pub selector: Option<String>,

    /// File to write the image to; - is standard output. Without this option the URL of the image is printed.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Print the response of the API as JSON on standard output.
    #[arg(long)]
    pub json: bool,

    /// Timeout of the render in seconds, including retries.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: Option<u64>,
}

/// Source of the image. Exactly one is required.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// HTML to render.
    #[arg(long, value_name = "TEXT")]
    pub html: Option<String>,

    /// File with the HTML to render; - is standard input.
    #[arg(long, value_name = "FILE")]
    pub html_file: Option<PathBuf>,

    /// URL of the web page to render.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}
