//! A file that appears under its name when it is whole, or not at all.

use super::sink::{Sink, only_once};
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

/// A file under a temporary name in the folder of the one that it will be; or what is no file and is written to directly.
pub(super) struct PartialFile {
    target: PathBuf,
    /// None for what is written to directly.
    temporary: Option<Temporary>,
    file: File,
    size: u64,
}

impl PartialFile {
    pub(super) async fn create(path: PathBuf) -> Result<Self> {
        if is_open_already(&path) {
            return Self::directly(path).await;
        }
        // A link stays; what it names is replaced.
        let target = fs::canonicalize(&path).await.unwrap_or(path);
        // A name that ends like a folder's would be found to be none only when all is there.
        if target.as_os_str().to_string_lossy().ends_with(std::path::is_separator) {
            return Err(Error::new(ErrorKind::Io, format!("{} is a folder's name", target.display())));
        }
        match fs::metadata(&target).await {
            Ok(found) if found.is_dir() => Err(Error::new(ErrorKind::Io, format!("{} is a folder", target.display()))),
            Ok(found) if !found.is_file() => Self::directly(target).await,
            Ok(found) => Self::beside(target, Some(found.permissions())).await,
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&target, error)),
            Err(_) => Self::beside(end_of_links(target).await, None).await,
        }
    }

    /// Behind what is there already: what others wrote to the same end stays.
    async fn directly(target: PathBuf) -> Result<Self> {
        let file = OpenOptions::new().append(true).open(&target).await;
        let file = file.map_err(|error| failed(&target, error))?;
        Ok(Self { target, temporary: None, file, size: 0 })
    }

    /// `permissions` are those of the file that it replaces.
    async fn beside(target: PathBuf, permissions: Option<std::fs::Permissions>) -> Result<Self> {
        if target.file_name().is_none() {
            return Err(Error::new(ErrorKind::Io, format!("{} is not the name of a file", target.display())));
        }
        // Not made of the file's name, which may be as long as a name can be.
        let temporary = target.with_file_name(format!(".pictify-{:016x}.part", fastrand::u64(..)));
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary).await;
        let file = file.map_err(|error| failed(&target, error))?;
        let temporary = Temporary(Some(temporary));
        if let Some(permissions) = permissions {
            // What only the owner could read stays so. A file system without permissions has none to keep.
            let _ = file.set_permissions(permissions).await;
        }
        Ok(Self { target, temporary: Some(temporary), file, size: 0 })
    }

    /// Gives the file its name. Returns its size in bytes.
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
        written.await.map_err(|error| failed(&self.target, error))?;
        Ok(self.size)
    }
}

impl Sink for PartialFile {
    async fn start_over(&mut self) -> Result<()> {
        if self.temporary.is_none() {
            return only_once(self.size);
        }
        self.size = 0;
        let emptied = async {
            self.file.rewind().await?;
            self.file.set_len(0).await
        };
        emptied.await.map_err(|error| failed(&self.target, error))
    }

    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.size += chunk.len() as u64;
        self.file.write_all(&chunk).await.map_err(|error| failed(&self.target, error))
    }
}

/// A path that is removed when it is dropped before it got its name.
struct Temporary(Option<PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Nothing can be done about a failure here, and the error that led here matters more.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether a path names what this process has open, which a new file under the old name would not reach.
fn is_open_already(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"].iter().any(|open| path.starts_with(open))
        && !path.is_dir()
}

/// What a link names that leads to nothing yet, so that the link stays.
async fn end_of_links(mut path: PathBuf) -> PathBuf {
    while let Ok(next) = fs::read_link(&path).await {
        path = path.with_file_name("").join(next);
    }
    path
}

fn failed(target: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{} cannot be written: {error}", target.display())).with_source(error)
}
