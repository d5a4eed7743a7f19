//! Outline of a page: its elements with the text that can be matched with a prompt.

use crate::{
    html_rewriter::{rewrite_elements, settings},
    page_loader::decode_references,
};
use lol_html::{
    HtmlRewriter, Settings, doc_text, element,
    errors::RewritingError,
    html_content::{Element as Tag, TextType},
};
use std::{cell::RefCell, rc::Rc};

/// Maximum number of elements of a page.
pub(super) const MAX_ELEMENTS: usize = 50_000;

/// Maximum number of bytes that are kept of each text of an element.
const MAX_TEXT_BYTES: usize = 1_000;

/// Maximum number of bytes that are kept of the ID and of the classes of an element.
const MAX_NAME_BYTES: usize = 500;

/// Attribute that marks the chosen elements. It must not occur in pages.
pub(super) const MARKER: &str = "data-pictify-capture";

/// Elements without an end tag.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Elements that are not displayed, with all that they contain.
const NOT_DISPLAYED: &[&str] =
    &["base", "datalist", "head", "link", "meta", "noscript", "script", "style", "template", "title"];

/// Elements that close an open paragraph.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "details",
    "div",
    "dl",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Element of a page. Its index is the number of start tags before its own.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) tag: String,
    pub(super) id: String,
    pub(super) classes: String,
    /// Labels: `aria-label`, `alt`, `title`, `placeholder`.
    pub(super) label: String,
    /// Own text, without the text of elements inside.
    pub(super) text: String,
    /// All text inside, for headings only.
    pub(super) heading: String,
    pub(super) parent: Option<usize>,
    /// Index after the last element inside.
    pub(super) end: usize,
    pub(super) depth: usize,
    /// True if the element is certainly not displayed. Style sheets can hide more elements.
    pub(super) is_hidden: bool,
}

