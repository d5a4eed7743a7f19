//! A file that appears under its name when it is whole, or not at all.

use super::Sink;
use crate::{Error, ErrorKind, Result};
use bytes::Bytes;
use std::{io, path::PathBuf};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt},
};

/// A file under a temporary name in the folder of the one that it will be.
pub(super) struct PartialFile {
    target: PathBuf,
    temporary: Temporary,
    file: File,
    size: u64,
}

impl PartialFile {
    pub(super) async fn create(target: PathBuf) -> Result<Self> {
        let Some(name) = target.file_name() else {
            return Err(Error::new(ErrorKind::Io, format!("{} is not the name of a file", target.display())));
        };
        if fs::metadata(&target).await.is_ok_and(|found| found.is_dir()) {
            return Err(Error::new(ErrorKind::Io, format!("{} is a folder", target.display())));
        }
        let temporary = target.with_file_name(format!(".{}.{:08x}.part", name.to_string_lossy(), fastrand::u32(..)));
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary).await;
        let file = file.map_err(|error| failed(&target, error))?;
        Ok(Self { target, temporary: Temporary(Some(temporary)), file, size: 0 })
    }

    /// Gives the file its name. Returns its size in bytes.
    pub(super) async fn finish(mut self) -> Result<u64> {
        let written = async {
            self.file.flush().await?;
            self.file.sync_all().await
        };
        written.await.map_err(|error| failed(&self.target, error))?;
        if let Some(temporary) = &self.temporary.0 {
            fs::rename(temporary, &self.target).await.map_err(|error| failed(&self.target, error))?;
        }
        self.temporary.0 = None;
        Ok(self.size)
    }
}

impl Sink for PartialFile {
    async fn start_over(&mut self) -> Result<()> {
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

fn failed(target: &std::path::Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{} cannot be written: {error}", target.display())).with_source(error)
}
