//! The workspace that a command works on, found at run time.
//!
//! A path that is compiled in would be wrong as soon as two clones share one target directory: the program that one clone
//! has built would read the files of the other.

use anyhow::{Context, Result, bail};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// Returns the root of the workspace that contains the current directory.
///
/// # Errors
/// If neither the current directory nor the package directory that cargo names is inside the workspace.
pub fn root() -> Result<PathBuf> {
    let current = env::current_dir().context("the current directory cannot be read")?;
    if let Some(root) = root_above(&current) {
        return Ok(root);
    }
    // `cargo run --manifest-path` works from any directory.
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package.as_deref().and_then(root_above).with_context(|| {
        format!(
            "{} is not inside the workspace: no Cargo.toml with [workspace] beside an openapi.yaml above it",
            current.display()
        )
    })
}

/// Returns the nearest ancestor of `directory`, or the directory itself, that is the root of the workspace.
fn root_above(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find(|directory| is_root(directory)).map(Path::to_path_buf)
}

fn is_root(directory: &Path) -> bool {
    let manifest = std::fs::read_to_string(directory.join("Cargo.toml"));
    manifest.is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
        && directory.join("openapi.yaml").is_file()
}

/// Returns the files that git tracks or would track, as sorted paths relative to `root`.
///
/// # Errors
/// If `root` is not a git work tree or git is not installed.
pub fn tracked_files(root: &Path) -> Result<Vec<PathBuf>> {
    // New files are checked before they are committed; ignored files never are.
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git cannot be run")?;
    if !output.status.success() {
        bail!("`git ls-files` failed in {}: {}", root.display(), String::from_utf8_lossy(&output.stderr).trim_end());
    }
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    // A file that is deleted but still in the index is listed, too.
    let mut files: Vec<_> =
        names.split_terminator('\0').map(PathBuf::from).filter(|path| root.join(path).is_file()).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_root_is_found_from_any_directory_below_it() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("member/src/deep");
        fs::create_dir_all(&deep).unwrap();
        fs::write(folder.path().join("member/Cargo.toml"), "[package]\nname = \"member\"\n").unwrap();
        fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\"member\"]\n").unwrap();
        assert_eq!(root_above(&deep), None, "a workspace without openapi.yaml is another workspace");
        fs::write(folder.path().join("openapi.yaml"), "openapi: 3.1.0\n").unwrap();
        for below in [deep.as_path(), folder.path()] {
            assert_eq!(root_above(below).as_deref(), Some(folder.path()));
        }
    }

    #[test]
    fn the_files_of_this_workspace_are_listed_without_the_target_directory() {
        let files = tracked_files(&root().unwrap()).unwrap();
        assert!(files.contains(&PathBuf::from("openapi.yaml")));
        assert!(!files.iter().any(|file| file.starts_with("target")));
    }
}
