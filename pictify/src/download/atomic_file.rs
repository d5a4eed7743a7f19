//! A file that is written completely or not at all.

use super::sink::{Sink, cannot_restart};
use crate::{Error, ErrorKind, Result};
use bytes::Bytes;
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt},
};

/// Writes to a temporary file next to the target and renames it when complete. Pipes and devices are written directly.
pub(super) struct PartialFile {
    target: PathBuf,
    /// `None` if the target is written directly.
    temporary: Option<Temporary>,
    file: File,
    size: u64,
}

impl PartialFile {
    pub(super) async fn create(path: PathBuf) -> Result<Self> {
        if is_open_in_this_process(&path) {
            return Self::write_directly(path).await;
        }
        // Resolve a link, so that its target is replaced and not the link.
        let target = fs::canonicalize(&path).await.unwrap_or(path);
        // Check a trailing separator now: the rename would fail only after the whole download.
        if target.as_os_str().to_string_lossy().ends_with(std::path::is_separator) {
            return Err(Error::new(
                ErrorKind::Io,
                format!("{} is the name of a folder, not of a file", target.display()),
            ));
        }
        match fs::metadata(&target).await {
            Ok(found) if found.is_dir() => Err(Error::new(ErrorKind::Io, format!("{} is a folder", target.display()))),
            Ok(found) if !found.is_file() => Self::write_directly(target).await,
            Ok(found) => Self::write_temporary(target, Some(found.permissions())).await,
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(&target, error)),
            Err(_) => Self::write_temporary(end_of_links(target).await, None).await,
        }
    }

    /// Opens the target in append mode, so that output of other writers is not overwritten.
    async fn write_directly(target: PathBuf) -> Result<Self> {
        let file = OpenOptions::new().append(true).open(&target).await;
        let file = file.map_err(|error| write_error(&target, error))?;
        Ok(Self { target, temporary: None, file, size: 0 })
    }

    /// Creates the temporary file. `permissions` are those of the file that it replaces.
    async fn write_temporary(target: PathBuf, permissions: Option<std::fs::Permissions>) -> Result<Self> {
        if target.file_name().is_none() {
            return Err(Error::new(ErrorKind::Io, format!("{} is not the name of a file", target.display())));
        }
        // The name does not contain the target's name, which may already have the maximum length.
        let temporary = target.with_file_name(format!(".pictify-{:016x}.part", fastrand::u64(..)));
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary).await;
        let file = file.map_err(|error| write_error(&target, error))?;
        let temporary = Temporary(Some(temporary));
        if let Some(permissions) = permissions {
            // Preserve restrictive permissions. An error is ignored: some file systems have no permissions.
            let _ = file.set_permissions(permissions).await;
        }
        Ok(Self { target, temporary: Some(temporary), file, size: 0 })
    }

    /// Renames the temporary file to the target. Returns the size in bytes.
    pub(super) async fn finish(mut self) -> Result<u64> {
        let written = async {
            self.file.flush().await?;
            let Some(Temporary(temporary)) = &mut self.temporary else { return Ok(()) };
            self.file.sync_all().await?;
            if let Some(path) = temporary {
                fs::rename(path, &self.target).await?;
            }
            *temporary = None;
            Ok(())
        };
        written.await.map_err(|error| write_error(&self.target, error))?;
        Ok(self.size)
    }
}

impl Sink for PartialFile {
    async fn restart(&mut self) -> Result<()> {
        if self.temporary.is_none() {
            return cannot_restart(self.size);
        }
        self.size = 0;
        let emptied = async {
            self.file.rewind().await?;
            self.file.set_len(0).await
        };
        emptied.await.map_err(|error| write_error(&self.target, error))
    }

    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.size += chunk.len() as u64;
        self.file.write_all(&chunk).await.map_err(|error| write_error(&self.target, error))
    }
}

/// Path of a temporary file. Dropping it removes the file unless it was renamed.
struct Temporary(Option<PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // A failure cannot be handled here, and the original error is more important.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Returns `true` if a path refers to an open file of this process, which a renamed file would not reach.
fn is_open_in_this_process(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"].iter().any(|open| path.starts_with(open))
        && !path.is_dir()
}

/// Follows links to a target that does not exist yet, so that the links are preserved.
async fn end_of_links(mut path: PathBuf) -> PathBuf {
    while let Ok(next) = fs::read_link(&path).await {
        path = path.with_file_name("").join(next);
    }
    path
}

fn write_error(target: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{} cannot be written: {error}", target.display())).with_source(error)
}
