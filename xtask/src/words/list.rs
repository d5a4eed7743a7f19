//! The list of retired words, `xtask/words.toml`.

use super::retired;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Retired words, openings that are not allowed, and files that are not checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Words that may not open a doc comment.
    pub openings: Vec<String>,
    /// Files and folders that are not checked.
    exempt: Vec<Exemption>,
    /// Retired words.
    #[serde(rename = "word")]
    words: Vec<Retired>,
}

/// A file or folder that is not checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exemption {
    /// Path relative to the root; a folder exempts all files below it. `*.ext` exempts an extension.
    path: PathBuf,
    /// Justification.
    reason: String,
}

/// A retired word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retired {
    /// Word in lower case, or the start of words with `*` at its end. With capitals it is a whole identifier, such as
    /// `TOP_*`, and its case counts.
    pub word: String,
    /// Standard term to use instead.
    pub say: String,
    /// Texts that contain the word and are right.
    #[serde(default)]
    pub allow: Vec<Allowed>,
}

/// A text that may contain a retired word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// Text within one line, in any case.
    pub text: String,
    /// Justification.
    reason: String,
}

impl List {
    /// Reads the list of the workspace.
    pub fn load(root: &Path) -> Result<Self> {
        let path = root.join("xtask/words.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not a list of words", path.display()))
    }

    /// Parses a list. Each exception must have a reason.
    pub fn parse(text: &str) -> Result<Self> {
        let list: Self = toml::from_str(text)?;
        for exempt in &list.exempt {
            if exempt.reason.trim().is_empty() {
                bail!("the exemption of {} has no reason", exempt.path.display());
            }
        }
        for word in &list.words {
            if word.say.trim().is_empty() {
                bail!("the word {} has no standard term", word.word);
            }
            if let Some(allowed) = word.allow.iter().find(|allowed| allowed.reason.trim().is_empty()) {
                bail!("the exception {:?} of the word {} has no reason", allowed.text, word.word);
            }
        }
        Ok(list)
    }

    /// Returns true if the file at `path`, relative to the root, is not checked.
    pub fn exempts(&self, path: &Path) -> bool {
        self.exempt.iter().any(|exempt| {
            let extension = exempt.path.to_str().and_then(|text| text.strip_prefix("*."));
            match extension {
                Some(extension) => path.extension().is_some_and(|of_path| of_path == extension),
                None => path.starts_with(&exempt.path),
            }
        })
    }

    /// Returns a message for each retired word of a line.
    pub fn find(&self, line: &str) -> Vec<String> {
        retired::find(line, &self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_workspace_finds_its_own_words() {
        let list = List::load(&crate::workspace::root().unwrap()).unwrap();
        for retired in &list.words {
            let word = retired.word.replace('*', "");
            let found = list.find(&format!("a {word} b"));
            assert!(found.contains(&format!("word \"{word}\": say \"{}\"", retired.say)), "{word}: {found:?}");
            for allowed in &retired.allow {
                assert_eq!(list.find(&allowed.text), [""; 0], "{}", allowed.text);
            }
        }
        assert!(list.openings.iter().any(|word| word == "Whether"));
    }

    #[test]
    fn the_list_and_the_history_are_exempt() {
        let list = List::load(&crate::workspace::root().unwrap()).unwrap();
        for (path, exempt) in
            [("xtask/words.toml", true), ("CHANGELOG.md", true), ("README.md", false), ("pictify/src/lib.rs", false)]
        {
            assert_eq!(list.exempts(Path::new(path)), exempt, "{path}");
        }
    }

    #[test]
    fn an_exception_without_a_reason_is_an_error() {
        let lists = [
            "openings = []\nexempt = [{ path = \"a\", reason = \" \" }]\nword = []",
            "openings = []\nexempt = []\n[[word]]\nword = \"a\"\nsay = \"b\"\nallow = [{ text = \"a\", reason = \"\" }]",
            "openings = []\nexempt = []\n[[word]]\nword = \"a\"\nsay = \"\"",
            "openings = []\nexempt = []\n[[word]]\nword = \"a\"",
        ];
        for list in lists {
            assert!(List::parse(list).is_err(), "{list}");
        }
    }
}
