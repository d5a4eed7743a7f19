//! `cargo xtask test mutants`: changes one line of the SDK after the other, and checks that a test fails for each change.
//!
//! The changes are made in a copy of the workspace, `target/mutants/tree`, whose build is kept between two runs.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

/// File with the settings and the accepted survivors.
const FILE: &str = "xtask/mutants.toml";

/// Start of the macro around the modules of the client in `pictify/src/lib.rs`, and its end.
const MODULES_START: &str = "cfg_if::cfg_if! {\n    if #[cfg(feature = \"client\")] {\n";
const MODULES_END: &str = "    }\n}\n";

/// Options of `cargo xtask test mutants`.
#[derive(Args)]
pub struct Options {
    /// Print the mutants, and test none.
    #[arg(long)]
    list: bool,
    /// Modules of xtask/mutants.toml; all if absent.
    #[arg(value_name = "MODULE")]
    modules: Vec<String>,
}

/// Contents of `xtask/mutants.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    version: String,
    minimum_caught: u32,
    timeout: u32,
    features: Vec<String>,
    #[serde(rename = "module")]
    modules: Vec<Module>,
    #[serde(default)]
    accepted: Vec<Accepted>,
}

/// Files that are mutated together, and their tests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    name: String,
    files: Vec<String>,
    tests: Vec<String>,
    /// True if the module has unit tests. They are run first.
    #[serde(default)]
    unit_tests: bool,
}

/// Mutant that may survive.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    mutant: String,
    reason: String,
}

impl Settings {
    fn parse(text: &str) -> Result<Self> {
        let settings: Self = toml::from_str(text)?;
        if let Some(accepted) = settings.accepted.iter().find(|accepted| accepted.reason.trim().is_empty()) {
            bail!("the accepted mutant `{}` has no reason", accepted.mutant);
        }
        Ok(settings)
    }

    /// Returns the modules with these names, or all of them.
    fn select(&self, names: &[String]) -> Result<Vec<&Module>> {
        if let Some(name) = names.iter().find(|name| self.modules.iter().all(|module| module.name != **name)) {
            let known: Vec<_> = self.modules.iter().map(|module| module.name.as_str()).collect();
            bail!("no module {name} in {FILE}: it has {}", known.join(", "));
        }
        Ok(self.modules.iter().filter(|module| names.is_empty() || names.contains(&module.name)).collect())
    }
}

/// Results of the mutants of some modules, by the text that identifies a mutant.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcomes {
    caught: Vec<String>,
    missed: Vec<String>,
    /// Mutants that do not compile.
    unviable: Vec<String>,
}

impl Outcomes {
    /// Reads the file that cargo-mutants writes.
    fn read(outcomes: &Value) -> Result<Self> {
        let mut result = Self::default();
        for outcome in outcomes["outcomes"].as_array().context("cargo-mutants wrote no outcomes")? {
            // The run of the tests without a mutant has no name.
            let Some(name) = outcome["scenario"]["Mutant"]["name"].as_str() else { continue };
            let list = match outcome["summary"].as_str() {
                Some("CaughtMutant" | "Timeout") => &mut result.caught,
                Some("MissedMutant") => &mut result.missed,
                Some("Unviable") => &mut result.unviable,
                other => bail!("{name}: unknown outcome {other:?}"),
            };
            list.push(without_position(name));
        }
        Ok(result)
    }

    fn append(&mut self, mut other: Self) {
        self.caught.append(&mut other.caught);
        self.missed.append(&mut other.missed);
        self.unviable.append(&mut other.unviable);
    }

    /// Returns the share of mutants that the tests caught, in percent, rounded down.
    fn caught_percent(&self) -> usize {
        (self.caught.len() * 100).checked_div(self.caught.len() + self.missed.len()).unwrap_or(100)
    }

    /// Returns the report, and true if there are enough caught mutants and no survivor without a reason.
    fn judge(&self, settings: &Settings) -> (String, bool) {
        let percent = self.caught_percent();
        let mut lines = vec![format!(
            "caught {} of {} mutants ({percent} %), {} do not compile",
            self.caught.len(),
            self.caught.len() + self.missed.len(),
            self.unviable.len()
        )];
        let is_accepted = |mutant: &String| settings.accepted.iter().any(|accepted| accepted.mutant == *mutant);
        let survivors: Vec<_> = self.missed.iter().filter(|mutant| !is_accepted(mutant)).collect();
        lines.extend(survivors.iter().map(|mutant| format!("survived: {mutant}")));
        let is_enough = percent >= settings.minimum_caught as usize;
        if !is_enough {
            lines.push(format!("at least {} % must be caught", settings.minimum_caught));
        }
        (lines.join("\n") + "\n", survivors.is_empty() && is_enough)
    }

