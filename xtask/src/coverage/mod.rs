//! `cargo xtask coverage`: checks that each operation of the document has an SDK method, a snapshot and docs.

pub mod sdk;

use crate::{document::OperationAt, operation_table::const_name};
use anyhow::{Result, bail};
use sdk::{Clients, Method, Sdk};
use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

/// Folder of the snapshots, with one file per operation ID.
const SNAPSHOTS: &str = "tests/tests/it/contract/snapshots";

/// Prints the table, and fails if there is a gap.
pub fn print(operations: &[OperationAt<'_>], root: &Path, out: &mut impl Write) -> Result<()> {
    let sdk = Sdk::read(&root.join("pictify/src"))?;
    report(&rows(operations, &sdk, root), out)
}

fn rows(operations: &[OperationAt<'_>], sdk: &Sdk, root: &Path) -> Vec<Row> {
    let has_snapshot = |id: &str| root.join(SNAPSHOTS).join(format!("{id}.snap")).is_file();
    operations.iter().map(|operation| Row::of(operation, sdk, has_snapshot(operation.id()))).collect()
}

fn report(rows: &[Row], out: &mut impl Write) -> Result<()> {
    let written = write_table(rows, out);
    let gaps: Vec<_> =
        rows.iter().flat_map(|row| row.gaps.iter().map(move |gap| format!("\n  {}: {gap}", row.id))).collect();
    // A gap is an error even if the reader of the output stops early.
    if !gaps.is_empty() {
        bail!("{} gaps; CONTRIBUTING.md lists the parts of an operation{}", gaps.len(), gaps.concat());
    }
    Ok(written?)
}

fn write_table(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    for line in table(rows) {
        writeln!(out, "{line}")?;
    }
    let whole = rows.iter().filter(|row| row.gaps.is_empty()).count();
    writeln!(out, "\n{whole} of {} operations have a method, async and blocking, a snapshot and docs", rows.len())
}

/// Coverage of one operation.
struct Row {
    id: String,
    endpoint: String,
    safety: String,
    evidence: String,
    /// SDK method, for example `images().create`; empty if there is none.
    method: String,
    /// `true` for the async and the blocking client if it has a method.
    has: [bool; 2],
    snapshot: bool,
    docs: bool,
    gaps: Vec<String>,
}

impl Row {
    fn of(operation: &OperationAt<'_>, sdk: &Sdk, snapshot: bool) -> Self {
        let text = |name: &str| operation.text(name).unwrap_or_default().to_owned();
        let endpoint = format!("{} {}", operation.method.to_uppercase(), operation.path);
        let bills = operation.text("x-safety") == Some("billed");
        let row = const_name(operation.id());
        let [for_async, for_blocking] = [Clients::Async, Clients::Blocking].map(|client| {
            // Several methods may send the same request. The one with the best docs counts.
            let methods = sdk.methods_for(&row).filter(|method| method.clients.include(client));
            methods
                .map(|method| (missing_docs(method, &endpoint, bills), method))
                .min_by_key(|(missing_docs, _)| missing_docs.len())
        });
        let mut found: Vec<_> = for_async.iter().chain(&for_blocking).collect();
        found.dedup_by(|(_, a), (_, b)| std::ptr::eq(*a, *b));
        let has = [for_async.is_some(), for_blocking.is_some()];
        let docs_gaps = found.iter().flat_map(|(missing_docs, method)| {
            missing_docs.iter().map(move |part| format!("the docs of {method} lack {part}"))
        });
        let mut gaps: Vec<_> = match (has, found.first()) {
            (_, None) => vec![format!("no method sends {row}")],
            ([true, true], _) => docs_gaps.collect(),
            (_, Some((_, method))) => {
                std::iter::once(format!("{method} exists for one client only")).chain(docs_gaps).collect()
            }
        };
        if !snapshot {
            gaps.push(format!("no snapshot: add a row to tests/tests/it/contract/resources, then look at {SNAPSHOTS}"));
        }
        Self {
            id: operation.id().to_owned(),
            endpoint,
            safety: text("x-safety"),
            evidence: text("x-availability"),
            method: found.first().map(|(_, method)| method.to_string()).unwrap_or_default(),
            has,
            snapshot,
            docs: !found.is_empty() && found.iter().all(|(missing_docs, _)| missing_docs.is_empty()),
            gaps,
        }
    }
}

/// Returns the parts that the docs of a method must have and do not.
fn missing_docs(method: &Method, endpoint: &str, bills: bool) -> Vec<String> {
    let contains = |text: &str| method.docs.contains(text);
    let mut missing_docs = Vec::new();
    if !contains(&format!("`{endpoint}`")) {
        missing_docs.push(format!("its endpoint, `{endpoint}`"));
    }
    if bills && !mentions_billing(&method.docs) {
        missing_docs.push("that it bills".to_owned());
    }
    if !contains("# Errors") {
        missing_docs.push("its errors".to_owned());
    }
    if !has_example(&method.docs) {
        missing_docs.push("an example in Rust".to_owned());
    }
    missing_docs
}

/// Returns `true` if the docs say that the method bills. "Bills nothing" does not count.
fn mentions_billing(docs: &str) -> bool {
    docs.to_lowercase().replace("bills nothing", "").split(|c: char| !c.is_alphabetic()).any(|word| word == "bills")
}

/// Returns `true` if the docs have a code block of Rust that is compiled with the docs.
fn has_example(docs: &str) -> bool {
    let mut fences = docs.lines().filter_map(|line| line.trim().strip_prefix("```"));
    while let Some(opening) = fences.next() {
        if opening.split(',').all(|word| matches!(word.trim(), "" | "rust" | "no_run" | "should_panic")) {
            return true;
        }
        fences.next();
    }
    false
}

/// Formats the rows as a table with headings.
fn table(rows: &[Row]) -> Vec<String> {
    let mark = |there: bool| if there { "yes" } else { "NO" }.to_owned();
    let headings = ["operation", "endpoint", "safety", "evidence", "method", "async", "blocking", "snapshot", "docs"]
        .map(str::to_owned);
    let cells = rows.iter().map(|row| {
        [
            row.id.clone(),
            row.endpoint.clone(),
            row.safety.clone(),
            row.evidence.clone(),
            row.method.clone(),
            mark(row.has[0]),
            mark(row.has[1]),
            mark(row.snapshot),
            mark(row.docs),
        ]
    });
    let cells: Vec<_> = std::iter::once(headings).chain(cells).collect();
    let widths: Vec<_> =
        (0..cells[0].len()).map(|column| cells.iter().map(|row| row[column].len()).max().unwrap_or(0)).collect();
    let line = |row: &[String; 9]| {
        let padded: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect()
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}().{}", self.resource, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::operations;
    use serde_json::json;

    const RESOURCES: &str = "resources! { /// Images.\n images: Images, }";
    const OPERATION: &str = "api_request! { /// Data.\n #[serde(transparent)] CreateImage / CreateImageCall { body: Body } -> Image = CREATE_IMAGE, |op, base| requests::create_image(base, &op.body) }";

    fn gaps(sources: &[&str], snapshot: bool) -> Vec<String> {
        let document = json!({"paths": {"/image": {"post": {"operationId": "createImage", "x-safety": "billed"}}}});
        let sdk = Sdk::of(sources.iter().map(|source| syn::parse_file(source).unwrap()));
        Row::of(&operations(&document)[0], &sdk, snapshot).gaps
    }

    #[test]
    fn a_gap_describes_the_missing_part() {
        let method = |generics: &str, client: &str, docs: &str| {
            let docs = docs.lines().map(|line| ["/// ", line, "\n"].concat()).collect::<Vec<_>>().concat();
            format!(
                "impl{generics} Images<{client}> {{ {docs} pub fn create(&self) -> CreateImageCall<{client}> {{ x }} }}"
            )
        };
        let docs = "Bills one render.\n\n`POST /image`, live.\n\n# Errors\nNone.\n\n```\n1;\n```";
        for (method, snapshot, expected) in [
            (method("<C: Clone>", "C", docs), true, vec![]),
            (method("<C: Clone>", "C", docs), false, vec!["no snapshot"]),
            (method("", "Client", docs), true, vec!["images().create exists for one client only"]),
            (method("", "crate::blocking::Client", docs), true, vec!["images().create exists for one client only"]),
            (
                method("<C: Clone>", "C", "Makes one, of `POST /images`."),
                true,
                vec![
                    "the docs of images().create lack its endpoint, `POST /image`",
                    "the docs of images().create lack that it bills",
                    "the docs of images().create lack its errors",
                    "the docs of images().create lack an example in Rust",
                ],
            ),
            (String::new(), true, vec!["no method sends CREATE_IMAGE"]),
        ] {
            let found = gaps(&[RESOURCES, OPERATION, &method], snapshot);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(&expected).all(|(found, start)| found.starts_with(start)), "{found:?}");
        }
    }

    #[test]
    fn only_compiled_rust_is_an_example() {
        for (docs, expected) in [
            (" ```\n 1;\n ```", true),
            (" ```no_run\n 1;\n ```", true),
            (" ```rust,no_run\n 1;\n ```", true),
            (" ```text\n hello\n ```", false),
            (" ```text\n hello\n ```\n ```\n 1;\n ```", true),
            (" ```json\n {}\n ```", false),
            (" ```ignore\n 1;\n ```", false),
            (" `1;`", false),
        ] {
            assert_eq!(has_example(docs), expected, "{docs}");
        }
    }

    #[test]
    fn bills_nothing_is_not_billing() {
        for (docs, expected) in [
            ("Bills one render.", true),
            ("Assumed to be free.", false),
            ("Creating bills nothing; each image bills a render.", true),
            ("Bills nothing.", false),
            ("Billing is elsewhere.", false),
        ] {
            assert_eq!(mentions_billing(docs), expected, "{docs}");
        }
    }

    #[test]
    fn one_method_per_client_covers_both() {
        let docs = "/// Bills. `POST /image`\n/// # Errors\n/// ```\n/// ```\n";
        let method = |client: &str, docs: &str| {
            format!("impl Images<{client}> {{ {docs} pub fn create(&self) -> CreateImageCall<{client}> {{ x }} }}")
        };
        for (docs_of_blocking, expected) in [
            (docs, vec![]),
            ("/// Bills. `POST /image`\n/// # Errors\n", vec!["the docs of images().create lack an example in Rust"]),
        ] {
            let (of_async, of_blocking) = (method("Client", docs), method("blocking::Client", docs_of_blocking));
            assert_eq!(gaps(&[RESOURCES, OPERATION, &of_async, &of_blocking], true), expected);
        }
    }

    /// A writer whose reader has closed the pipe.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_gap_is_an_error_with_a_closed_pipe() {
        let document = json!({"paths": {"/image": {"post": {"operationId": "createImage"}}}});
        let rows = [Row::of(&operations(&document)[0], &Sdk::of([]), true)];
        let error = report(&rows, &mut Closed).unwrap_err().to_string();
        assert!(error.ends_with("\n  createImage: no method sends CREATE_IMAGE"), "{error}");
        assert!(report(&[], &mut Closed).unwrap_err().is::<io::Error>());
    }

    #[test]
    fn the_best_documented_method_counts() {
        let impls = "impl<C: Clone> Images<C> {
            /// Short for create.
            pub fn quick(&self) -> CreateImageCall<C> { x }
            /// Bills. `POST /image`
            /// # Errors
            /// ```
            /// ```
            pub fn create(&self) -> CreateImageCall<C> { x }
            fn hidden(&self) -> CreateImageCall<C> { x }
        }";
        assert!(gaps(&[RESOURCES, OPERATION, impls], true).is_empty());
    }
}
