//! `cargo xtask code-samples`: writes a program in Rust for each operation of openapi.yaml, made from the doc example of
//! the SDK method that sends it. Pages that show the document show these programs.
//!
//! The text of the document stays as it is, with its comments: lines are inserted and removed.

use crate::{
    coverage::sdk::{Clients, Sdk},
    document::{self, operations},
    operation_table::const_name,
};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use similar::TextDiff;
use std::{collections::BTreeMap, fs, io::Write, path::Path};

/// Extension of an operation that holds the programs.
pub const EXTENSION: &str = "x-codeSamples";

/// Hidden first line of an example.
const OPENING: &str = "# async fn run(client: pictify::Client) -> pictify::Result<()> {";

/// Hidden last line of an example.
const CLOSING: &str = "# Ok(()) }";

/// Indentation of the members of an operation in the document.
const INDENT: &str = "      ";

/// Writes the programs, or with `check` fails if the document has others.
pub fn run(root: &Path, check: bool, out: &mut impl Write) -> Result<()> {
    let path = root.join("openapi.yaml");
    let (current, updated, count) = render(root)?;
    if current == updated {
        writeln!(out, "{count} operations of openapi.yaml have a current example in Rust")?;
    } else if check {
        let diff = TextDiff::from_lines(&current, &updated);
        // A stale example is an error even if the reader of the output stops early.
        let _ = write!(out, "{}", diff.unified_diff().header("openapi.yaml", "openapi.yaml (with the docs of now)"));
        bail!("examples in openapi.yaml differ from the docs of the SDK: run `cargo xtask code-samples`");
    } else {
        fs::write(&path, updated).with_context(|| format!("cannot write {}", path.display()))?;
        writeln!(out, "wrote the examples of {count} operations to openapi.yaml")?;
    }
    Ok(())
}

/// Removes the programs from a parsed document.
pub fn remove(document: &mut Value) {
    let pointers: Vec<_> = operations(document).iter().map(document::OperationAt::pointer).collect();
    for pointer in pointers {
        document
            .pointer_mut(&pointer)
            .and_then(Value::as_object_mut)
            .map(|operation| operation.shift_remove(EXTENSION));
    }
}

/// Returns the text of the document, the text with the programs of now, and their number.
fn render(root: &Path) -> Result<(String, String, usize)> {
    let path = root.join("openapi.yaml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = text.replace("\r\n", "\n");
    let document = document::parse(&text).context("openapi.yaml is not valid YAML")?;
    let programs = programs(&document, &Sdk::read(&root.join("pictify/src"))?)?;
    let updated = insert(&text, &programs);
    // Insertion relies on the layout of the document.
    let parsed = document::parse(&updated).context("openapi.yaml is not valid YAML with the examples")?;
    for operation in operations(&parsed) {
        let found = operation.value.pointer("/x-codeSamples/0/source").and_then(Value::as_str);
        if found != programs.get(operation.id()).map(String::as_str) {
            bail!("{}: the example cannot be inserted: indent the members of the operation by 6", operation.pointer());
        }
    }
    Ok((text, updated, programs.len()))
}

/// Returns the program of each operation whose SDK method has an example. `cargo xtask coverage` reports the others.
fn programs(document: &Value, sdk: &Sdk) -> Result<BTreeMap<String, String>> {
    let mut programs = BTreeMap::new();
    for operation in operations(document) {
        let row = const_name(operation.id());
        let mut methods = sdk.methods_for(&row).filter(|method| method.clients.include(Clients::Async));
        // Several methods may send the same request. The first one in the source is the most general.
        if let Some((method, example)) = methods.find_map(|method| Some((method, example(&method.docs)?))) {
            let program = program(&example)
                .with_context(|| format!("the example of {method} cannot be a program, which {row} needs"))?;
            programs.insert(operation.id().to_owned(), program);
        }
    }
    Ok(programs)
}

/// Returns the first code block of Rust in docs.
fn example(docs: &str) -> Option<String> {
    let mut lines = docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.find(|line| *line == "```no_run")?;
    let lines: Vec<_> = lines.take_while(|line| *line != "```").collect();
    Some(lines.join("\n"))
}

/// Returns the program that does what an example shows, with a client from the environment. Imports come first.
fn program(example: &str) -> Result<String> {
    let lines: Vec<_> = example.lines().collect();
    let [OPENING, body @ .., CLOSING] = lines.as_slice() else {
        bail!("it does not begin with `{OPENING}` and end with `{CLOSING}`");
    };
    if let Some(hidden) = body.iter().find(|line| line.starts_with("# ") || **line == "#") {
        bail!("the line `{hidden}` is hidden");
    }
    let imports = body.iter().take_while(|line| line.starts_with("use ")).count();
    let (imports, body) = body.split_at(imports);
    let mut program: Vec<_> = imports.iter().map(|line| (*line).to_owned()).collect();
    if !imports.is_empty() {
        program.push(String::new());
    }
    program.extend(["#[tokio::main]", "async fn main() -> pictify::Result<()> {"].map(str::to_owned));
    program.push("    let client = pictify::Client::from_env()?;".to_owned());
    program.extend(body.iter().skip_while(|line| line.is_empty()).map(|line| indented("    ", line)));
    program.extend(["    Ok(())", "}", ""].map(str::to_owned));
    let program = program.join("\n");
    syn::parse_file(&program).context("it is not Rust")?;
    Ok(program)
}

fn indented(indent: &str, line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("{indent}{line}") }
}

