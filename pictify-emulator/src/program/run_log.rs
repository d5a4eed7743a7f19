//! Log file in the data folder. It outlives the process, so that the reason of an end is known at the next start.

use crate::private_files;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Name of the log file. The file before it has `.1` at its end.
const NAME: &str = "emulator.log";

/// Maximum size of the log file, in bytes. Then a new one is begun.
const MAX_BYTES: u64 = 1024 * 1024;

/// Log file, opened by the first line, which is written when the folder is locked.
#[derive(Clone, Debug)]
pub(super) struct RunLog {
    path: PathBuf,
    file: Arc<Mutex<Option<File>>>,
}

impl RunLog {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join(NAME), file: Arc::default() }
    }

    /// Opens the file, or begins a new one if it is full.
    fn open(&self, current: Option<File>, length: usize) -> io::Result<File> {
        let open = || private_files::open(&self.path, File::options().append(true));
        let file = current.map_or_else(open, Ok)?;
        let size = file.metadata()?.len();
        if size == 0 || size + u64::try_from(length).unwrap_or(u64::MAX) <= MAX_BYTES {
            return Ok(file);
        }
        fs::rename(&self.path, self.path.with_extension("log.1"))?;
        open()
    }
}

impl io::Write for RunLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut opened = self.open(file.take(), line.len())?;
        opened.write_all(line)?;
        *file = Some(opened);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_full_log_becomes_the_previous_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = RunLog::in_folder(folder.path());
        let size = |name: &str| fs::metadata(folder.path().join(name)).map(|metadata| metadata.len()).ok();
        assert_eq!(size("emulator.log"), None, "the first line creates it");
        let block = vec![b'x'; 600 * 1024];
        for (current, previous) in [(1, None), (1, Some(1)), (1, Some(1))] {
            log.write_all(&block).unwrap();
            let blocks = |name| size(name).map(|bytes| bytes / (600 * 1024));
            assert_eq!((blocks("emulator.log"), blocks("emulator.log.1")), (Some(current), previous));
        }
    }
}
