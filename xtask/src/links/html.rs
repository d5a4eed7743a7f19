//! A reader for the HTML that rustdoc writes: well-formed tags, and nothing that needs the rules of browsers.

/// Piece of a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Tag without its angle brackets, such as `a href="x"` or `/a`.
    Tag(&'a str),
    /// Text between two tags, with its entities.
    Text(&'a str),
}

/// Returns the tags and texts of a page, in order. Comments are left out.
pub fn pieces(mut html: &str) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        loop {
            if html.is_empty() {
                return None;
            }
            if let Some(rest) = html.strip_prefix("<!--") {
                html = rest.split_once("-->").map_or("", |(_, rest)| rest);
            } else if let Some(rest) = html.strip_prefix('<') {
                let end = end_of_tag(rest);
                html = rest.get(end + 1..).unwrap_or_default();
                return Some(Piece::Tag(&rest[..end]));
            } else {
                let end = html.find('<').unwrap_or(html.len());
                let (text, rest) = html.split_at(end);
                html = rest;
                return Some(Piece::Text(text));
            }
        }
    })
}

/// Returns the place of the `>` that ends a tag; one in a quoted attribute does not.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (place, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return place,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    tag.len()
}

/// Returns the name of a tag, with the slash of an end tag.
pub fn name(tag: &str) -> &str {
    tag.split([' ', '\n', '\t']).next().unwrap_or_default()
}

/// Returns the value of an attribute, decoded.
pub fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = format!(" {name}=\"");
    let value = &tag[tag.find(&start)? + start.len()..];
    Some(decode(value.split('"').next().unwrap_or_default()))
}

/// Replaces the entities that rustdoc writes.
pub fn decode(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_in_pieces() {
        let html = "<p title=\"a > b\">x &lt; y<!-- <b> --><br>z</p>";
        let pieces: Vec<_> = pieces(html).collect();
        let expected = [
            Piece::Tag("p title=\"a > b\""),
            Piece::Text("x &lt; y"),
            Piece::Tag("br"),
            Piece::Text("z"),
            Piece::Tag("/p"),
        ];
        assert_eq!(pieces, expected);
        assert_eq!(attribute("p title=\"a &gt; b\"", "title").as_deref(), Some("a > b"));
        assert_eq!((name("p title=\"\""), name("/p")), ("p", "/p"));
        for broken in ["<", "<a href=\"", "<!--", "a<b"] {
            assert!(super::pieces(broken).count() <= 2, "{broken}");
        }
    }
}
