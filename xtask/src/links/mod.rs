//! Links of the documentation lead to the items that their texts name.
//!
//! rustdoc reports links that lead nowhere. It does not report a link that leads to another item than the reader expects: the
//! types of this SDK have methods of one name in several `impl` blocks, and rustdoc links to the first one. So the HTML is
//! read, and for each link whose text is a path in code:
//!
//! 1. The last segment of the text is the name of the target.
//! 2. If several methods of the target page have this name, the first one is in the block of the method that the link
//!    documents, or in a block that names the type of the page.
//! 3. A text that is only the name of a method leads to a method of the item of the page, or its paragraph names the type.

mod html;
mod page;

use anyhow::{Context, Result, bail};
use page::{Link, Page};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Crates whose documentation is checked.
const CRATES: [&str; 2] = ["pictify", "pictify_api"];

/// Checks the documentation in the directory `docs`, such as `target/doc`, and fails with all findings.
///
/// # Errors
/// If a link breaks a rule, or there is no documentation.
pub fn check(docs: &Path, out: &mut impl Write) -> Result<()> {
    let mut pages = BTreeMap::new();
    for package in CRATES {
        read(docs, Path::new(package), &mut pages)?;
    }
    let links: usize = pages.values().map(|page| page.links.len()).sum();
    let findings = findings(&pages);
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if !findings.is_empty() {
        bail!("{} of {links} links lead to another item than their text says", findings.len());
    }
    writeln!(out, "{links} links of {} pages lead where their texts say", pages.len())?;
    Ok(())
}

fn read(docs: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Result<()> {
    let path = docs.join(folder);
    let missing = || format!("{} cannot be read: run `cargo doc --no-deps -p pictify -p pictify-api`", path.display());
    for entry in fs::read_dir(&path).with_context(missing)? {
        let entry = entry?;
        let file = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            read(docs, &file, pages)?;
        } else if file.extension().is_some_and(|extension| extension == "html") {
            let text = fs::read_to_string(docs.join(&file)).with_context(|| file.display().to_string())?;
            pages.insert(file.clone(), Page::parse(&file, &text));
        }
    }
    Ok(())
}