    /// Returns the accepted survivors of these files that were caught, or that no longer exist.
    fn stale<'a>(&self, settings: &'a Settings, modules: &[&Module]) -> Vec<&'a str> {
        let missed: BTreeSet<_> = self.missed.iter().collect();
        let is_examined = |mutant: &str| modules.iter().any(|module| module.contains(mutant));
        let accepted = settings.accepted.iter().filter(|accepted| !missed.contains(&accepted.mutant));
        accepted.map(|accepted| accepted.mutant.as_str()).filter(|mutant| is_examined(mutant)).collect()
    }
}

impl Module {
    /// Returns true if a mutant is in one of the files.
    fn contains(&self, mutant: &str) -> bool {
        let Some(file) = mutant.split(": ").next().and_then(|file| file.strip_prefix("pictify/src/")) else {
            return false;
        };
        self.files.iter().any(|pattern| match pattern.strip_suffix("**") {
            Some(folder) => file.starts_with(folder),
            None => file == pattern,
        })
    }
}

/// Returns the name of a mutant without line and column, which change with every edit above it.
fn without_position(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(change)) => format!("{file}:{change}"),
        _ => name.to_owned(),
    }
}

/// Runs the command. The exit code is 1 if too few mutants are caught, or if one survives that is not accepted.
///
/// # Errors
/// If the settings cannot be read, or the tool cannot be installed or run.
pub fn run(options: &Options, root: &Path, out: &mut impl Write) -> Result<ExitCode> {
    let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("{FILE} cannot be read"))?;
    let settings = Settings::parse(&text).with_context(|| format!("{FILE} is malformed"))?;
    let modules = settings.select(&options.modules)?;
    let runner = Runner { root, settings: &settings, folder: root.join("target/mutants") };
    runner.install()?;
    copy_workspace(root, &runner.tree())?;
    let (started, mut all) = (Instant::now(), Outcomes::default());
    for module in &modules {
        if options.list {
            let list = runner.list(module)?;
            writeln!(out, "{}: {}\n{list}", module.name, list.lines().count())?;
            continue;
        }
        writeln!(out, "module {}", module.name)?;
        out.flush()?;
        all.append(runner.test(module)?);
    }
    if options.list {
        return Ok(ExitCode::SUCCESS);
    }
    let (report, is_good) = all.judge(&settings);
    write!(out, "{report}")?;
    for mutant in all.stale(&settings, &modules) {
        writeln!(out, "caught or gone, remove it from {FILE}: {mutant}")?;
    }
    let count = all.caught.len() + all.missed.len() + all.unviable.len();
    let seconds = started.elapsed().as_secs();
    writeln!(out, "took {seconds} s, {} s for each mutant", seconds.checked_div(count as u64).unwrap_or(0))?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs cargo-mutants in the copy.
struct Runner<'a> {
    root: &'a Path,
    settings: &'a Settings,
    folder: PathBuf,
}

