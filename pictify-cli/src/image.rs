//! Command `pictify image create`.

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

/// Destination of the image.
enum Output {
    File(PathBuf),
    Stdout,
    /// The image is not downloaded. Its URL is printed, unless `--json` is used.
    UrlOnly,
}

pub async fn create(arguments: arguments::CreateImage) -> Result<(), Failure> {
    // All local errors are detected before an image is rendered and billed.
    let output = output(arguments.output, arguments.json)?;
    let format = format(arguments.format, &output)?;
    let source = source(arguments.source)?;
    let session = Session::open().await?;
    if session.is_local() && matches!(output, Output::UrlOnly) {
        let message = "give --output FILE: the local emulator and its images are deleted when this command ends";
        return Err(Failure::usage(message));
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
        call = call.with_timeout(Duration::from_secs(seconds));
    }
    let response = progress::during("rendering", call.send_with_response()).await?;

    // The image has been rendered, so a failure from here on needs its own exit code.
    deliver(&session, output, arguments.json, &response).await.map_err(|failure| failure.after_render(&response.url))
}

/// Prints the response or the URL, and writes the image to its destination.
async fn deliver(session: &Session, output: Output, json: bool, response: &Response<Image>) -> Result<(), Failure> {
    if json {
        write_stdout(&[&response.meta.body, &b"\n"[..]].concat())?;
    }
    let download = session.client.download(&response.value);
    match output {
        Output::File(path) => {
            let size = progress::during("downloading", download.to_file(&path)).await?;
            progress::note(&format!("Wrote {} ({size} bytes).", path.display()));
        }
        Output::Stdout => write_stdout(&progress::during("downloading", download.bytes()).await?)?,
        Output::UrlOnly if !json => write_stdout(format!("{}\n", response.url).as_bytes())?,
        Output::UrlOnly => {}
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
    let Some(path) = path else { return Ok(Output::UrlOnly) };
    if path == Path::new("-") {
        return if json {
            Err(Failure::usage("--output - and --json cannot both use standard output"))
        } else {
            Ok(Output::Stdout)
        };
    }
    check_writable(&path).map_err(|error| Failure::file("write", &path, &error))?;
    Ok(Output::File(path))
}

/// Checks that a file can be written at `path`, without changing an existing file.
fn check_writable(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // Devices and pipes are written directly, without a temporary file next to them.
        Ok(metadata) if !metadata.is_file() => return Ok(()),
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

/// Returns the format of `--format`, otherwise that of the extension of the output file. If the two differ, this is an
/// error, because the content of a file must match its extension.
fn format(requested: Option<String>, output: &Output) -> Result<Option<ImageFormat>, Failure> {
    let extension = match output {
        Output::File(path) => path.extension().map(|extension| extension.to_string_lossy().into_owned()),
        Output::Stdout | Output::UrlOnly => None,
    };
    let Some(requested) = requested else {
        return extension.map(|extension| parse_format("the extension of the output file", &extension)).transpose();
    };
    let format = parse_format("--format", &requested)?;
    let extension_format = extension.map(|extension| ImageFormat::from(extension.to_ascii_lowercase()));
    if let Some(expected) = extension_format.filter(|format| !matches!(format, ImageFormat::Unknown(_))) {
        let is_jpeg = |format: &ImageFormat| matches!(format, ImageFormat::Jpg | ImageFormat::Jpeg);
        if expected != format && !(is_jpeg(&expected) && is_jpeg(&format)) {
            let message = format!("--format is {format}, but the extension of the output file is {expected}");
            return Err(Failure::usage(message));
        }
    }
    Ok(Some(format))
}

fn parse_format(origin: &str, text: &str) -> Result<ImageFormat, Failure> {
    match ImageFormat::from(text.to_ascii_lowercase()) {
        ImageFormat::Unknown(format) => {
            Err(Failure::usage(format!("{origin} must be png, jpg, jpeg or webp, not {format}")))
        }
        format => Ok(format),
    }
}

fn write_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // The reader of the output has closed the pipe, which is not an error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::other(format!("cannot write to standard output: {error}"))),
    }
}
