//! Repairs of `@keyframes` for the embedded engine, which animates two things otherwise than CSS says.
//!
//! Where only the last keyframe is given, the engine goes there, but at the very end it shows the element as it was before:
//! what has faded in is gone again. With an empty first keyframe, which changes nothing, it shows the end.
//!
//! From one angle to another it takes the shorter way, so that a whole turn is none. But `rotate(360deg)` is the same as
//! five times `rotate(72deg)`, which is short enough; and the engine animates the items of a list one by one.

use std::{borrow::Cow, ops::Range};

const START: &str = "0%{}";

/// How far an angle may be from zero, in degrees, so that the shorter way to any other such angle is the right one.
const SHORT: f64 = 90.0;

/// Into how many parts a turn is divided at most.
const PARTS: u32 = 64;

/// The style sheet with its keyframes repaired.
pub(super) fn repaired(css: &str) -> String {
    let mut repaired = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(at) = rest.find('@') {
        let (before, rule) = rest.split_at(at);
        repaired.push_str(before);
        let Some(start) = opening(rule) else {
            repaired.push('@');
            rest = &rule[1..];
            continue;
        };
        let end = closing(rule, start);
        repaired.push_str(&rule[..start]);
        repaired.push_str(START);
        repaired.push_str(&with_short_turns(&rule[start..end]));
        rest = &rule[end..];
    }
    repaired.push_str(rest);
    repaired
}

/// How long the beginning of a rule is, with its brace, if it is one of keyframes. A comment or a string that only speaks
/// of them has no brace after the name.
fn opening(rule: &str) -> Option<usize> {
    let word = rule[1..].split(|letter: char| !letter.is_ascii_alphabetic() && letter != '-').next()?;
    if !["keyframes", "-webkit-keyframes"].iter().any(|name| word.eq_ignore_ascii_case(name)) {
        return None;
    }
    let name = &rule[1 + word.len()..];
    let brace = name.find('{')?;
    let is_name = |letter: char| letter.is_alphanumeric() || letter.is_whitespace() || "-_\"'\\".contains(letter);
    name[..brace].chars().all(is_name).then_some(1 + word.len() + brace + 1)
}

/// Where the block ends that begins at `start`, without its brace.
fn closing(rule: &str, start: usize) -> usize {
    let mut depth = 1_u32;
    for (index, letter) in rule[start..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return start + index;
        }
    }
    rule.len()
}

/// A turn in a block: where it is written, its function, and how many degrees it has.
struct Turn<'a> {
    range: Range<usize>,
    function: &'a str,
    degrees: f64,
}

/// Every turn of the block in the same number of parts, so that the parts find each other.
fn with_short_turns(block: &str) -> Cow<'_, str> {
    let turns = turns(block);
    let widest = turns.iter().map(|turn| turn.degrees.abs()).fold(0.0, f64::max);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast keeps to what fits")]
    let parts = (widest / SHORT) as u32 + 1;
    if parts == 1 || parts > PARTS {
        return block.into();
    }
    let mut repaired = String::with_capacity(block.len());
    let mut done = 0;
    for turn in turns {
        let part = format!("{}({}deg)", turn.function, turn.degrees / f64::from(parts));
        repaired.push_str(&block[done..turn.range.start]);
        repaired.push_str(&vec![part; parts as usize].join(" "));
        done = turn.range.end;
    }
    repaired.push_str(&block[done..]);
    repaired.into()
}

fn turns(block: &str) -> Vec<Turn<'_>> {
    let lower = block.to_ascii_lowercase();
    let mut turns = Vec::new();
    for (open, _) in lower.match_indices('(') {
        let Some(function) = ["hue-rotate", "rotatez", "rotate"].into_iter().find(|name| lower[..open].ends_with(name))
        else {
            continue;
        };
        let start = open - function.len();
        let is_longer_name = lower[..start].ends_with(|letter: char| letter.is_alphanumeric() || letter == '-');
        let Some(length) = lower[open..].find(')').filter(|_| !is_longer_name) else { continue };
        let Some(degrees) = degrees(lower[open + 1..open + length].trim()) else { continue };
        turns.push(Turn { range: start..open + length + 1, function: &block[start..open], degrees });
    }
    turns
}

fn degrees(angle: &str) -> Option<f64> {
    let units = [("deg", 1.0), ("turn", 360.0), ("grad", 0.9), ("rad", 1_f64.to_degrees())];
    let (number, unit) = units
        .into_iter()
        .find_map(|(name, unit)| Some((angle.strip_suffix(name)?, unit)))
        .or_else(|| (angle == "0").then_some((angle, 0.0)))?;
    number.parse().ok().map(|number: f64| number * unit).filter(|degrees| degrees.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keyframes_get_a_start() {
        for (css, expected) in [
            ("", ""),
            ("p { color: red }", "p { color: red }"),
            ("@keyframes a { to { top: 0 } } p {}", "@keyframes a {0%{} to { top: 0 } } p {}"),
            ("@-WebKit-KeyFrames 'a-b'{}@keyframes c{}", "@-WebKit-KeyFrames 'a-b'{0%{}}@keyframes c{0%{}}"),
            ("@media print { @keyframes a {} }", "@media print { @keyframes a {0%{}} }"),
            ("/* @keyframes */ p { top: 0 }", "/* @keyframes */ p { top: 0 }"),
            ("p::before { content: '@keyframes a' } b {}", "p::before { content: '@keyframes a' } b {}"),
            ("@keyframes a {{", "@keyframes a {0%{}{"),
            ("@keyframes", "@keyframes"),
            ("@", "@"),
            ("@\u{e9}@keyframes \u{e9} {}", "@\u{e9}@keyframes \u{e9} {0%{}}"),
        ] {
            assert_eq!(repaired(css), expected);
        }
    }

    #[test]
    fn turns_are_divided() {
        for (block, expected) in [
            ("to{transform:rotate(45deg)}", "to{transform:rotate(45deg)}"),
            ("to{transform:Rotate( .5turn )}", "to{transform:Rotate(60deg) Rotate(60deg) Rotate(60deg)}"),
            (
                "from{transform:rotate(0) scale(1)}to{transform:rotate(90deg) scale(2)}",
                "from{transform:rotate(0deg) rotate(0deg) scale(1)}to{transform:rotate(45deg) rotate(45deg) scale(2)}",
            ),
            ("to{filter:hue-rotate(-100grad)}", "to{filter:hue-rotate(-45deg) hue-rotate(-45deg)}"),
            ("to{transform:rotateX(180deg)}", "to{transform:rotateX(180deg)}"),
            ("to{transform:rotate(var(--a)) rotate(99999turn)}", "to{transform:rotate(var(--a)) rotate(99999turn)}"),
            ("to{transform:rotate(", "to{transform:rotate("),
        ] {
            assert_eq!(with_short_turns(block), expected);
        }
        assert_eq!(with_short_turns("rotate(360deg)").matches("rotate(72deg)").count(), 5);
    }
}