impl Runner<'_> {
    fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    fn program(&self) -> PathBuf {
        self.root.join("target/tools/bin/cargo-mutants")
    }

    /// Installs the pinned version of the tool, if another one or none is installed.
    fn install(&self) -> Result<()> {
        let version = &self.settings.version;
        let installed = Command::new(self.program()).arg("--version").output();
        let is_right = |output: &std::process::Output| {
            String::from_utf8_lossy(&output.stdout).split_whitespace().last() == Some(version)
        };
        if installed.is_ok_and(|output| is_right(&output)) {
            return Ok(());
        }
        let mut cargo = super::cargo(self.root);
        cargo.args(["install", "--quiet", "--locked", "--root", "target/tools", "--target-dir", "target/tools/build"]);
        // Optimising the tool would take longer than it saves.
        cargo.arg(format!("cargo-mutants@{version}")).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        let status = cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").status().context("cargo cannot be run")?;
        if !status.success() {
            bail!("cargo-mutants {version} cannot be installed");
        }
        Ok(())
    }

    fn command(&self, module: &Module) -> Command {
        let mut command = Command::new(self.program());
        command.arg("mutants").args(["--package", "pictify", "--colors", "never"]).current_dir(self.tree());
        command.args(module.files.iter().flat_map(|file| ["--file".to_owned(), format!("pictify/src/{file}")]));
        super::remove_package_variables(&mut command);
        command
    }

    /// Returns the names of the mutants, a line each.
    fn list(&self, module: &Module) -> Result<String> {
        let output = self.command(module).arg("--list").output().context("cargo-mutants cannot be run")?;
        let list = String::from_utf8(output.stdout).context("the list of mutants is not UTF-8")?;
        if !output.status.success() || list.is_empty() {
            bail!("module {}: no mutants\n{}", module.name, String::from_utf8_lossy(&output.stderr));
        }
        Ok(list)
    }

    /// Tests the mutants with the unit tests, if the module has some, and those that survive with the tests in
    /// `pictify/tests/it`, which take longer to link.
    fn test(&self, module: &Module) -> Result<Outcomes> {
        self.list(module)?;
        let output = self.folder.join(&module.name);
        // Results of an earlier run would be continued.
        if output.exists() {
            fs::remove_dir_all(&output).with_context(|| format!("{} cannot be removed", output.display()))?;
        }
        let mut outcomes = Outcomes::default();
        if module.unit_tests {
            outcomes = self.pass(module, &output, &["--lib"], &[])?;
        }
        if !module.unit_tests || !outcomes.missed.is_empty() {
            let survivors = self.pass(module, &output, &["--test", "it"], &module.tests)?;
            outcomes.missed.clear();
            outcomes.append(survivors);
        }
        Ok(outcomes)
    }

    fn pass(&self, module: &Module, output: &Path, programs: &[&str], tests: &[String]) -> Result<Outcomes> {
        fs::create_dir_all(output).with_context(|| format!("{} cannot be created", output.display()))?;
        let mut command = self.command(module);
        command.args([
            "--in-place",
            "--iterate",
            "--no-shuffle",
            "--test-package",
            "pictify",
            "--build-timeout",
            "600",
        ]);
        command.arg("--timeout").arg(self.settings.timeout.to_string()).arg("--output").arg(output);
        command.arg("--features").arg(self.settings.features.join(","));
        // Without this, every mutant would build the examples and all test programs.
        command.args(programs.iter().map(|argument| format!("--cargo-arg={argument}")));
        command.arg("--").args(["--"]).args(tests);
        let build = self.folder.join("build");
        command.env("CARGO_TARGET_DIR", build).env("CARGO_INCREMENTAL", "1").env("CARGO_PROFILE_DEV_DEBUG", "none");
        let status = command.status().context("cargo-mutants cannot be run")?;
        // 2: a mutant survived; 3: the tests of a mutant did not end.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            bail!("module {}: cargo-mutants ended with {status}", module.name);
        }
        let file = output.join("mutants.out/outcomes.json");
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        Outcomes::read(&serde_json::from_str(&text)?)
    }
}

/// Copies the files that git knows or would add. A file that has not changed keeps its time, so that it is not built
/// again, and a file that is gone is removed.
fn copy_workspace(root: &Path, tree: &Path) -> Result<()> {
    let names: BTreeSet<PathBuf> = crate::workspace::tracked_files(root)?.into_iter().collect();
    remove_others(tree, tree, &names)?;
    for name in &names {
        let (from, to) = (root.join(name), tree.join(name));
        let mut bytes = fs::read(&from).with_context(|| format!("{} cannot be read", from.display()))?;
        if name == Path::new("pictify/src/lib.rs") {
            bytes = flatten_modules(&String::from_utf8(bytes)?)?.into_bytes();
        }
        if fs::read(&to).is_ok_and(|old| old == bytes) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        }
        fs::write(&to, bytes).with_context(|| format!("{} cannot be written", to.display()))?;
    }
    Ok(())
}

/// Removes files of an earlier copy.
fn remove_others(tree: &Path, folder: &Path, names: &BTreeSet<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(tree, &path, names)?;
        } else if path.strip_prefix(tree).is_ok_and(|name| !names.contains(name)) {
            fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(())
}

