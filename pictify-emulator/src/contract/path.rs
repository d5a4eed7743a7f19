//! Path segments with parameters.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// Path segment, such as `{uid}.{format}`: text and parameters.
pub(super) struct Segment(Vec<Piece>);

enum Piece {
    Text(String),
    Parameter(String),
}

impl Segment {
    pub(super) fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        for part in text.split('{') {
            match part.split_once('}') {
                Some((name, rest)) => {
                    pieces.push(Piece::Parameter(name.to_owned()));
                    if !rest.is_empty() {
                        pieces.push(Piece::Text(rest.to_owned()));
                    }
                }
                None if part.is_empty() => {}
                None => pieces.push(Piece::Text(part.to_owned())),
            }
        }
        Self(pieces)
    }

    /// Returns the text of a segment without parameters.
    pub(super) fn text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub(super) fn has_parameter(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Parameter(_)))
    }

    pub(super) fn matches(&self, mut part: &str, parameters: &mut BTreeMap<String, String>) -> Option<()> {
        let mut pieces = self.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => part = part.strip_prefix(text.as_str())?,
                Piece::Parameter(name) => {
                    let (value, rest) = match pieces.peek() {
                        // The last match counts: a slug may contain dots.
                        Some(Piece::Text(text)) => part.split_at(part.rfind(text.as_str())?),
                        _ => (part, ""),
                    };
                    if value.is_empty() {
                        return None;
                    }
                    parameters.insert(name.clone(), percent_decode_str(value).decode_utf8().ok()?.into_owned());
                    part = rest;
                }
            }
        }
        part.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_may_share_a_segment() {
        let mut parameters = BTreeMap::new();
        Segment::new("{slug}.{format}").matches("v1.2.png", &mut parameters).unwrap();
        assert_eq!((parameters["slug"].as_str(), parameters["format"].as_str()), ("v1.2", "png"));
        assert!(Segment::new("{slug}.{format}").matches("none", &mut parameters).is_none());
        assert!(Segment::new("{slug}.{format}").matches(".png", &mut parameters).is_none());
    }
}
