//! What can be typed.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Render HTML and pages to pictures with Pictify.
#[derive(Debug, Parser)]
#[command(name = "pictify", version, after_long_help = ENVIRONMENT, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const ENVIRONMENT: &str = "\
Environment:
  PICTIFY_API_KEY     the API key. It is no argument, because other users can see arguments.
  PICTIFY_BASE_URL    where the API is, for example http://127.0.0.1:4040. By default the hosted service.
  PICTIFY_ALLOW_INSECURE_HTTP  1 allows plain http to another machine.
  Without a key and without a base URL a command starts a local emulator for itself: no account, no network.

Exit codes:
  0  done
  1  anything not listed here
  2  wrong arguments, configuration or input; nothing was rendered
  3  the key was refused, or may not do this
  4  rate limited, or the plan is used up
  5  the service failed, or answered something that cannot be used
  6  no connection, no answer in time, or the connection broke; nothing was rendered
  7  the outcome is unknown: it may have been rendered and billed
  8  a file could not be read or written; nothing was rendered
  9  the picture was rendered, but could not be fetched or written; the error names its URL";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Images.
    Image {
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Run a local Pictify: the same API, really rendering, without an account.
    Emulator(pictify_emulator::Options),
}

#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Render HTML or a page to one image.
    Create(CreateImage),
}

#[derive(Debug, Args)]
pub struct CreateImage {
    #[command(flatten)]
    pub source: Source,

    /// Width in pixels, 1 to 4096 [default: the service's, 1280].
    #[arg(long, value_name = "PIXELS")]
    pub width: Option<u32>,

    /// Height in pixels, 1 to 4096 [default: the service's, 720].
    #[arg(long, value_name = "PIXELS")]
    pub height: Option<u32>,

    /// File format: png, jpg, jpeg or webp [default: what the output's name ends in, else png].
    #[arg(long)]
    pub format: Option<String>,

    /// CSS selector: crop to the first element that it matches.
    #[arg(long, value_name = "CSS")]
    pub selector: Option<String>,

    /// Where to write the picture; - is standard output. Without it the picture's URL is printed.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Print the API's answer as JSON on standard output.
    #[arg(long)]
    pub json: bool,

    /// How long the render may take, in seconds, retries included.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: Option<u64>,
}

/// Exactly one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// The HTML to render.
    #[arg(long, value_name = "TEXT")]
    pub html: Option<String>,

    /// A file with the HTML to render; - is standard input.
    #[arg(long, value_name = "FILE")]
    pub html_file: Option<PathBuf>,

    /// The page to take a screenshot of.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}
