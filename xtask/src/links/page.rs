//! A page of the documentation: its item, its methods with the blocks that implement them, and the links in its prose.

use super::html::{self, Piece};
use std::path::{Component, Path, PathBuf};

/// Page of one item.
#[derive(Debug, Default)]
pub struct Page {
    /// Path below the directory of the documentation.
    pub path: PathBuf,
    /// Anchors of methods, fields, variants and the like, in page order.
    pub anchors: Vec<Anchor>,
    /// Links in the documentation that people wrote.
    pub links: Vec<Link>,
}

/// Anchor of an item within a page.
#[derive(Debug)]
pub struct Anchor {
    /// Such as `method.size`; the next one of the same name is `method.size-1`.
    pub id: String,
    /// Head of the `impl` block around it.
    pub block: String,
}

/// Link in prose.
#[derive(Debug, Default)]
pub struct Link {
    /// Text of the link.
    pub text: String,
    /// True if the text is code.
    pub is_code: bool,
    /// Target as written.
    pub href: String,
    /// Text of the paragraph, list item or table cell around it.
    pub paragraph: String,
    /// Head of the `impl` block around it; empty in the documentation of the item itself.
    pub block: String,
    /// Anchor of the method or field that it documents; empty in the documentation of the item itself.
    pub item: String,
    /// Signature of this method.
    pub signature: String,
}

impl Page {
    /// Reads the HTML of a page.
    pub fn parse(path: &Path, text: &str) -> Self {
        let mut reader = Reader { page: Self { path: path.to_owned(), ..Self::default() }, ..Reader::default() };
        for piece in html::pieces(text) {
            match piece {
                Piece::Tag(tag) => reader.tag(tag),
                Piece::Text(text) => reader.text(text),
            }
        }
        reader.end_of_paragraph();
        reader.page
    }

    /// Returns kind and name of the item, such as `struct` and `Call`. A module has the name of its directory.
    pub fn item(&self) -> (&str, &str) {
        item_of(&self.path)
    }
}

/// Returns kind and name of the item that a page documents.
pub fn item_of(path: &Path) -> (&str, &str) {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    stem.split_once('.').unwrap_or(("mod", folder))
}

/// Returns the page and the anchor that a link leads to; `None` for a page elsewhere.
pub fn target(page: &Path, href: &str) -> Option<(PathBuf, String)> {
    if href.contains("://") {
        return None;
    }
    let (file, anchor) = href.split_once('#').unwrap_or((href, ""));
    let mut path = if file.is_empty() { page.to_owned() } else { page.parent()?.to_owned() };
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(part) => path.push(part),
            _ => {}
        }
    }
    Some((path, anchor.to_owned()))
}

/// Heading of code.
enum Head {
    Block,
    Method,
}

#[derive(Default)]
struct Reader {
    page: Page,
    /// Open `div`s since the start of a documentation block; 0 outside.
    depth: usize,
    block: String,
    item: String,
    signature: String,
    /// The head of an `impl` block, or the signature of a method, is being read.
    head: Option<Head>,
    link: Option<Link>,
    paragraph: String,
    /// Links of the current paragraph.
    links: Vec<Link>,
}

impl Reader {
    fn tag(&mut self, tag: &str) {
        let name = html::name(tag);
        if self.depth == 0 {
            self.outer_tag(name, tag);
            return;
        }
        match name {
            "div" => self.depth += 1,
            "/div" => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.end_of_paragraph();
                }
            }
            "a" => {
                let href = html::attribute(tag, "href").unwrap_or_default();
                let (block, item, signature) = (self.block.clone(), self.item.clone(), self.signature.clone());
                self.link = Some(Link { href, block, item, signature, ..Link::default() });
            }
            "/a" => self.links.extend(self.link.take()),
            "code" => {
                if let Some(link) = &mut self.link {
                    link.is_code = true;
                }
            }
            "p" | "li" | "td" | "th" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "/pre" => {
                self.end_of_paragraph();
            }
            _ => {}
        }
    }

    fn outer_tag(&mut self, name: &str, tag: &str) {
        if name == "div" && html::attribute(tag, "class").is_some_and(|class| class.split(' ').any(|c| c == "docblock"))
        {
            self.depth = 1;
        }
        if let Some(id) = html::attribute(tag, "id") {
            if name == "section" && id.starts_with("impl-") {
                self.block.clear();
                self.item.clear();
                self.signature.clear();
            } else if is_item(&id) {
                self.page.anchors.push(Anchor { id: id.clone(), block: self.block.clone() });
                self.item = id;
                self.signature.clear();
            }
        }
        match name {
            "h3" | "h4" if html::attribute(tag, "class").as_deref() == Some("code-header") => {
                self.head = Some(if self.item.is_empty() { Head::Block } else { Head::Method });
            }
            "/h3" | "/h4" => self.head = None,
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let text = html::decode(text);
        match self.head {
            Some(Head::Block) => self.block.push_str(&text),
            Some(Head::Method) => self.signature.push_str(&text),
            None => {}
        }
        if self.depth > 0 {
            self.paragraph.push_str(&text);
            if let Some(link) = &mut self.link {
                link.text.push_str(&text);
            }
        }
    }

    fn end_of_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        for mut link in self.links.drain(..) {
            link.paragraph.clone_from(&paragraph);
            self.page.links.push(link);
        }
    }
}

/// Returns true for anchors of items. Others are headings of prose.
fn is_item(id: &str) -> bool {
    let kinds = ["method", "tymethod", "structfield", "variant", "associatedtype", "associatedconstant"];
    id.split_once('.').is_some_and(|(kind, _)| kinds.contains(&kind))
}
