//! URLs of the resources of a page.

use super::css;
use crate::html_rewriter::rewrite_elements;
use lol_html::{
    element,
    errors::RewritingError,
    html_content::{ContentType, Element},
    text,
};
use std::cell::RefCell;

/// Kind of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResourceKind {
    Image,
    StyleSheet,
}

/// Replacement of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// The URL is unchanged.
    Keep,
    /// New URL of an image, or rules of a style sheet.
    With(String),
    /// The resource is removed.
    Remove,
}

/// Replaces the URLs of the images and style sheets of a page.
pub(super) fn rewrite(
    html: &str,
    replace: &mut dyn FnMut(ResourceKind, &str) -> Replacement,
) -> Result<String, RewritingError> {
    let replace = RefCell::new(replace);
    let mut replace_image = |url: &str| match (replace.borrow_mut())(ResourceKind::Image, url) {
        Replacement::Keep => None,
        Replacement::With(url) => Some(url),
        Replacement::Remove => Some(super::TRANSPARENT_PIXEL.to_owned()),
    };
    let replace_image = RefCell::new(&mut replace_image);
    let rules = RefCell::new(String::new());
    let replace_attribute = |element: &mut Element<'_, '_>, name: &str| {
        if let Some(url) = element.get_attribute(name).and_then(|url| (replace_image.borrow_mut())(&unescape(&url))) {
            element.set_attribute(name, &url)?;
            // `srcset` still refers to the original image.
            element.remove_attribute("srcset");
        }
        Ok(())
    };
    rewrite_elements(
        html,
        vec![
            element!("img[src]", |image| replace_attribute(image, "src")),
            element!("image[href]", |image| replace_attribute(image, "href")),
            element!("[style]", |element| {
                let style = element.get_attribute("style").unwrap_or_default();
                if style.contains("url(") {
                    let style = css::rewrite(&unescape(&style), &mut |url| (replace_image.borrow_mut())(url));
                    element.set_attribute("style", &style)?;
                }
                Ok(())
            }),
            element!("link[rel~=\"stylesheet\" i][href]", |link| {
                let url = unescape(&link.get_attribute("href").unwrap_or_default());
                match (replace.borrow_mut())(ResourceKind::StyleSheet, &url) {
                    Replacement::Keep => {}
                    // Escaped, because a style sheet with an end tag would continue as HTML.
                    Replacement::With(rules) => {
                        let rules = rules.replace("</", "<\\/");
                        link.replace(&format!("<style>{rules}</style>"), ContentType::Html);
                    }
                    Replacement::Remove => link.remove(),
                }
                Ok(())
            }),
            text!("style", |chunk| {
                rules.borrow_mut().push_str(chunk.as_str());
                if chunk.last_in_text_node() {
                    let rules = rules.take();
                    let rules = css::rewrite(&rules, &mut |url| (replace_image.borrow_mut())(url));
                    chunk.replace(&rules, ContentType::Html);
                } else {
                    chunk.remove();
                }
                Ok(())
            }),
        ],
    )
}

/// Decodes the character references of an attribute. The rewriter returns attributes as they are written.
pub(crate) fn unescape(attribute: &str) -> String {
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
    fn images_and_style_sheets_are_replaced_everywhere() {
        for (html, expected) in [
            ("<p>no url", "<p>no url"),
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
            let output = rewrite(html, &mut |kind, url| match (kind, url) {
                (_, url) if url.starts_with("data:") => Replacement::Keep,
                (_, "gone.png" | "gone.css") => Replacement::Remove,
                (ResourceKind::StyleSheet, url) => Replacement::With(url.to_owned()),
                (ResourceKind::Image, url) => Replacement::With(format!("<{url}>")),
            });
            assert_eq!(output.unwrap().replace(super::super::TRANSPARENT_PIXEL, "nothing"), expected);
        }
    }
}