/// Replaces the programs in the text of a document, at the end of each operation.
fn insert(text: &str, programs: &BTreeMap<String, String>) -> String {
    let mut updated = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        updated.push(line.to_owned());
        let Some(id) = line.strip_prefix(INDENT).and_then(|member| member.strip_prefix("operationId: ")) else {
            continue;
        };
        let mut members = Vec::new();
        while let Some(member) = lines.next_if(|line| line.is_empty() || line.starts_with(INDENT)) {
            members.push(member.to_owned());
        }
        let empty = members.split_off(members.iter().rposition(|member| !member.is_empty()).map_or(0, |last| last + 1));
        let mut is_program = false;
        updated.extend(members.into_iter().filter(|member| {
            if let Some(key) = member.strip_prefix(INDENT).filter(|key| !key.starts_with(' ')) {
                is_program = key.trim_end() == format!("{EXTENSION}:");
            }
            !is_program
        }));
        // Webhooks have operation IDs, too, and no programs.
        if let Some(program) = programs.get(id) {
            updated.push(format!("{INDENT}{EXTENSION}:"));
            let head = ["  - lang: Rust", "    label: pictify", "    source: |"];
            updated.extend(head.map(|line| indented(INDENT, line)));
            updated.extend(program.lines().map(|line| indented(&format!("{INDENT}      "), line)));
        }
        updated.extend(empty);
    }
    updated.push(String::new());
    updated.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DOCUMENT: &str = "\
paths:
  # A comment.
  /image:
    get:
      operationId: listImages
      summary: Lists.

      responses:
        '200': {}
    post:
      operationId: createImage
      x-codeSamples:
        - lang: Rust
          label: pictify
          source: |
            old

            program
      responses: {}

  # ---- GIFs ----
  /gif:
    post:
      operationId: createGif
      responses: {}
      x-codeSamples:
        - lang: Rust
webhooks:
  done:
    post:
      operationId: onDone
";

    fn programs_of(programs: &[(&str, &str)]) -> BTreeMap<String, String> {
        programs.iter().map(|(id, program)| ((*id).to_owned(), (*program).to_owned())).collect()
    }

    #[test]
    fn programs_are_replaced_and_the_rest_stays() {
        let programs = programs_of(&[("listImages", "one;\n\ntwo;\n"), ("createImage", "three;\n")]);
        let updated = insert(DOCUMENT, &programs);
        let expected = "\
paths:
  # A comment.
  /image:
    get:
      operationId: listImages
      summary: Lists.

      responses:
        '200': {}
      x-codeSamples:
        - lang: Rust
          label: pictify
          source: |
            one;

            two;
    post:
      operationId: createImage
      responses: {}
      x-codeSamples:
        - lang: Rust
          label: pictify
          source: |
            three;

  # ---- GIFs ----
  /gif:
    post:
      operationId: createGif
      responses: {}
webhooks:
  done:
    post:
      operationId: onDone
";
        assert_eq!(updated, expected);
        assert_eq!(insert(&updated, &programs), updated);
    }

    #[test]
    fn an_example_becomes_a_program() {
        let docs = " Text.\n\n ```no_run\n # async fn run(client: pictify::Client) -> pictify::Result<()> {\n use a::B;\n\n client.c(B).send().await?;\n # Ok(()) }\n ```\n\n ```\n other\n ```\n";
        let expected = "\
use a::B;

#[tokio::main]
async fn main() -> pictify::Result<()> {
    let client = pictify::Client::from_env()?;
    client.c(B).send().await?;
    Ok(())
}
";
        assert_eq!(program(&example(docs).unwrap()).unwrap(), expected);
        assert_eq!(example("No example."), None);
    }

    #[test]
    fn an_example_that_hides_more_is_an_error() {
        for (body, expected) in [
            ("let a = 1;", "does not begin with"),
            (&format!("{OPENING}\n# let a = 1;\nb(a);\n{CLOSING}"), "the line `# let a = 1;` is hidden"),
            (&format!("{OPENING}\nlet let;\n{CLOSING}"), "not Rust"),
        ] {
            let error = program(body).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_parsed_document_loses_the_programs_only() {
        let mut document = json!({"paths": {"/a": {"get": {"operationId": "a", EXTENSION: [1], "tags": []}}}});
        remove(&mut document);
        assert_eq!(document, json!({"paths": {"/a": {"get": {"operationId": "a", "tags": []}}}}));
    }
}
