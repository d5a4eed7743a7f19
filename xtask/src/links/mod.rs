//! Links of the documentation lead to the items that their texts name.
//!
//! rustdoc reports links that lead nowhere. It does not report a link that leads to another item than the reader expects: the
//! types of this SDK have methods of one name in several `impl` blocks, and rustdoc links to the first one. So the HTML is
//! read, and for each link whose text is a path in code:
//!
//! 1. The last segment of the text is the name of the target.
//! 2. A method in a block for one type of request, such as `impl<C> Call<CreateImage, C>`, belongs to this request: the
//!    signature of the documented method, the page or the paragraph names `CreateImage`. The text `Call::events` may lead to
//!    the only method of this name from anywhere.
//! 3. No link has the number that rustdoc appends to the second anchor of one name: it changes with the order of the code.

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
    // rustdoc writes the anchor without its number, and so links to the first of several methods.
    let anchors = pages.get(&path)?.anchors.iter();
    let block = &anchors.clone().find(|other| other.id == anchor)?.block;
    let request = request_of(block, target_item)?;
    // `Call::events`, the only one of this name, is what the text says wherever it is.
    let twin = format!("{anchor}-1");
    if text.contains("::") && !anchors.clone().any(|other| other.id == twin) {
        return None;
    }
    let (_, page_item) = page.item();
    let context = [&link.signature, &link.block, &link.paragraph];
    let is_of_request = page_item == request || context.iter().any(|text| has_word(text, request));
    (!is_of_request).then(|| format!("leads to the method of `{request}`, which is not what the text is about"))
}

/// Returns the first type parameter of `target` in the head of a block, if it is a type and not a parameter of the block.
fn request_of<'a>(block: &'a str, target: &str) -> Option<&'a str> {
    let (_, arguments) = block.split_once(&format!("{target}<"))?;
    let mut parameters = arguments.split([',', '>', '<']).map(str::trim);
    let first = parameters.find(|parameter| !parameter.starts_with('\''))?;
    // The parameters of the block are single letters. A block for one of the clients belongs to the same operation.
    (first.len() > 1 && first != "Client").then_some(first)
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

    /// A page with methods of one name in several blocks.
    const CALL: &str = r#"
        <div class="docblock"><p>CALL</p></div>
        <section id="impl-1" class="impl"><h3 class="code-header">impl&lt;O, C&gt; Call&lt;O, C&gt;</h3></section>
        <section id="method.timeout" class="method"></section>
        <section id="impl-2" class="impl"><h3 class="code-header">impl&lt;C&gt; Call&lt;CreateImage, C&gt;</h3></section>
        <section id="method.size" class="method"></section><div class="docblock"><p>IMAGE</p></div>
        <section id="impl-3" class="impl"><h3 class="code-header">impl&lt;C&gt; Call&lt;CreateGif, C&gt;</h3></section>
        <section id="method.size-1" class="method"></section><div class="docblock"><p>GIF</p></div>
        <section id="method.loops" class="method"></section>
        <section id="impl-4" class="impl"><h3 class="code-header">impl Call&lt;Client&gt;</h3></section>
        <section id="method.send" class="method"></section>
        <section id="impl-5" class="impl"><h3 class="code-header">impl Call&lt;Client&gt;</h3></section>
        <section id="method.send-1" class="method"></section>
    "#;

    const IMAGES: &str = r#"
        <section id="impl-1" class="impl"><h3 class="code-header">impl&lt;C&gt; Images&lt;C&gt;</h3></section>
        <section id="method.create"><h4 class="code-header">pub fn create(&amp;self) -&gt; Call&lt;CreateImage, C&gt;</h4></section>
        <div class="docblock"><p>CREATE</p></div>
        <section id="method.gif"><h4 class="code-header">pub fn gif(&amp;self) -&gt; Call&lt;CreateGif, C&gt;</h4></section>
        <div class="docblock"><p>ANIMATE</p></div>
    "#;

    /// Returns the findings of a link, which replaces the text `place` of one of the pages.
    fn found(place: &str, paragraph: &str) -> Vec<String> {
        let texts = [
            ("pictify/struct.Call.html", CALL),
            ("pictify/images/struct.Images.html", IMAGES),
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
            ("REQUEST", "Call", "../struct.Call.html"),
            ("REQUEST", "crate::Call", "../struct.Call.html"),
            ("REQUEST", "Images::create", "struct.Images.html#method.create"),
            ("REQUEST", "Images::create()", "struct.Images.html#method.create"),
            ("REQUEST", "Option", "https://doc.rust-lang.org/core/option/enum.Option.html"),
            ("REQUEST", "send the request", "../struct.Call.html"),
            ("REQUEST", "errors", "../index.html#errors-and-retries"),
            ("MODULE", "CreateImage", "struct.CreateImage.html"),
            ("CALL", "images", "images/index.html"),
            ("CREATE", "gif", "#method.gif"),
            // Methods of one name.
            ("IMAGE", "size", "#method.size"),
            ("GIF", "loops", "#method.loops"),
            ("REQUEST", "size", "../struct.Call.html#method.size"),
            ("CREATE", "size", "../struct.Call.html#method.size"),
            ("CREATE", "Call::size", "../struct.Call.html#method.size"),
            ("ANIMATE", "loops", "../struct.Call.html#method.loops"),
            ("CREATE", "Call::loops", "../struct.Call.html#method.loops"),
            ("ANIMATE", "timeout", "../struct.Call.html#method.timeout"),
            ("MODULE", "timeout", "../struct.Call.html#method.timeout"),
            // A method of both clients.
            ("MODULE", "send", "../struct.Call.html#method.send"),
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
            ("REQUEST", "Images::created", "struct.Images.html#method.create", "leads to `create`"),
            ("GIF", "size", "#method.size", "the method of `CreateImage`"),
            ("GIF", "size", "#method.size-1", "by its number"),
            ("ANIMATE", "size", "../struct.Call.html#method.size", "the method of `CreateImage`"),
            ("ANIMATE", "Call::size", "../struct.Call.html#method.size", "the method of `CreateImage`"),
            ("CREATE", "loops", "../struct.Call.html#method.loops", "the method of `CreateGif`"),
            ("REQUEST", "loops", "../struct.Call.html#method.loops", "the method of `CreateGif`"),
            ("MODULE", "size", "../struct.Call.html#method.size", "the method of `CreateImage`"),
        ];
        for (place, text, href, part) in wrong {
            let found = found(place, &link(text, href));
            assert!(matches!(found.as_slice(), [one] if one.contains(part)), "{place} {text} {href}: {found:?}");
        }
    }

    #[test]
    fn a_paragraph_that_names_the_request_explains_the_method() {
        let size = link("size", "../struct.Call.html#method.size");
        assert_eq!(found("MODULE", &format!("An image: <code>CreateImage</code>. {size}")), [""; 0]);
        assert_eq!(found("MODULE", &format!("<code>CreateImage</code>.</li><li>{size}")).len(), 1);
    }

    #[test]
    fn a_finding_names_page_and_item() {
        let found = found("GIF", &link("size", "#method.size"));
        assert!(
            found[0].starts_with("pictify/struct.Call.html#method.size-1: [`size`](#method.size): leads"),
            "{found:?}"
        );
    }

    #[test]
    fn missing_documentation_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path(), &mut Vec::new()).unwrap_err().to_string().contains("cargo doc"));
    }
}