/// Declares the modules of the client outside of their macro: cargo-mutants does not look into macros.
fn flatten_modules(source: &str) -> Result<String> {
    let (head, rest) = source.split_once(MODULES_START).context("pictify/src/lib.rs has no `cfg_if!`")?;
    let modules = rest.strip_suffix(MODULES_END).context("`cfg_if!` is not the end of pictify/src/lib.rs")?;
    Ok(format!("{head}{modules}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(accepted: &str) -> Result<Settings> {
        let text = "version = \"1\"\nminimum_caught = 75\ntimeout = 1\nfeatures = []\n\
             [[module]]\nname = \"key\"\nfiles = [\"key.rs\", \"retry/**\"]\ntests = []\n";
        Settings::parse(&format!("{text}{accepted}"))
    }

    fn outcomes(caught: &[&str], missed: &[&str]) -> Outcomes {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Outcomes { caught: owned(caught), missed: owned(missed), unviable: Vec::new() }
    }

    const ACCEPTED: &str = "[[accepted]]\nmutant = \"pictify/src/key.rs: replace + with -\"\nreason = \"Equal.\"\n";

    #[test]
    fn our_settings_name_existing_files() {
        let root = crate::workspace::root().unwrap();
        let settings = Settings::parse(&fs::read_to_string(root.join(FILE)).unwrap()).unwrap();
        for pattern in settings.modules.iter().flat_map(|module| &module.files) {
            let path = root.join("pictify/src").join(pattern.trim_end_matches("**"));
            assert!(path.exists(), "{}", path.display());
        }
        let workflow = fs::read_to_string(root.join(".github/workflows/ci.yml")).unwrap();
        let names: Vec<_> = settings.modules.iter().map(|module| module.name.as_str()).collect();
        let matrix = format!("module: [{}]", names.join(", "));
        assert!(workflow.contains(&matrix), "the workflow needs a job for each module: {matrix}");
        for accepted in &settings.accepted {
            let is_known = settings.modules.iter().any(|module| module.contains(&accepted.mutant));
            assert!(is_known, "{} is in no module", accepted.mutant);
        }
        assert!(settings.select(&["retry".to_owned()]).is_ok_and(|modules| modules.len() == 1));
        assert!(settings.select(&["nothing".to_owned()]).unwrap_err().to_string().contains("no module nothing"));
        let source = fs::read_to_string(root.join("pictify/src/lib.rs")).unwrap();
        let flat = syn::parse_file(&flatten_modules(&source).unwrap()).unwrap();
        let is_module = |item: &syn::Item, name: &str| matches!(item, syn::Item::Mod(item) if item.ident == name);
        assert!(["retry", "call"].iter().all(|name| flat.items.iter().any(|item| is_module(item, name))));
    }

    #[test]
    fn the_results_of_the_tool_are_read() {
        let outcome = |name: &str, summary: &str| json!({"scenario": {"Mutant": {"name": name}}, "summary": summary});
        let read = |summary: &str| {
            let outcomes = [
                json!({"scenario": "Baseline", "summary": "Success"}),
                outcome("pictify/src/key.rs:1:2: replace a::b with c", summary),
                outcome("pictify/src/key.rs:3:4: replace x", "Unviable"),
            ];
            Outcomes::read(&json!({"outcomes": outcomes}))
        };
        let name = "pictify/src/key.rs: replace a::b with c";
        for (summary, caught, missed) in
            [("CaughtMutant", &[name][..], &[][..]), ("Timeout", &[name], &[]), ("MissedMutant", &[], &[name])]
        {
            let unviable = vec!["pictify/src/key.rs: replace x".to_owned()];
            assert_eq!(read(summary).unwrap(), Outcomes { unviable, ..outcomes(caught, missed) });
        }
        assert!(read("New").unwrap_err().to_string().contains("unknown outcome"));
        assert!(Outcomes::read(&json!({})).is_err());
    }

    #[test]
    fn a_survivor_without_a_reason_and_too_many_survivors_fail() {
        let accepted = "pictify/src/key.rs: replace + with -";
        for (found, report, is_good) in [
            (outcomes(&["a", "b", "c"], &[accepted]), "caught 3 of 4 mutants (75 %), 0 do not compile\n", true),
            (
                outcomes(&["a", "b", "c"], &["d"]),
                "caught 3 of 4 mutants (75 %), 0 do not compile\nsurvived: d\n",
                false,
            ),
            (
                outcomes(&["a", "b"], &[accepted]),
                "caught 2 of 3 mutants (66 %), 0 do not compile\nat least 75 % must be caught\n",
                false,
            ),
            (outcomes(&[], &[]), "caught 0 of 0 mutants (100 %), 0 do not compile\n", true),
        ] {
            assert_eq!(found.judge(&settings(ACCEPTED).unwrap()), (report.to_owned(), is_good));
        }
        let error = settings("[[accepted]]\nmutant = \"a\"\nreason = \" \"\n").unwrap_err();
        assert_eq!(error.to_string(), "the accepted mutant `a` has no reason");
    }

    #[test]
    fn an_accepted_mutant_that_is_caught_or_gone_is_stale() {
        let settings = settings(ACCEPTED).unwrap();
        let accepted = "pictify/src/key.rs: replace + with -";
        let modules = settings.select(&[]).unwrap();
        assert_eq!(outcomes(&[], &[accepted]).stale(&settings, &modules), [""; 0]);
        assert_eq!(outcomes(&[accepted], &[]).stale(&settings, &modules), [accepted]);
        assert_eq!(outcomes(&[], &[]).stale(&settings, &modules), [accepted]);
        assert_eq!(outcomes(&[], &[]).stale(&settings, &[]), [""; 0], "its file was not examined");
        assert!(modules[0].contains("pictify/src/retry/mod.rs: x") && !modules[0].contains("pictify/src/keys.rs: x"));
    }
}
