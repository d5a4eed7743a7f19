//! The addresses in a page.

use super::css;
use lol_html::{
    HtmlRewriter, MemorySettings, Settings, element,
    errors::RewritingError,
    html_content::{ContentType, Element},
    text,
};
use std::cell::RefCell;

/// How much memory a page may take while it is read, in bytes, beside itself.
const MEMORY: usize = 16 * 1024 * 1024;

/// What an address in a page is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    RenderedImage,
    Style,
}

/// What becomes of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It stays.
    Keep,
    /// Something else stands in its place: another address of a picture, or the rules of a style sheet.
    To(String),
    /// Nothing does.
    Drop,
}

/// A page with its addresses changed.
pub(super) fn rewrite(html: &str, change: &mut dyn FnMut(Use, &str) -> Change) -> Result<String, RewritingError> {
    let change = RefCell::new(change);
    let mut picture = |address: &str| match (change.borrow_mut())(Use::RenderedImage, address) {
        Change::Keep => None,
        Change::To(other) => Some(other),
        Change::Drop => Some(super::NOTHING.to_owned()),
    };
    let picture = RefCell::new(&mut picture);
    let rules = RefCell::new(String::new());
    let set = |element: &mut Element<'_, '_>, name: &str| {
        if let Some(other) =
            element.get_attribute(name).and_then(|address| (picture.borrow_mut())(&unescaped(&address)))
        {
            element.set_attribute(name, &other)?;
            // The other sizes are of the address that is gone.
            element.remove_attribute("srcset");
        }
        Ok(())
    };
    let mut output = Vec::with_capacity(html.len());
    let settings = Settings {
        element_content_handlers: vec![
            element!("img[src]", |image| set(image, "src")),
            element!("image[href]", |image| set(image, "href")),
            element!("[style]", |element| {
                let style = element.get_attribute("style").unwrap_or_default();
                if style.contains("url(") {
                    let other = css::rewrite(&unescaped(&style), &mut |address| (picture.borrow_mut())(address));
                    element.set_attribute("style", &other)?;
                }
                Ok(())
            }),
            element!("link[rel~=\"stylesheet\" i][href]", |link| {
                let address = unescaped(&link.get_attribute("href").unwrap_or_default());
                match (change.borrow_mut())(Use::Style, &address) {
                    Change::Keep => {}
                    // A style sheet that ends its own element would go on as HTML.
                    Change::To(rules) => {
                        let rules = rules.replace("</", "<\\/");
                        link.replace(&format!("<style>{rules}</style>"), ContentType::Html);
                    }
                    Change::Drop => link.remove(),
                }
                Ok(())
            }),
            text!("style", |chunk| {
                rules.borrow_mut().push_str(chunk.as_str());
                if chunk.last_in_text_node() {
                    let rules = rules.take();
                    let other = css::rewrite(&rules, &mut |address| (picture.borrow_mut())(address));
                    chunk.replace(&other, ContentType::Html);
                } else {
                    chunk.remove();
                }
                Ok(())
            }),
        ],
        memory_settings: MemorySettings { max_allowed_memory_usage: MEMORY, ..MemorySettings::new() },
        strict: false,
        ..Settings::new()
    };
    let mut rewriter = HtmlRewriter::new(settings, |bytes: &[u8]| output.extend_from_slice(bytes));
    rewriter.write(html.as_bytes())?;
    rewriter.end()?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// An attribute as it is meant: the reader gives it as it is written.
fn unescaped(attribute: &str) -> String {
    attribute
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_styles_are_found_wherever_they_stand() {
        for (html, expected) in [
            ("<p>no address", "<p>no address"),
            ("<img src=\"a.png?x=1&amp;y=2\" srcset=\"b 2x\">", "<img src=\"<a.png?x=1&y=2>\">"),
            ("<IMG SRC=gone.png alt=x>", "<IMG SRC=\"nothing\" alt=x>"),
            ("<svg><image href='a.png'/></svg>", "<svg><image href=\"<a.png>\" /></svg>"),
            ("<p style='background:url(a.png)'>", "<p style=\"background:url(&quot;<a.png>&quot;)\">"),
            ("<link rel='preload StyleSheet' href=a.css>b", "<style>a.css</style>b"),
            ("<link rel=stylesheet href=gone.css><link rel=icon href=x>", "<link rel=icon href=x>"),
            ("<link rel=stylesheet href='</style><script>'>", "<style><\\/style><script></style>"),
            ("<style>a{b:url(a.png)}</style>", "<style>a{b:url(\"<a.png>\")}</style>"),
            ("<img src=data:keep>", "<img src=data:keep>"),
        ] {
            let changed = rewrite(html, &mut |used, address| match (used, address) {
                (_, address) if address.starts_with("data:") => Change::Keep,
                (_, "gone.png" | "gone.css") => Change::Drop,
                (Use::Style, address) => Change::To(address.to_owned()),
                (Use::RenderedImage, address) => Change::To(format!("<{address}>")),
            });
            assert_eq!(changed.unwrap().replace(super::super::NOTHING, "nothing"), expected);
        }
    }
}
