//! Differences of texts, by lines.

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// Number of unchanged lines around a change.
const CONTEXT_LINES: usize = 3;

/// Time after which a difference is only approximate.
const DIFF_TIMEOUT: Duration = Duration::from_millis(200);

/// Returns the changed lines of a text with the lines around them, in groups, for the view `difference`.
pub(super) fn lines(before: &str, after: &str) -> Value {
    let diff = TextDiff::configure().timeout(DIFF_TIMEOUT).diff_lines(before, after);
    let line = |change: &similar::Change<&str>| {
        let number = |index: Option<usize>| index.map(|index| index + 1);
        json!({
            "kind": match change.tag() {
                ChangeTag::Delete => "removed",
                ChangeTag::Insert => "added",
                ChangeTag::Equal => "same",
            },
            "sign": match change.tag() {
                ChangeTag::Delete => "-",
                ChangeTag::Insert => "+",
                ChangeTag::Equal => " ",
            },
            "before": number(change.old_index()),
            "after": number(change.new_index()),
            "text": change.value().trim_end_matches(['\n', '\r']),
        })
    };
    let groups = diff.grouped_ops(CONTEXT_LINES);
    let groups: Vec<Vec<Value>> = groups
        .iter()
        .map(|group| group.iter().flat_map(|op| diff.iter_changes(op)).map(|change| line(&change)).collect())
        .collect();
    groups.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_have_their_surroundings() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let shown = |after: &str| {
            let groups = lines(before, after);
            let groups = groups.as_array().unwrap().iter().map(|group| {
                let lines = group.as_array().unwrap().iter();
                lines
                    .map(|line| format!("{}{}", line["sign"].as_str().unwrap(), line["text"].as_str().unwrap()))
                    .collect()
            });
            groups.collect::<Vec<Vec<String>>>()
        };
        assert!(shown(before).is_empty());
        assert_eq!(shown("a\nb\nc\nd\nE\nf\ng\nh\n"), [[" b", " c", " d", "-e", "+E", " f", " g", " h"]]);
        assert_eq!(shown("A\nb\nc\nd\ne\nf\ng\nH\n").len(), 1, "groups that touch are one");
    }
}