impl Element {
    /// Returns the rank of a heading: 1 to 6, or 7 for the caption of a table, form or figure.
    pub(super) fn heading_rank(&self) -> Option<u8> {
        match self.tag.as_bytes() {
            [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
            b"caption" | b"legend" | b"figcaption" | b"summary" => Some(7),
            _ => None,
        }
    }
}

/// Reason for a page without an outline.
#[derive(Debug)]
pub(super) enum OutlineError {
    TooManyElements,
    Unreadable(RewritingError),
}

/// Reads the elements of a page in document order.
pub(super) fn read(html: &str) -> Result<Vec<Element>, OutlineError> {
    let builder = Rc::new(RefCell::new(Builder::default()));
    let (on_start, on_text) = (builder.clone(), builder.clone());
    let settings = Settings {
        document_content_handlers: vec![doc_text!(move |chunk| {
            if matches!(chunk.text_type(), TextType::Data | TextType::RCData) {
                on_text.borrow_mut().add_text(chunk.as_str());
            }
            Ok(())
        })],
        ..settings(vec![element!("*", move |tag| {
            let Some(index) = on_start.borrow_mut().open(tag) else { return Err("too many elements".into()) };
            let builder = on_start.clone();
            // Fails for elements that have no end tag.
            let _ = tag.on_end_tag(Box::new(move |_| {
                builder.borrow_mut().close(index);
                Ok(())
            }));
            Ok(())
        })])
    };
    let mut parser = HtmlRewriter::new(settings, |_: &[u8]| {});
    let written = parser.write(html.as_bytes());
    let parsed = match written {
        Ok(()) => parser.end(),
        Err(error) => {
            drop(parser);
            Err(error)
        }
    };
    match parsed {
        Ok(()) => {}
        Err(RewritingError::ContentHandlerError(_)) => return Err(OutlineError::TooManyElements),
        Err(error) => return Err(OutlineError::Unreadable(error)),
    }
    let mut builder = builder.borrow_mut();
    builder.close(0);
    Ok(std::mem::take(&mut builder.elements))
}

/// Adds [`MARKER`] to the elements with these indices. Its value is the position in `indices`.
pub(super) fn mark(html: &str, indices: &[usize]) -> Result<String, RewritingError> {
    let mut index = 0;
    let mark = element!("*", |tag| {
        tag.remove_attribute(MARKER);
        if let Some(position) = indices.iter().position(|marked| *marked == index) {
            tag.set_attribute(MARKER, &position.to_string())?;
        }
        index += 1;
        Ok(())
    });
    rewrite_elements(html, vec![mark])
}

/// Builds the tree from the start and end tags. It closes elements whose end tag may be omitted.
#[derive(Default)]
struct Builder {
    elements: Vec<Element>,
    /// Indices of the open elements.
    open: Vec<usize>,
}

impl Builder {
    /// Adds an element and returns its index, or `None` above the limit.
    fn open(&mut self, tag: &Tag<'_, '_>) -> Option<usize> {
        let index = self.elements.len();
        if index == MAX_ELEMENTS {
            return None;
        }
        let name = tag.tag_name();
        self.close_implied(&name);
        let parent = self.open.last().copied();
        let attribute =
            |name: &str, max| tag.get_attribute(name).map(|value| cut(&decode_references(&value), max).to_owned());
        let style: String = attribute("style", MAX_TEXT_BYTES).unwrap_or_default();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        let is_hidden = NOT_DISPLAYED.contains(&name.as_str())
            || tag.has_attribute("hidden")
            || style.contains("display:none")
            || (name == "input" && attribute("type", 20).is_some_and(|kind| kind.eq_ignore_ascii_case("hidden")));
        let labels = ["aria-label", "alt", "title", "placeholder"];
        let labels: Vec<_> = labels.into_iter().filter_map(|label| attribute(label, MAX_TEXT_BYTES)).collect();
        self.elements.push(Element {
            id: attribute("id", MAX_NAME_BYTES).unwrap_or_default(),
            classes: attribute("class", MAX_NAME_BYTES).unwrap_or_default(),
            label: labels.join(" "),
            text: String::new(),
            heading: String::new(),
            parent,
            end: index + 1,
            depth: self.open.len(),
            // The inside of a drawing has no boxes of its own.
            is_hidden: is_hidden
                || parent.is_some_and(|parent| {
                    let parent = &self.elements[parent];
                    parent.is_hidden || matches!(parent.tag.as_str(), "svg" | "math" | "select")
                }),
            tag: name,
        });
        if !VOID.contains(&self.elements[index].tag.as_str()) && tag.can_have_content() {
            self.open.push(index);
        }
        Some(index)
    }

