//! `pictify image create`.

use crate::{arguments, failure::Failure, progress, session::Session};
use pictify::{
    Response,
    images::{Image, ImageFormat, Source},
};
use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// Where the picture goes.
enum Output {
    File(PathBuf),
    Stdout,
    /// It stays where it is, and its URL is printed.
    Nowhere,
}

pub async fn create(arguments: arguments::CreateImage) -> Result<(), Failure> {
    // Everything that can be wrong on this side is found before anything is rendered and billed.
    let output = output(arguments.output, arguments.json)?;
    let format = format(arguments.format, &output)?;
    let source = source(arguments.source)?;
    let session = Session::open().await?;
    if session.is_local() && matches!(output, Output::Nowhere) && !arguments.json {
        return Err(Failure::usage("give --output FILE: the local emulator and its pictures end with this command"));
    }

    let mut call = session.client.images().create(source);
    if let Some(width) = arguments.width {
        call = call.width(width);
    }
    if let Some(height) = arguments.height {
        call = call.height(height);
    }
    if let Some(selector) = arguments.selector {
        call = call.selector(selector);
    }
    if let Some(format) = format {
        call = call.format(format);
    }
    if let Some(seconds) = arguments.timeout {
        call = call.timeout(Duration::from_secs(seconds));
    }
    let answer = progress::during("rendering", call.send_with_response()).await?;

    // From here on a failure must not look like one after which nothing was rendered.
    deliver(&session, output, arguments.json, &answer).await.map_err(|failure| failure.rendered(&answer.url))
}

/// Brings a picture, and what is said of it, to where they were asked for.
async fn deliver(session: &Session, output: Output, json: bool, answer: &Response<Image>) -> Result<(), Failure> {
    if json {
        print(&[&answer.meta.body, &b"\n"[..]].concat())?;
    }
    let download = session.client.download(&answer.value);
    match output {
        Output::File(path) => {
            let size = progress::during("downloading", download.to_file(&path)).await?;
            progress::note(&format!("Wrote {} ({size} bytes).", path.display()));
        }
        Output::Stdout => print(&progress::during("downloading", download.bytes()).await?)?,
        Output::Nowhere if !json => print(format!("{}\n", answer.url).as_bytes())?,
        Output::Nowhere => {}
    }
    Ok(())
}

fn source(source: arguments::Source) -> Result<Source, Failure> {
    match source {
        arguments::Source { html: Some(html), .. } => Ok(Source::html(html)),
        arguments::Source { url: Some(url), .. } => Ok(Source::url(url)?),
        arguments::Source { html_file: Some(path), .. } => Ok(Source::html(read(&path)?)),
        arguments::Source { html: None, html_file: None, url: None } => {
            Err(Failure::usage("give one of --html, --html-file and --url"))
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let result = if path == Path::new("-") {
        io::stdin().lock().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    result.map_err(|error| Failure::file("read", path, &error))?;
    Ok(text)
}

fn output(path: Option<PathBuf>, json: bool) -> Result<Output, Failure> {
    let Some(path) = path else { return Ok(Output::Nowhere) };
    if path == Path::new("-") {
        return if json {
            Err(Failure::usage("--output - and --json both want standard output"))
        } else {
            Ok(Output::Stdout)
        };
    }
    writable(&path).map_err(|error| Failure::file("written", &path, &error))?;
    Ok(Output::File(path))
}

/// Finds out whether a file can be written at `path`, without touching what is there.
fn writable(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // A device or a pipe is written to directly; nothing is made beside it.
        Ok(found) if !found.is_file() => return Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if path.file_name().is_none() || path.as_os_str().to_string_lossy().ends_with(std::path::is_separator) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    tempfile::Builder::new().prefix(".pictify-").tempfile_in(folder).map(drop)
}

/// What was asked for, or else what the output's name ends in. A file whose name says another format than its content
/// helps nobody.
fn format(asked: Option<String>, output: &Output) -> Result<Option<ImageFormat>, Failure> {
    let extension = match output {
        Output::File(path) => path.extension().map(|extension| extension.to_string_lossy().into_owned()),
        Output::Stdout | Output::Nowhere => None,
    };
    let Some(asked) = asked else {
        return extension.map(|extension| known_format("the output's name", &extension)).transpose();
    };
    let format = known_format("--format", &asked)?;
    if let Some(named) = extension.and_then(|extension| known_format("the output's name", &extension).ok()) {
        let is_jpeg = |format: &ImageFormat| matches!(format, ImageFormat::Jpg | ImageFormat::Jpeg);
        if named != format && !(is_jpeg(&named) && is_jpeg(&format)) {
            return Err(Failure::usage(format!("--format says {format}, the output's name {named}: which is it?")));
        }
    }
    Ok(Some(format))
}

fn known_format(origin: &str, text: &str) -> Result<ImageFormat, Failure> {
    match ImageFormat::from(text.to_ascii_lowercase()) {
        ImageFormat::Unknown(format) => {
            Err(Failure::usage(format!("{origin}: images are png, jpg, jpeg or webp, not {format}")))
        }
        format => Ok(format),
    }
}

fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::other(format!("standard output cannot be written: {error}"))),
    }
}
