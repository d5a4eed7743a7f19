//! Snapshots of all documents and files by name, and the reset to an empty store.
//!
//! A snapshot is a copy of the database: a connection in memory, or a file in the folder `snapshots` of the data folder.
//! Contents of files never change, so they are not copied; they stay as long as the store or a snapshot has their names.

use super::{Result, Store, StoreError, list_entries, migrations};
use crate::private_files;
use rusqlite::{Connection, OpenFlags, OptionalExtension, backup::Backup};
use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{MutexGuard, PoisonError, atomic::Ordering},
};

/// Maximum number of snapshots of a store.
pub(crate) const MAX_SNAPSHOTS: usize = 32;

/// Maximum length of the name of a snapshot.
const MAX_NAME_LEN: usize = 64;

/// Extension of snapshots in a data folder.
const EXTENSION: &str = "sqlite";

/// Name of a snapshot: lower-case letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SnapshotName(String);

/// Number of the state of a store. It grows with each reset and each restored snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(pub(super) u64);

/// Snapshots of one store.
#[derive(Debug)]
pub(super) struct Snapshots {
    by_name: BTreeMap<SnapshotName, Connection>,
    /// Folder of the databases; none if they are in memory.
    folder: Option<PathBuf>,
}

/// Invalid name of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidSnapshotName;

impl fmt::Display for InvalidSnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of a snapshot has 1 to {MAX_NAME_LEN} lower-case letters, digits, `-` and `_`")
    }
}

impl std::error::Error for InvalidSnapshotName {}

impl FromStr for SnapshotName {
    type Err = InvalidSnapshotName;

    fn from_str(name: &str) -> std::result::Result<Self, InvalidSnapshotName> {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let is_valid = (1..=MAX_NAME_LEN).contains(&name.len()) && name.bytes().all(is_allowed);
        if is_valid { Ok(Self(name.to_owned())) } else { Err(InvalidSnapshotName) }
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Snapshots {
    pub(super) fn in_memory() -> Self {
        Self { by_name: BTreeMap::new(), folder: None }
    }

    /// Opens the snapshots in a folder, which need not exist.
    pub(super) fn in_folder(folder: PathBuf) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            if let Some(name) = name.filter(|_| path.extension().is_some_and(|extension| extension == EXTENSION)) {
                by_name.insert(name, open(&path)?);
            }
        }
        Ok(Self { by_name, folder: Some(folder) })
    }

    fn file(folder: &Path, name: &SnapshotName) -> PathBuf {
        folder.join(format!("{name}.{EXTENSION}"))
    }

    /// Stores a copy of the live database under a name.
    fn insert(&mut self, live: &Connection, name: &SnapshotName) -> Result<()> {
        let copied = match &self.folder {
            None => {
                let mut copied = Connection::open_in_memory()?;
                copy(live, &mut copied)?;
                copied
            }
            Some(folder) => {
                private_files::create_dir(folder)?;
                private_files::restrict(folder)?;
                let (file, unfinished) = (Self::file(folder, name), folder.join("unfinished"));
                remove_if_present(&unfinished)?;
                let mut copied = Connection::open(&unfinished)?;
                copy(live, &mut copied)?;
                // A single file, without the log of the live database beside it.
                copied.pragma_update(None, "journal_mode", "DELETE")?;
                copied.close().map_err(|(_, error)| error)?;
                // Close the old one before it is replaced.
                self.by_name.remove(name);
                fs::rename(&unfinished, &file)?;
                #[cfg(unix)]
                File::open(folder)?.sync_all()?;
                open(&file)?
            }
        };
        self.by_name.insert(name.clone(), copied);
        Ok(())
    }

    fn remove(&mut self, name: &SnapshotName) -> Result<()> {
        self.by_name.remove(name);
        if let Some(folder) = &self.folder {
            remove_if_present(&Self::file(folder, name))?;
        }
        Ok(())
    }
}

impl Store {
    /// Stores the current documents and files under a name; an older snapshot with this name is replaced. Returns false
    /// if there are too many snapshots.
    pub(crate) fn snapshot(&self, name: &SnapshotName) -> Result<bool> {
        let (live, mut snapshots) = (self.write(), self.lock_snapshots());
        let replaced = snapshots.by_name.get(name).map(file_names).transpose()?;
        if replaced.is_none() && snapshots.by_name.len() >= MAX_SNAPSHOTS {
            return Ok(false);
        }
        snapshots.insert(&live, name)?;
        self.remove_unused(&replaced.unwrap_or_default(), &live, &snapshots)?;
        Ok(true)
    }

