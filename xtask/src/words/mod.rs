//! Word rules for everything that git tracks: retired words, and words that may not open a doc comment.
//!
//! The list is `xtask/words.toml`. A word has a standard term of the field in its place, so that a reader meets one name for
//! one thing.

mod list;
mod openings;
mod retired;

use crate::workspace;
use anyhow::{Result, bail};
use list::List;
use std::{
    fmt, fs,
    io::Write,
    path::{Path, PathBuf},
};

/// A violation of a word rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Path relative to the root of the workspace.
    pub path: PathBuf,
    /// Line, counted from 1; `None` if the name of the file itself is the violation.
    pub line: Option<usize>,
    /// Violated rule and its remedy.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The same separator on every platform, so that output can be compared and searched.
        write!(f, "{}:", self.path.display().to_string().replace('\\', "/"))?;
        match self.line {
            Some(line) => write!(f, "{line}: {}", self.message),
            None => write!(f, " file name: {}", self.message),
        }
    }
}

/// Prints all findings in tracked files at or below `paths` (all files if empty), and fails if there are any.
///
/// # Errors
/// If there are findings, a path matches no file, or a file cannot be read.
pub fn check(root: &Path, paths: &[PathBuf], out: &mut impl Write) -> Result<()> {
    let list = List::load(root)?;
    let files = select(workspace::tracked_files(root)?, root, paths)?;
    let (mut checked, mut findings) = (0, Vec::new());
    for path in files.iter().filter(|path| !list.exempts(path)) {
        // A file that is not text has no words.
        let Ok(text) = String::from_utf8(fs::read(root.join(path))?) else { continue };
        if text.contains('\0') {
            continue;
        }
        checked += 1;
        findings.extend(findings_of(&list, path, &text));
    }
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if !findings.is_empty() {
        let files = findings.iter().map(|finding| &finding.path).collect::<std::collections::BTreeSet<_>>().len();
        bail!("word rules: {} findings in {files} of {checked} files; the list is xtask/words.toml", findings.len());
    }
    writeln!(out, "word rules: no findings in {checked} files")?;
    Ok(())
}

/// Returns the findings of one file, in line order.
fn findings_of(list: &List, path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = path.to_string_lossy().replace('\\', "/");
    findings.extend(list.find(&name).into_iter().map(|message| Finding { path: path.to_owned(), line: None, message }));
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        lines.extend(list.find(line).into_iter().map(|message| (index + 1, message)));
    }
    if path.extension().is_some_and(|extension| extension == "rs") {
        lines.extend(openings::find(text, &list.openings));
    }
    // Stable: findings of one line stay in their order.
    lines.sort_by_key(|(line, _)| *line);
    let finding = |(line, message)| Finding { path: path.to_owned(), line: Some(line), message };
    findings.extend(lines.into_iter().map(finding));
    findings
}

/// Returns the files at or below one of `paths`, which are relative to the current directory or to the root.
fn select(files: Vec<PathBuf>, root: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if paths.is_empty() {
        return Ok(files);
    }
    let root = fs::canonicalize(root)?;
    let mut selected = Vec::new();
    for path in paths {
        let full = fs::canonicalize(path).or_else(|_| fs::canonicalize(root.join(path)));
        let below = full.as_ref().ok().and_then(|full| full.strip_prefix(&root).ok());
        let before = selected.len();
        selected.extend(files.iter().filter(|file| below.is_some_and(|below| file.starts_with(below))).cloned());
        if selected.len() == before {
            bail!("{} has no file that git tracks", path.display());
        }
    }
    selected.sort();
    selected.dedup();
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An invented list: the real words may appear in the real list only.
    fn list() -> List {
        List::parse(
            r#"
            openings = ["What"]
            exempt = []
            [[word]]
            word = "gadget*"
            say = "device"
            [[word]]
            word = "TOP_*"
            say = "MAX_*"
            "#,
        )
        .unwrap()
    }

    #[test]
    fn findings_are_in_line_order_and_name_the_remedy() {
        let text = "/// What it is.\npub fn a() {}\nconst TOP_SIZE: u8 = 1; // of a gadget\n";
        let lines: Vec<_> =
            findings_of(&list(), Path::new("a/gadget.rs"), text).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "a/gadget.rs: file name: word \"gadget\": say \"device\"",
                "a/gadget.rs:1: a doc comment opens with \"What\": open with a verb or a noun",
                "a/gadget.rs:3: word \"TOP_SIZE\": say \"MAX_*\"",
                "a/gadget.rs:3: word \"gadget\": say \"device\"",
            ]
        );
    }

    #[test]
    fn doc_comments_are_a_matter_of_rust_files_only() {
        assert_eq!(findings_of(&list(), Path::new("a.md"), "/// What it is.\n"), []);
    }

    #[test]
    fn paths_select_files_and_folders_but_never_nothing() {
        let root = workspace::root().unwrap();
        let files: Vec<PathBuf> = ["Cargo.toml", "xtask/Cargo.toml", "xtask/src/lib.rs"].map(PathBuf::from).into();
        let select = |path: &str| select(files.clone(), &root, &[root.join(path)]);
        assert_eq!(select("xtask").unwrap(), files[1..]);
        assert_eq!(select("xtask/src/lib.rs").unwrap(), files[2..]);
        assert_eq!(select(".").unwrap(), files);
        for missing in ["tests", "not-there"] {
            assert!(select(missing).unwrap_err().to_string().ends_with("has no file that git tracks"), "{missing}");
        }
    }
}
