//! The folder of one server: its database, its files, and the lock that keeps others out.

use super::{Result, StoreError};
use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

/// Where the files are in the folder.
const FILES: &str = "files";

/// The file that the server of the folder has locked. The system takes the lock back when the process is gone.
const LOCK: &str = "lock";

/// A folder that belongs to one server at a time: two would send each delivery twice, and render each batch twice.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    lock: File,
}

impl DataDir {
    /// Makes the folder where it is not there, and takes it.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path.join(FILES))?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let why = "another emulator uses it: stop that one, or choose another folder";
                Err(StoreError(why.to_owned()))
            }
            // Some file systems have no locks.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { path: path.to_owned(), lock }),
        }
    }

    /// Leaves it to another server.
    pub(super) fn unlock(&self) {
        // The lock ends with this server in any case.
        let _ = self.lock.unlock();
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file is, or would be.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(FILES).join(name)
    }

    /// Puts the names of new files on the disk.
    pub(super) fn sync_names(&self) -> Result<()> {
        // Elsewhere a folder is no file that could be opened.
        #[cfg(unix)]
        File::open(self.path.join(FILES))?.sync_all()?;
        Ok(())
    }
}