    /// Closes elements that end where this one begins.
    fn close_implied(&mut self, tag: &str) {
        let (closed, limits): (&[&str], &[&str]) = match tag {
            "li" => (&["li"], &["ul", "ol", "menu"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tr" => (&["tr"], &["table"]),
            "thead" | "tbody" | "tfoot" => (&["thead", "tbody", "tfoot", "caption"], &["table"]),
            "option" | "optgroup" => (&["option"], &["select", "datalist"]),
            "body" => (&["head"], &["html"]),
            _ if BLOCKS.contains(&tag) => (&["p"], &["button", "td", "th", "li", "div", "section", "body"]),
            _ => return,
        };
        let open = self.open.iter().rev().take(64).map(|open| self.elements[*open].tag.as_str());
        let mut found = None;
        for (distance, name) in open.enumerate() {
            if closed.contains(&name) {
                found = Some(distance);
                break;
            }
            if limits.contains(&name) {
                break;
            }
        }
        if let Some(index) = found.and_then(|distance| self.open.iter().rev().nth(distance)) {
            self.close(*index);
        }
    }

    /// Closes an element and all open elements inside it.
    fn close(&mut self, index: usize) {
        let end = self.elements.len();
        while self.open.last().is_some_and(|open| *open >= index) {
            if let Some(element) = self.open.pop().and_then(|open| self.elements.get_mut(open)) {
                element.end = end;
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        let Some(index) = self.open.last().copied() else { return };
        if self.elements[index].is_hidden || text.trim().is_empty() {
            return;
        }
        let text = decode_references(text);
        append(&mut self.elements[index].text, &text);
        let open = self.open.iter().rev().take(8).copied();
        for open in open.filter(|open| self.elements[*open].heading_rank().is_some()).collect::<Vec<_>>() {
            append(&mut self.elements[open].heading, &text);
        }
    }
}

/// Appends a text with single spaces, up to the limit.
fn append(target: &mut String, text: &str) {
    for word in text.split_whitespace() {
        if target.len() + word.len() >= MAX_TEXT_BYTES {
            break;
        }
        if !target.is_empty() {
            target.push(' ');
        }
        target.push_str(word);
    }
}

/// Returns the start of a text, at most `max` bytes.
fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_contain_what_a_browser_puts_into_them() {
        let html = "<!doctype html><html><head><title>T</title><body><ul><li>One<li>Two <b>bold</b></ul>
            <p>First<p>Second<div id=d class='a b' aria-label='A &amp; B'>Text<br>more<img alt=Logo></div>
            <h2>Big <i>title</i></h2><table><tr><td>1<td>2<tr><td>3</table><div hidden><p>x</div>
            <svg><g><path/></g></svg><p>last";
        let elements = read(html).unwrap();
        let inside = |tag: &str, nth: usize| {
            let (index, element) = elements.iter().enumerate().filter(|(_, e)| e.tag == tag).nth(nth).unwrap();
            elements[index + 1..element.end].iter().map(|e| e.tag.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(inside("ul", 0), ["li", "li", "b"]);
        assert_eq!((inside("li", 0), inside("li", 1)), (vec![], vec!["b"]));
        assert_eq!((inside("p", 0), inside("p", 1)), (vec![], vec![]));
        assert_eq!(inside("div", 0), ["br", "img"]);
        assert_eq!(inside("tr", 0), ["td", "td"]);
        assert_eq!(inside("table", 0), ["tr", "td", "td", "tr", "td"]);
        let find = |tag: &str| elements.iter().find(|e| e.tag == tag).unwrap();
        let div = find("div");
        assert_eq!((&*div.id, &*div.classes, &*div.label, &*div.text), ("d", "a b", "A & B", "Text more"));
        assert_eq!((&*find("h2").heading, &*find("h2").text), ("Big title", "Big"));
        let hidden: Vec<_> = elements.iter().filter(|e| e.is_hidden).map(|e| e.tag.as_str()).collect();
        assert_eq!(hidden, ["head", "title", "div", "p", "g", "path"]);
        assert_eq!(elements.last().unwrap().text, "last");
    }

    #[test]
    fn marks_are_added_to_the_chosen_elements_only() {
        let html = "<p data-pictify-capture=0>a<b>c</b><i>d</i>";
        assert_eq!(
            mark(html, &[2, 0]).unwrap(),
            "<p data-pictify-capture=\"1\">a<b>c</b><i data-pictify-capture=\"0\">d</i>"
        );
    }

    #[test]
    fn hostile_pages_have_an_outline_or_an_error() {
        let deep = "<div>".repeat(40_000);
        assert!(read(&deep).is_ok_and(|elements| elements.len() == 40_000) || read(&deep).is_err());
        assert!(matches!(read(&"<br>".repeat(MAX_ELEMENTS + 1)), Err(OutlineError::TooManyElements)));
        assert_eq!(read(&"<br>".repeat(MAX_ELEMENTS)).unwrap().len(), MAX_ELEMENTS);
        for html in ["", "</div></p>", "<", "<div", "<div id='", "<p><table></p></table>", "&#xffffffff;", "\0<\0>"] {
            let _ = read(html).unwrap();
        }
        let name = "é".repeat(100_000);
        let elements = read(&format!("<div id='{name}' alt='{name}'>{name}")).unwrap();
        assert!(elements[0].id.len() <= MAX_NAME_BYTES && elements[0].label.len() <= MAX_TEXT_BYTES);
    }
}
