//! Search for retired words in a line of any text: prose, identifiers, strings, names of files.

use super::list::Retired;

/// Returns a message for each retired word, in the order of the line. A word is reported once per line.
pub fn find(line: &str, words: &[Retired]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (start, identifier) in identifiers(line) {
        let parts = parts(identifier).into_iter().map(|(at, part)| (start + at, part));
        let candidates = [(start, identifier, true)].into_iter().chain(parts.map(|(at, part)| (at, part, false)));
        for (at, candidate, is_whole) in candidates {
            for retired in words.iter().filter(|retired| is_identifier(&retired.word) == is_whole) {
                if matches(candidate, &retired.word) && !is_allowed(line, at, retired) {
                    let message = format!("word \"{candidate}\": say \"{}\"", retired.say);
                    if !found.contains(&message) {
                        found.push(message);
                    }
                }
            }
        }
    }
    found
}

/// Returns true if a word of the list is compared with whole identifiers.
fn is_identifier(word: &str) -> bool {
    word.contains(|character: char| character.is_ascii_uppercase())
}

/// Returns true if the word at `start` is inside a text that may contain it.
fn is_allowed(line: &str, start: usize, retired: &Retired) -> bool {
    // ASCII only, so that the places of all other characters stay the same.
    let line = line.to_ascii_lowercase();
    retired.allow.iter().any(|allowed| {
        let text = allowed.text.to_ascii_lowercase();
        line.match_indices(&text).any(|(from, text)| (from..from + text.len()).contains(&start))
    })
}

/// Returns the words and identifiers of a line, each with its place.
fn identifiers(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_separator = |character: char| !(character.is_alphanumeric() || character == '_');
    let start = line.as_ptr() as usize;
    line.split(is_separator)
        .filter(|identifier| !identifier.is_empty())
        .map(move |identifier| (identifier.as_ptr() as usize - start, identifier))
}

/// Splits an identifier at underscores, digits and the humps of camel case: `HTTPServer2_name` is `HTTP`, `Server`, `name`.
fn parts(identifier: &str) -> Vec<(usize, &str)> {
    let characters: Vec<(usize, char)> = identifier.char_indices().collect();
    let mut cuts = vec![0];
    for (index, &(place, character)) in characters.iter().enumerate().skip(1) {
        let before = characters[index - 1].1;
        let after = characters.get(index + 1).map(|(_, character)| *character);
        let hump = character.is_uppercase() && (!before.is_uppercase() || after.is_some_and(char::is_lowercase));
        if hump || character.is_alphabetic() != before.is_alphabetic() {
            cuts.push(place);
        }
    }
    let ends = cuts.iter().skip(1).copied().chain([identifier.len()]);
    let parts = cuts.iter().zip(ends).map(|(&start, end)| (start, &identifier[start..end]));
    parts.filter(|(_, part)| part.starts_with(char::is_alphabetic)).collect()
}

/// Compares a candidate with a word of the list.
fn matches(candidate: &str, word: &str) -> bool {
    let (word, is_start) = word.strip_suffix('*').map_or((word, false), |word| (word, true));
    let Some(start) = candidate.get(..word.len()) else { return false };
    let is_same = if is_identifier(word) { start == word } else { start.eq_ignore_ascii_case(word) };
    is_same && (is_start || candidate.len() == word.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::list::List;

    #[test]
    fn identifiers_are_split_into_words() {
        let cases: [(&str, &[&str]); 8] = [
            ("snake_case_name", &["snake", "case", "name"]),
            ("CamelCaseName", &["Camel", "Case", "Name"]),
            ("camelCase2Name", &["camel", "Case", "Name"]),
            ("HTTPServer", &["HTTP", "Server"]),
            ("UPPER_CASE", &["UPPER", "CASE"]),
            ("_x", &["x"]),
            ("size8bytes", &["size", "bytes"]),
            ("42", &[]),
        ];
        for (identifier, expected) in cases {
            let found: Vec<_> = parts(identifier).into_iter().map(|(_, part)| part).collect();
            assert_eq!(found, expected, "{identifier}");
        }
    }

    #[test]
    fn a_retired_word_is_found_wherever_it_is() {
        let list = r#"
            openings = []
            exempt = []
            [[word]]
            word = "gadget*"
            say = "device"
            allow = [{ text = "gadget inspector", reason = "a name" }, { text = "<gadget", reason = "an element" }]
            [[word]]
            word = "moss"
            say = "lichen"
            [[word]]
            word = "TOP_*"
            say = "MAX_*"
        "#;
        let list = List::parse(list).unwrap();
        // (line, the words that are found)
        let cases: [(&str, &[&str]); 21] = [
            ("a gadget.", &["gadget"]),
            ("Gadgets and GADGETS", &["Gadgets", "GADGETS"]),
            ("fn gadget_of(x: TheGadget)", &["gadget", "Gadget"]),
            ("let gadgetUrl = 1;", &["gadget"]),
            ("//! [`Gadget`]: \"gadget\"", &["Gadget", "gadget"]),
            ("gadget gadget", &["gadget"]),
            ("the gadget's", &["gadget"]),
            ("x-gadget: 1", &["gadget"]),
            ("snake/gadget.rs", &["gadget"]),
            ("gadgetry2", &["gadgetry"]),
            ("inspect the megagadget", &[]),
            ("Gadget Inspector", &[]),
            ("gadget inspector and gadget", &["gadget"]),
            ("<gadget></gadget>", &["gadget"]),
            ("moss, mosses, mossy", &["moss"]),
            ("Übermoss moß", &[]),
            ("übér moss", &["moss"]),
            ("const TOP_SIZE: u8 = TOP;", &["TOP_SIZE"]),
            ("top_size, Top_Size, STOP_SIZE, TOPSIZE", &[]),
            ("", &[]),
            ("moss\u{301} \u{1F600} moss", &["moss"]),
        ];
        for (line, expected) in cases {
            let found: Vec<_> = list.find(line);
            let words: Vec<_> = found.iter().map(|message| message.split('"').nth(1).unwrap()).collect();
            assert_eq!(words, expected, "{line}");
        }
        assert_eq!(list.find("a TOP_A"), ["word \"TOP_A\": say \"MAX_*\""]);
    }
}
