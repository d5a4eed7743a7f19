//! Data folder of one server: its database, its files, and the lock that keeps other servers out.

use super::{Result, StoreError};
use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

/// Name of the folder for files.
const FILES: &str = "files";

/// Name of the lock file. The operating system releases the lock when the process ends.
const LOCK: &str = "lock";

/// Data folder that one server at a time may use: two servers would send each delivery twice and render each batch
/// twice.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    lock: File,
}

impl DataDir {
    /// Creates the folder if needed and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path.join(FILES))?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let why = "another emulator uses it: stop it, or choose another folder";
                Err(StoreError(why.to_owned()))
            }
            // Some file systems do not support locks.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { path: path.to_owned(), lock }),
        }
    }

    /// Releases the lock, so that another server may use the folder.
    pub(super) fn unlock(&self) {
        // If this fails, the lock ends with the process.
        let _ = self.lock.unlock();
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a file.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(FILES).join(name)
    }

    /// Syncs the names of new files to the disk.
    pub(super) fn sync_names(&self) -> Result<()> {
        // On other systems a folder cannot be opened as a file.
        #[cfg(unix)]
        File::open(self.path.join(FILES))?.sync_all()?;
        Ok(())
    }
}
