//! Import circles between the top-level modules of a crate.
//!
//! Modules that import each other cannot be read, tested or changed one at a time. `cargo xtask layers` reads every `crate::`
//! and `super::` path in the source of a crate and fails on a circle that `xtask/layers.toml` does not allow. Code behind
//! `#[cfg(test)]` is left out: a test may use any layer.

mod circles;
mod imports;

use anyhow::{Context, Result, bail};
use circles::Circle;
use imports::Imports;
use serde::Deserialize;
use std::{collections::BTreeSet, fs, io::Write, path::Path};

/// Maximum number of circles that are printed. The shortest ones come first; longer ones often go away with them.
const MAX_PRINTED: usize = 20;

/// Circles that are allowed, `xtask/layers.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    #[serde(default, rename = "circle")]
    circles: Vec<AllowedCircle>,
}

/// Modules that may import each other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedCircle {
    /// Directory of the crate.
    #[serde(rename = "crate")]
    package: String,
    /// Top-level modules.
    modules: BTreeSet<String>,
    /// Justification.
    reason: String,
}

impl Allowed {
    fn load(root: &Path) -> Result<Self> {
        let path = root.join("xtask/layers.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let allowed: Self = toml::from_str(&text).with_context(|| format!("{} cannot be parsed", path.display()))?;
        if let Some(circle) = allowed.circles.iter().find(|circle| circle.reason.trim().is_empty()) {
            bail!("{}: an allowed circle of {} has no reason", path.display(), circle.package);
        }
        Ok(allowed)
    }

    fn groups(&self, package: &str) -> Vec<&BTreeSet<String>> {
        self.circles.iter().filter(|circle| circle.package == package).map(|circle| &circle.modules).collect()
    }
}

/// Prints the import circles of the crate in the directory `package`, and fails if there are any.
///
/// # Errors
/// If there is a circle, or the source cannot be read.
pub fn check(root: &Path, package: &str, out: &mut impl Write) -> Result<()> {
    let source = root.join(package).join("src");
    let imports = Imports::read(&source)?;
    let allowed = Allowed::load(root)?;
    let circles = circles::find(&imports, &allowed.groups(package));
    for circle in circles.iter().take(MAX_PRINTED) {
        writeln!(out, "{}", report(circle, &imports, package))?;
    }
    if circles.len() > MAX_PRINTED {
        writeln!(out, "and {} longer circles", circles.len() - MAX_PRINTED)?;
    }
    if !circles.is_empty() {
        let modules: BTreeSet<_> = circles.iter().flatten().collect();
        let names = modules.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        bail!("{package}: {} import circles between {} modules: {names}", circles.len(), modules.len());
    }
    writeln!(out, "{package}: {} modules without import circles", imports.modules().len())?;
    Ok(())
}

/// Returns a circle as text, with the place of each import.
fn report(circle: &Circle, imports: &Imports, package: &str) -> String {
    let names: Vec<_> = circle.iter().chain(circle.first()).map(String::as_str).collect();
    let places = names.windows(2).filter_map(|pair| match pair {
        [from, to] => Some(format!("    {package}/src/{} imports {to}", imports.place(from, to)?)),
        _ => None,
    });
    [names.join(" -> ")].into_iter().chain(places).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the files of a crate, and returns what the check prints or its error, with the circles.
    fn checked(files: &[(&str, &str)], allowed: &str) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join("a/src").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir_all(folder.path().join("xtask")).unwrap();
        fs::write(folder.path().join("xtask/layers.toml"), allowed).unwrap();
        let mut out = Vec::new();
        let result = check(folder.path(), "a", &mut out);
        let out = String::from_utf8(out).unwrap();
        result.map(|()| out.clone()).with_context(|| out)
    }