    /// Replaces all documents and files by those of a snapshot. Returns false if there is no snapshot with this name.
    ///
    /// A render in progress fails when it ends, and nothing of it is stored: see [`Store::insert_with_file`].
    pub(crate) fn restore(&self, name: &SnapshotName) -> Result<bool> {
        let (mut live, snapshots) = (self.write(), self.lock_snapshots());
        let Some(source) = snapshots.by_name.get(name) else { return Ok(false) };
        self.replace(&mut live, source, &snapshots)?;
        Ok(true)
    }

    /// Deletes all documents and files. Snapshots stay. Renders in progress fail as with [`Store::restore`].
    pub(crate) fn clear(&self) -> Result<()> {
        let mut empty = Connection::open_in_memory()?;
        migrations::run(&mut empty)?;
        let (mut live, snapshots) = (self.write(), self.lock_snapshots());
        self.replace(&mut live, &empty, &snapshots)
    }

    /// Returns the names of all snapshots, in alphabetical order.
    pub(crate) fn snapshots(&self) -> Vec<SnapshotName> {
        self.lock_snapshots().by_name.keys().cloned().collect()
    }

    /// Deletes a snapshot. Returns false if there is none with this name.
    pub(crate) fn remove_snapshot(&self, name: &SnapshotName) -> Result<bool> {
        let (live, mut snapshots) = (self.write(), self.lock_snapshots());
        let Some(removed) = snapshots.by_name.get(name) else { return Ok(false) };
        let names = file_names(removed)?;
        snapshots.remove(name)?;
        self.remove_unused(&names, &live, &snapshots)?;
        Ok(true)
    }

    /// Returns the number of the current state.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::SeqCst))
    }

    /// Fails if the state has been replaced since `epoch`. Meaningful only while the writing connection is locked.
    pub(super) fn check_epoch(&self, epoch: Epoch) -> Result<()> {
        if epoch == self.epoch() {
            return Ok(());
        }
        Err(StoreError("the data were reset or restored while the request was in progress".to_owned()))
    }

    /// Returns true if a snapshot has this file.
    pub(super) fn is_in_snapshot(&self, file: &str) -> Result<bool> {
        for snapshot in self.lock_snapshots().by_name.values() {
            let mut statement = snapshot.prepare_cached("SELECT 1 FROM files WHERE name = ?")?;
            if statement.query_row([file], |_| Ok(())).optional()?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn replace(&self, live: &mut Connection, source: &Connection, snapshots: &Snapshots) -> Result<()> {
        let before = file_names(live)?;
        copy(source, live)?;
        self.epoch.fetch_add(1, Ordering::SeqCst);
        // An older version may have made the snapshot.
        migrations::run(live)?;
        list_entries::rebuild_if_outdated(live)?;
        self.remove_unused(&before, live, snapshots)
    }

    /// Removes the contents of those files that neither the store nor a snapshot has.
    fn remove_unused(&self, files: &HashSet<String>, live: &Connection, snapshots: &Snapshots) -> Result<()> {
        let mut used = file_names(live)?;
        for snapshot in snapshots.by_name.values() {
            used.extend(file_names(snapshot)?);
        }
        for unused in files.difference(&used) {
            self.contents.remove(unused);
        }
        Ok(())
    }

    fn lock_snapshots(&self) -> MutexGuard<'_, Snapshots> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies a whole database.
fn copy(source: &Connection, target: &mut Connection) -> Result<()> {
    /// All pages at once: both connections are locked, so there is nobody to wait for.
    const ALL_PAGES: i32 = -1;
    match Backup::new(source, target)?.step(ALL_PAGES)? {
        rusqlite::backup::StepResult::Done => Ok(()),
        unfinished => Err(StoreError(format!("the database cannot be copied: {unfinished:?}"))),
    }
}

fn open(file: &Path) -> Result<Connection> {
    Ok(Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?)
}

fn remove_if_present(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn file_names(connection: &Connection) -> Result<HashSet<String>> {
    let mut statement = connection.prepare_cached("SELECT name FROM files")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}
