//! Other generators and linters read openapi.yaml: each generated client is compiled and makes calls to the emulator. The
//! programs are in `tests/generators`, and its README has the commands.

use crate::programs::{folder, install, run};
use pictify_emulator::Emulator;
use std::{fs, path::PathBuf, sync::LazyLock};
use test_requirements::environment::shell;

/// Folder of the programs, below the package and below the target directory.
const NAME: &str = "generators";

/// Virtual environment with the tools. It has node.js and Java, too.
static TOOLS: LazyLock<PathBuf> = LazyLock::new(|| install(NAME, &["package.json", "package-lock.json", ".npmrc"]));

/// Returns the commands of the README for a folder: the first block after its name.
fn commands(name: &str) -> String {
    let readme = fs::read_to_string(folder(NAME).join("README.md")).unwrap();
    let (_, section) = readme.split_once(&format!("\nFolder `{name}`.")).expect("the README names the folder");
    let (_, block) = section.split_once("\n```sh\n").expect("the section has commands");
    block.split_once("```").expect("the block has an end").0.to_owned()
}

/// Runs the commands for a folder in a copy of it, against an emulator that accepts the key "right".
async fn run_commands(name: &'static str) {
    let emulator = Emulator::builder().api_keys(["right"]).start().await.unwrap();
    let url = emulator.url().to_owned();
    let work = move || {
        let (source, target) = (folder(NAME), TOOLS.join("work").join(name));
        if target.exists() {
            fs::remove_dir_all(&target).unwrap();
        }
        fs::create_dir_all(&target).unwrap();
        let shared = [source.join("tsconfig.json"), source.join("png.ts"), folder("../openapi.yaml")];
        let own = fs::read_dir(source.join(name)).unwrap().map(|entry| entry.unwrap().path());
        for file in own.chain(shared) {
            fs::copy(&file, target.join(file.file_name().unwrap())).unwrap();
        }
        run(shell(&TOOLS, &target, &commands(name)).env("EMULATOR_URL", url));
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_fetch() {
    if test_requirements::require("python") {
        run_commands("typescript-fetch").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_typescript() {
    if test_requirements::require("python") {
        run_commands("openapi-typescript").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_python_client() {
    if test_requirements::require("python") {
        run_commands("python").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spectral_and_redocly_have_no_findings() {
    if test_requirements::require("python") {
        run_commands("lint").await;
    }
}

/// A new tag must be added to the commands, because one generator needs a list of them.
#[test]
fn the_commands_name_every_tag_of_operations() {
    let document: serde_json::Value =
        serde_saphyr::from_str(&fs::read_to_string(folder("../openapi.yaml")).unwrap()).unwrap();
    let tags = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap());
    let tags: Vec<_> = tags.filter(|tag| *tag != "deliveries").collect();
    let commands = commands("typescript-fetch");
    let (_, named) = commands.split_once("apis=").unwrap();
    let named: Vec<_> = named.split_whitespace().next().into_iter().flat_map(|list| list.split(':')).collect();
    let capital = |tag: &&str| [&tag[..1].to_uppercase(), &tag[1..]].concat();
    assert_eq!(named, tags.iter().map(capital).collect::<Vec<_>>());
}
