//! Workarounds for two errors of takumi in the animation of `@keyframes`.
//!
//! If a rule has only the last keyframe, the engine animates towards it, but at the very end shows the element as it was
//! before the animation: an element that has faded in disappears again. With an empty first keyframe, which changes no
//! property, it shows the last keyframe at the end.
//!
//! Between two angles the engine takes the shorter way, so a full rotation does not move at all. `rotate(360deg)` equals
//! five times `rotate(72deg)`, and that angle is small enough. The engine animates the functions of a list one by one.

use std::{borrow::Cow, ops::Range};

const EMPTY_FIRST_KEYFRAME: &str = "0%{}";

/// Maximum absolute angle, in degrees, for which the shorter way to any other such angle is the correct one.
const MAX_ANGLE: f64 = 90.0;

/// Maximum number of parts into which a rotation is split.
const MAX_PARTS: u32 = 64;

/// Returns the style sheet with both workarounds applied to its `@keyframes` rules.
pub(super) fn fix_keyframes(css: &str) -> String {
    let mut fixed = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(at) = rest.find('@') {
        let (before, rule) = rest.split_at(at);
        fixed.push_str(before);
        let Some(start) = block_start(rule) else {
            fixed.push('@');
            rest = &rule[1..];
            continue;
        };
        let end = block_end(rule, start);
        fixed.push_str(&rule[..start]);
        fixed.push_str(EMPTY_FIRST_KEYFRAME);
        fixed.push_str(&split_rotations(&rule[start..end]));
        rest = &rule[end..];
    }
    fixed.push_str(rest);
    fixed
}

/// Returns the index after the opening brace, if the text starts with a `@keyframes` rule. The word `@keyframes` in a
/// comment or a string is not followed by a name and a brace.
fn block_start(rule: &str) -> Option<usize> {
    let word = rule[1..].split(|letter: char| !letter.is_ascii_alphabetic() && letter != '-').next()?;
    if !["keyframes", "-webkit-keyframes"].iter().any(|name| word.eq_ignore_ascii_case(name)) {
        return None;
    }
    let name = &rule[1 + word.len()..];
    let brace = name.find('{')?;
    let is_name = |letter: char| letter.is_alphanumeric() || letter.is_whitespace() || "-_\"'\\".contains(letter);
    name[..brace].chars().all(is_name).then_some(1 + word.len() + brace + 1)
}

/// Returns the index of the closing brace of the block that begins at `start`.
fn block_end(rule: &str, start: usize) -> usize {
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

/// Rotation function in a block of keyframes.
struct Rotation<'a> {
    range: Range<usize>,
    function: &'a str,
    degrees: f64,
}

/// Splits every rotation of the block into the same number of parts, so that the functions of two keyframes correspond.
fn split_rotations(block: &str) -> Cow<'_, str> {
    let rotations = find_rotations(block);
    let max_degrees = rotations.iter().map(|rotation| rotation.degrees.abs()).fold(0.0, f64::max);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let parts = (max_degrees / MAX_ANGLE) as u32 + 1;
    if parts == 1 || parts > MAX_PARTS {
        return block.into();
    }
    let mut fixed = String::with_capacity(block.len());
    let mut copied = 0;
    for rotation in rotations {
        let part = format!("{}({}deg)", rotation.function, rotation.degrees / f64::from(parts));
        fixed.push_str(&block[copied..rotation.range.start]);
        fixed.push_str(&vec![part; parts as usize].join(" "));
        copied = rotation.range.end;
    }
    fixed.push_str(&block[copied..]);
    fixed.into()
}

fn find_rotations(block: &str) -> Vec<Rotation<'_>> {
    let lower = block.to_ascii_lowercase();
    let mut rotations = Vec::new();
    for (open, _) in lower.match_indices('(') {
        let Some(function) = ["hue-rotate", "rotatez", "rotate"].into_iter().find(|name| lower[..open].ends_with(name))
        else {
            continue;
        };
        let start = open - function.len();
        let is_longer_name = lower[..start].ends_with(|letter: char| letter.is_alphanumeric() || letter == '-');
        let Some(length) = lower[open..].find(')').filter(|_| !is_longer_name) else { continue };
        let Some(degrees) = parse_degrees(lower[open + 1..open + length].trim()) else { continue };
        rotations.push(Rotation { range: start..open + length + 1, function: &block[start..open], degrees });
    }
    rotations
}

fn parse_degrees(angle: &str) -> Option<f64> {
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
    fn only_keyframes_rules_get_an_empty_first_keyframe() {
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
            assert_eq!(fix_keyframes(css), expected);
        }
    }

    #[test]
    fn rotations_of_more_than_90_degrees_are_split() {
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
            assert_eq!(split_rotations(block), expected);
        }
        assert_eq!(split_rotations("rotate(360deg)").matches("rotate(72deg)").count(), 5);
    }
}
