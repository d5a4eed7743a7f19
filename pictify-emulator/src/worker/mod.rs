//! Worker process: the same program, started by the server to run renders. A page that takes too much memory or time ends
//! this process, not the server.
//!
//! A program offers the worker as a hidden subcommand:
//!
//! ```no_run
//! use clap::{Parser, Subcommand};
//! use pictify_emulator::worker;
//!
//! #[derive(Parser)]
//! struct Command {
//!     #[command(subcommand)]
//!     subcommand: Option<Hidden>,
//! }
//!
//! #[derive(Subcommand)]
//! enum Hidden {
//!     #[command(name = worker::SUBCOMMAND, hide = true)]
//!     Worker(worker::Arguments),
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     match Command::parse().subcommand {
//!         Some(Hidden::Worker(arguments)) => arguments.run(),
//!         // Starts a server with `EmulatorBuilder::worker_command(WorkerCommand::current_program()?)`.
//!         None => std::process::ExitCode::SUCCESS,
//!     }
//! }
//! ```

mod limits;

pub use crate::render::{SUBCOMMAND, WorkerCommand};

use crate::{
    agent::FindElements,
    render::{
        DrawPdfPage, Embedded, Job, MAX_STACK_BYTES, RenderImage, RenderPdf,
        wire::{self, LENGTH_BYTES},
    },
    video::{CheckScene, RenderScene},
};
use std::{
    io::{self, Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::mpsc,
    thread,
};

/// Arguments of the subcommand that runs renders. Only the server uses it.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Maximum memory in megabytes.
    #[arg(long, value_name = "MEGABYTES")]
    memory: u32,
}

impl Arguments {
    /// Runs the jobs that the server writes to standard input, and writes their results to standard output. Returns when
    /// standard input ends, which is also the case when the server has ended.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: the worker process cannot run: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn serve(self) -> io::Result<()> {
        // The message of a panic is part of the response.
        std::panic::set_hook(Box::new(|_| {}));
        let (sender, requests) = mpsc::sync_channel::<Vec<u8>>(1);
        // Jobs have a thread of their own: this one reads, so that it sees the end of the server during a job.
        thread::Builder::new()
            .name("render".to_owned())
            .stack_size(MAX_STACK_BYTES)
            .spawn(move || while requests.recv().is_ok_and(|request| respond(&request).is_ok()) {})?;
        limits::apply(self.memory)?;
        let mut input = io::stdin().lock();
        while let Some(request) = read_request(&mut input)? {
            // Without a receiver, a job has panicked. A new process takes the next job.
            if sender.send(request).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Reads the body of a request, or returns `None` at the end of the input.
fn read_request(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; LENGTH_BYTES];
    if let Err(error) = input.read_exact(&mut length) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let mut body = vec![0; wire::read_length(length)?];
    input.read_exact(&mut body)?;
    Ok(Some(body))
}

/// Runs a job and writes its response.
///
/// # Errors
/// If the response cannot be written, or if the job panicked.
fn respond(request: &[u8]) -> io::Result<()> {
    let run = catch_unwind(AssertUnwindSafe(|| run(request)));
    let panicked = run.is_err();
    let failed = |reason: String| wire::encode(&wire::Response::<()>::Err(reason));
    let response = match run {
        Ok(Ok(response)) => response,
        // Without a response, the server would wait until the timeout.
        Ok(Err(error)) => failed(error.to_string())?,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            failed(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())?
        }
    };
    let mut output = io::stdout().lock();
    output.write_all(&response)?;
    output.flush()?;
    if panicked { Err(io::Error::other("the job panicked")) } else { Ok(()) }
}

/// Runs the job of a request and returns the message with its output.
fn run(request: &[u8]) -> io::Result<Vec<u8>> {
    let (name, job) = wire::split_request(request)?;
    match name {
        RenderImage::NAME => run_job::<RenderImage>(job),
        RenderPdf::NAME => run_job::<RenderPdf>(job),
        DrawPdfPage::NAME => run_job::<DrawPdfPage>(job),
        CheckScene::NAME => run_job::<CheckScene>(job),
        RenderScene::NAME => run_job::<RenderScene>(job),
        FindElements::NAME => run_job::<FindElements>(job),
        _ => Err(io::Error::other(format!("there are no jobs of the kind {name}"))),
    }
}

fn run_job<J: Job>(job: &[u8]) -> io::Result<Vec<u8>> {
    let output = wire::decode::<J>(job)?.run(&Embedded::new());
    wire::encode(&wire::Response::Ok(output))
}