    const CIRCLE: [(&str, &str); 4] = [
        ("lib.rs", "mod upper;\nmod middle;\nmod lower;\npub use middle::Thing;\n"),
        ("upper.rs", "use crate::{lower, middle::Thing};\n"),
        ("middle/mod.rs", "mod part;\nuse crate::lower::low;\npub struct Thing;\n"),
        ("lower.rs", "pub fn low() {}\n"),
    ];

    fn with(name: &'static str, text: &'static str) -> Vec<(&'static str, &'static str)> {
        CIRCLE.into_iter().chain([(name, text)]).collect()
    }

    #[test]
    fn layers_have_no_circle() {
        assert_eq!(checked(&CIRCLE, "").unwrap(), "a: 3 modules without import circles\n");
    }

    #[test]
    fn a_circle_is_printed_with_the_place_of_each_import() {
        let error =
            format!("{:#}", checked(&with("lower.rs", "\nfn low() { crate::middle::part::go() }"), "").unwrap_err());
        let expected =
            "lower -> middle -> lower\n    a/src/lower.rs:2 imports middle\n    a/src/middle/mod.rs:2 imports lower\n";
        assert!(error.starts_with(expected), "{error}");
        assert!(error.ends_with("a: 1 import circles between 2 modules: lower, middle"), "{error}");
    }

    #[test]
    fn an_import_is_found_in_each_form() {
        for (name, text) in [
            ("lower.rs", "use crate::upper;"),
            ("lower.rs", "use crate::{\n    self,\n    upper::{a, b},\n};"),
            ("lower.rs", "use super::upper::a;"),
            ("lower.rs", "use super::{upper as above};"),
            ("lower.rs", "mod inner { use super::super::upper; }"),
            ("lower/deep/part.rs", "use super::super::super::upper::a;"),
            ("lower/deep/mod.rs", "use super::super::upper::a;"),
            ("lower.rs", "fn a() -> Vec<crate::upper::B> { Vec::new() }"),
            ("lower.rs", "call! { crate::upper::B }"),
            ("lower.rs", "macro_rules! call { () => { $crate::upper::B } }"),
            ("lower.rs", "pub use crate::Thing;"),
        ] {
            let error = checked(&with(name, text), "").expect_err(text);
            assert!(format!("{error:#}").contains("imports"), "{text}: {error:#}");
        }
    }

    #[test]
    fn what_is_no_import_of_another_module_is_not_found() {
        for text in [
            "// use crate::upper;",
            "/// [`crate::upper`]",
            "const A: &str = \"crate::upper\";",
            "#[cfg(test)]\nmod tests { use crate::upper; }",
            "#[cfg(all(test, unix))]\nuse crate::upper;",
            "pub(crate) fn low() {}",
            "use crate::lower::inner; mod inner { use super::low; }",
            "use crate::Unknown;",
            "use other::upper;",
        ] {
            checked(&with("lower.rs", text), "").unwrap_or_else(|error| panic!("{text}: {error:#}"));
        }
    }

    #[test]
    fn an_allowed_circle_is_allowed_for_its_modules_only() {
        let allowed =
            "[[circle]]\ncrate = \"a\"\nmodules = [\"lower\", \"middle\"]\nreason = \"The macro lists them.\"";
        let circle = with("lower.rs", "use crate::middle;");
        checked(&circle, allowed).unwrap();
        let larger = circle.into_iter().chain([("middle/part.rs", "use crate::upper;")]).collect::<Vec<_>>();
        let error = format!("{:#}", checked(&larger, allowed).unwrap_err());
        assert!(error.contains("middle -> upper -> middle"), "{error}");
        assert!(checked(&CIRCLE, &allowed.replace("The macro lists them.", "")).is_err(), "no reason");
    }

    #[test]
    fn the_crates_have_no_circles() {
        for package in ["pictify", "pictify-emulator"] {
            let mut out = Vec::new();
            let result = check(&crate::workspace::root().unwrap(), package, &mut out);
            assert!(result.is_ok(), "{}{:#}", String::from_utf8_lossy(&out), result.unwrap_err());
        }
    }
}