/// Returns a line for each link that breaks a rule.
fn findings(pages: &BTreeMap<PathBuf, Page>) -> Vec<String> {
    let mut findings = Vec::new();
    for page in pages.values() {
        for link in &page.links {
            if let Some(problem) = problem(page, link, pages) {
                let place = page.path.display().to_string().replace('\\', "/");
                let item = if link.item.is_empty() { String::new() } else { format!("#{}", link.item) };
                findings.push(format!("{place}{item}: [`{}`]({}): {problem}", link.text, link.href));
            }
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

/// Returns the rule that a link breaks.
fn problem(page: &Page, link: &Link, pages: &BTreeMap<PathBuf, Page>) -> Option<String> {
    let (path, anchor) = page::target(&page.path, &link.href)?;
    let text = path_text(link)?;
    let (_, target_item) = page::item_of(&path);
    let Some((kind, name)) = anchor.split_once('.') else {
        // The heading of a chapter has any text.
        let is_other = anchor.is_empty() && last(text) != target_item;
        return is_other.then(|| format!("leads to `{target_item}`"));
    };
    let (name, number) = without_number(name);
    if last(text) != name {
        return Some(format!("leads to `{name}`"));
    }
    if !kind.ends_with("method") {
        return None;
    }
    if number.is_some() {
        return Some("leads to one of several methods of this name by its number, which may change".to_owned());
    }
    let target = pages.get(&path);
    let (page_kind, page_item) = page.item();
    let first = target.and_then(|target| target.anchors.iter().find(|other| other.id == anchor));
    let block = first.map(|anchor| anchor.block.as_str()).unwrap_or_default();
    let twin = format!("{anchor}-1");
    let has_twin = target.is_some_and(|target| target.anchors.iter().any(|other| other.id == twin));
    let is_of_page = page_kind != "mod" && has_word(block, page_item);
    if has_twin && !text.contains("::") {
        let is_same_page = path == page.path;
        let is_right =
            if is_same_page && !link.block.is_empty() { link.block == block } else { !is_same_page && is_of_page };
        return (!is_right).then(|| format!("several methods have this name, and this is the one of `{block}`"));
    }
    let names_type = has_word(&link.paragraph, target_item) || target_item.eq_ignore_ascii_case(page_item);
    if path != page.path && !text.contains("::") && !is_of_page && !names_type {
        return Some(format!("leads to a method of `{target_item}`, which its paragraph does not name"));
    }
    None
}

/// Returns the text of a link if it is the path of an item, without what may surround it.
fn path_text(link: &Link) -> Option<&str> {
    let text = link.text.trim();
    let text = text.strip_suffix("()").or_else(|| text.strip_suffix('!')).unwrap_or(text);
    let is_name =
        |part: &str| !part.is_empty() && part.chars().all(|character| character.is_alphanumeric() || character == '_');
    (link.is_code && text.split("::").all(is_name)).then_some(text)
}

fn last(text: &str) -> &str {
    text.rsplit("::").next().unwrap_or(text)
}

/// Splits the number off that rustdoc appends to the second and later anchors of one name.
fn without_number(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('-') {
        Some((name, number)) => (name, Some(number)),
        None => (name, None),
    }
}

/// Returns true if a text contains a word as a whole.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|character: char| !(character.is_alphanumeric() || character == '_')).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with two methods of one name, in two blocks.
    const CALL: &str = r#"
        <div class="docblock"><p>A call.</p></div>
        <section id="impl-Call%3CCreateImage%3E" class="impl"><h3 class="code-header">impl Call&lt;CreateImage&gt;</h3></section>
        <section id="method.size" class="method"></section><div class="docblock"><p>IMAGE</p></div>
        <section id="method.format" class="method"></section>
        <section id="impl-Call%3CCreateGif%3E" class="impl"><h3 class="code-header">impl Call&lt;CreateGif&gt;</h3></section>
        <section id="method.size-1" class="method"></section><div class="docblock"><p>GIF</p></div>
        <section id="method.loops" class="method"></section>
    "#;

    /// Returns the findings of a link, which replaces the text `place` of one of the pages.
    fn found(place: &str, paragraph: &str) -> Vec<String> {
        let texts = [
            ("pictify/struct.Call.html", CALL),
            (
                "pictify/struct.Client.html",
                r#"<div class="docblock"><p>CLIENT</p></div><section id="method.images"></section>"#,
            ),
            ("pictify/images/struct.CreateImage.html", r#"<div class="docblock"><p>REQUEST</p></div>"#),
            ("pictify/images/index.html", r#"<div class="docblock"><ul><li>MODULE</li></ul></div>"#),
        ];
        let pages = texts
            .map(|(path, text)| (PathBuf::from(path), Page::parse(Path::new(path), &text.replace(place, paragraph))));
        findings(&BTreeMap::from(pages))
    }

    fn link(text: &str, href: &str) -> String {
        format!("See <a href=\"{href}\"><code>{text}</code></a>.")
    }

    #[test]
    fn a_link_leads_to_the_item_that_its_text_names() {
        // (place, text, href)
        let right = [
            ("REQUEST", "Client", "../struct.Client.html"),
            ("REQUEST", "crate::Client", "../struct.Client.html"),
            ("REQUEST", "Client::images", "../struct.Client.html#method.images"),
            ("REQUEST", "Client::images()", "../struct.Client.html#method.images"),
            ("REQUEST", "Option", "https://doc.rust-lang.org/core/option/enum.Option.html"),
            ("REQUEST", "send the request", "../struct.Client.html"),
            ("REQUEST", "errors", "../index.html#errors-and-retries"),
            ("MODULE", "CreateImage", "struct.CreateImage.html"),
            ("CLIENT", "images", "images/index.html"),
            ("CLIENT", "images", "#method.images"),
            // Methods of one name.
            ("IMAGE", "size", "#method.size"),
            ("IMAGE", "loops", "#method.loops"),
            ("REQUEST", "size", "../struct.Call.html#method.size"),
            ("REQUEST", "Call::size", "../struct.Call.html#method.size"),
            ("REQUEST", "format", "../struct.Call.html#method.format"),
        ];
        for (place, text, href) in right {
            assert_eq!(found(place, &link(text, href)), [""; 0], "{place} {text} {href}");
        }
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_found() {
        // (place, text, href, part of the finding)
        let wrong = [
            ("REQUEST", "Client", "../struct.Call.html", "leads to `Call`"),
            ("REQUEST", "Client::image", "../struct.Client.html#method.images", "leads to `images`"),
            ("GIF", "size", "#method.size", "the one of `impl Call<CreateImage>`"),
            ("GIF", "size", "#method.size-1", "by its number"),
            ("CLIENT", "size", "struct.Call.html#method.size", "the one of `impl Call<CreateImage>`"),
            ("CLIENT", "loops", "struct.Call.html#method.loops", "a method of `Call`, which its paragraph"),
            ("REQUEST", "loops", "../struct.Call.html#method.loops", "a method of `Call`, which its paragraph"),
            ("MODULE", "images", "../struct.Client.html#method.images", "a method of `Client`, which its paragraph"),
        ];
        for (place, text, href, part) in wrong {
            let found = found(place, &link(text, href));
            assert!(matches!(found.as_slice(), [one] if one.contains(part)), "{place} {text} {href}: {found:?}");
        }
    }

    #[test]
    fn a_paragraph_that_names_the_type_explains_the_method() {
        let paragraph =
            format!("A client: <code>Client</code>. {}", link("images", "../struct.Client.html#method.images"));
        assert_eq!(found("MODULE", &paragraph), [""; 0]);
        let apart = format!("<code>Client</code>.</li><li>{}", link("images", "../struct.Client.html#method.images"));
        assert_eq!(found("MODULE", &apart).len(), 1);
    }

    #[test]
    fn a_finding_names_page_and_item() {
        let found = found("GIF", &link("size", "#method.size"));
        assert!(
            found[0].starts_with("pictify/struct.Call.html#method.size-1: [`size`](#method.size): several"),
            "{found:?}"
        );
    }

    #[test]
    fn missing_documentation_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path(), &mut Vec::new()).unwrap_err().to_string().contains("cargo doc"));
    }
}
