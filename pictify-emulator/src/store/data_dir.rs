//! Data folder of one server: its database, its files, and the lock that keeps other servers out.

use super::{DATABASE, Result, StoreError};
use crate::private_files;
use jiff::Timestamp;
use std::{
    fs::{File, TryLockError},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

/// Name of the folder for files.
const FILES: &str = "files";

/// Name of the lock file. The operating system releases the lock when the process ends. The file contains the run that
/// has the lock, and is empty after a run that has ended properly.
const LOCK: &str = "lock";

/// Maximum length of the description of a run, in bytes.
const MAX_RUN_BYTES: u64 = 200;

/// Data folder that one server at a time may use: two servers would send each delivery twice and render each batch
/// twice.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    lock: File,
    unfinished_run: Option<String>,
}

impl DataDir {
    /// Creates the folder if needed and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        private_files::create_dir(path)?;
        let files = path.join(FILES);
        private_files::create_dir(&files)?;
        private_files::restrict(&files)?;
        let mut lock = private_files::open(&path.join(LOCK), File::options().read(true).write(true).truncate(false))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let why = "another emulator uses it: stop it, or choose another folder";
                return Err(StoreError(why.to_owned()));
            }
            // Some file systems do not support locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let unfinished_run = read_run(&lock)?;
        lock.set_len(0)?;
        write!(lock, "process {} since {:.0}", std::process::id(), Timestamp::now())?;
        // SQLite gives its other files the permissions of the database.
        private_files::open(&path.join(DATABASE), File::options().append(true))?;
        for name in [format!("{DATABASE}-wal"), format!("{DATABASE}-shm")] {
            match private_files::restrict(&path.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(Self { path: path.to_owned(), lock, unfinished_run })
    }

    /// Releases the lock, so that another server may use the folder.
    pub(super) fn unlock(&self) {
        // If this fails, the lock ends with the process.
        let _ = self.lock.set_len(0);
        let _ = self.lock.unlock();
    }

    /// Returns the last run, if it did not release the lock.
    pub(super) fn unfinished_run(&self) -> Option<&str> {
        self.unfinished_run.as_deref()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a file.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(FILES).join(name)
    }

    /// Creates a file that only the user of the server can read.
    pub(super) fn create_file(&self, name: &str) -> Result<File> {
        Ok(private_files::open(&self.file(name), File::options().write(true).truncate(true))?)
    }

    /// Syncs the names of new files to the disk.
    pub(super) fn sync_names(&self) -> Result<()> {
        // On other systems a folder cannot be opened as a file.
        #[cfg(unix)]
        File::open(self.path.join(FILES))?.sync_all()?;
        Ok(())
    }
}

/// Reads the run that had the lock last, if it did not release it.
fn read_run(lock: &File) -> Result<Option<String>> {
    let mut run = Vec::new();
    lock.take(MAX_RUN_BYTES).read_to_end(&mut run)?;
    let run = String::from_utf8_lossy(&run).into_owned();
    Ok(Some(run).filter(|run| !run.is_empty()))
}
