//! Prompts: the URL that a prompt contains, and its words that describe a part of the page.

use reqwest::Url;
use std::net::Ipv4Addr;

/// Maximum number of characters of a prompt that are read. The rest is ignored.
const MAX_PROMPT_CHARS: usize = 4_000;

/// Maximum number of words that are matched with the page.
pub(super) const MAX_WORDS: usize = 32;

/// Words that describe the request, not the part of the page.
const STOP_WORDS: &[&str] = &[
    "a",
    "all",
    "an",
    "and",
    "any",
    "area",
    "as",
    "at",
    "block",
    "browse",
    "by",
    "can",
    "capture",
    "captured",
    "com",
    "component",
    "could",
    "create",
    "crop",
    "cropped",
    "element",
    "entire",
    "find",
    "for",
    "from",
    "full",
    "generate",
    "get",
    "give",
    "go",
    "grab",
    "have",
    "home",
    "homepage",
    "html",
    "http",
    "https",
    "i",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "like",
    "link",
    "live",
    "locate",
    "look",
    "make",
    "me",
    "my",
    "navigate",
    "need",
    "new",
    "of",
    "on",
    "only",
    "open",
    "or",
    "our",
    "page",
    "part",
    "piece",
    "please",
    "png",
    "portion",
    "region",
    "render",
    "s",
    "screen",
    "screenshot",
    "section",
    "see",
    "shot",
    "show",
    "site",
    "snapshot",
    "take",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "this",
    "those",
    "to",
    "url",
    "us",
    "visit",
    "want",
    "we",
    "web",
    "webpage",
    "website",
    "what",
    "where",
    "which",
    "whole",
    "will",
    "with",
    "would",
    "www",
    "you",
    "your",
];

/// Words for the file itself, when `of` follows them: `an image of the header`.
const FILE_WORDS: &[&str] = &["image", "photo", "picture"];

/// File name extensions, which are not top-level domains: `index.html` is not a host.
const FILE_EXTENSIONS: &[&str] = &[
    "css", "csv", "gif", "htm", "html", "jpeg", "jpg", "js", "json", "jsx", "pdf", "php", "png", "svg", "ts", "tsx",
    "txt", "webp", "xml", "yaml", "yml",
];

/// Content of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prompt {
    /// First URL of the prompt, or its first host if it has no URL with a scheme.
    pub(super) url: Option<Url>,
    /// Lower-case words that describe the part of the page, each only once.
    pub(super) words: Vec<String>,
}

impl Prompt {
    /// Reads a prompt.
    pub(super) fn read(text: &str) -> Self {
        let text: String = text.chars().take(MAX_PROMPT_CHARS).collect();
        let chunks = || text.split(is_separator).filter(|chunk| !chunk.is_empty());
        // Many words look like hosts: `README.md`, `ASP.NET`. A URL with a scheme is certain.
        let chosen = chunks().position(|chunk| has_scheme(chunk) && find_url(chunk).is_some());
        let chosen = chosen.or_else(|| chunks().position(|chunk| find_url(chunk).is_some()));
        let (mut url, mut rest) = (None, String::with_capacity(text.len()));
        for (position, chunk) in chunks().enumerate() {
            match find_url(chunk) {
                Some(found) if chosen == Some(position) => {
                    // The fragment of a URL is the ID of a part of the page.
                    rest.push_str(found.fragment().unwrap_or_default());
                    url = Some(found);
                }
                Some(_) if has_scheme(chunk) => {}
                _ => rest.push_str(chunk),
            }
            rest.push(' ');
        }
        Self { url, words: words(&rest) }
    }
}

/// Returns true for characters that end a URL in running text.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"<>[]{}|\\^`“”„‟«»‹›,;，。、；！？（）「」『』【】".contains(c)
}

/// Returns true for a part of a text that contains a scheme.
fn has_scheme(chunk: &str) -> bool {
    chunk.contains("://")
}

/// Returns the URL in a part of a text that has no spaces, if there is one.
fn find_url(chunk: &str) -> Option<Url> {
    let lower = chunk.to_ascii_lowercase();
    if let Some(start) = ["http://", "https://"].iter().filter_map(|scheme| lower.find(scheme)).min() {
        let url: Url = trim_end(&chunk[start..]).parse().ok()?;
        return url.has_host().then_some(url);
    }
    if lower.contains("://") {
        return None;
    }
    let start = chunk.find(is_host_char)?;
    let address = trim_end(&chunk[start..]);
    let host_len = address.find(|c| !is_host_char(c)).unwrap_or(address.len());
    let (host, rest) = address.split_at(host_len);
    let host = host.trim_end_matches(['.', '-']);
    let scheme = scheme_of(host)?;
    // An e-mail address contains a host, but is not a page.
    if chunk[..start].ends_with('@') || rest.starts_with('@') {
        return None;
    }
    let rest = if rest.starts_with([':', '/', '?', '#']) { rest } else { "" };
    let url = format!("{scheme}://{host}{rest}").parse().ok();
    url.or_else(|| format!("{scheme}://{host}").parse().ok())
}

/// Returns the scheme of a host without one: `https`, or `http` for this machine and for IP addresses. Returns `None` if
/// the text is not a host.
fn scheme_of(host: &str) -> Option<&'static str> {
    if host.eq_ignore_ascii_case("localhost") || host.parse::<Ipv4Addr>().is_ok() {
        return Some("http");
    }
    let (name, domain) = host.rsplit_once('.')?;
    let is_domain = domain.chars().count() >= 2 && domain.chars().all(char::is_alphabetic);
    let is_file = FILE_EXTENSIONS.iter().any(|extension| domain.eq_ignore_ascii_case(extension));
    let has_labels = name.split('.').all(|label| !label.is_empty());
    (is_domain && !is_file && has_labels).then_some("https")
}

/// Returns true for the characters of a host. Scripts without spaces between words are excluded, because a host in such a
/// text follows its neighbours directly.
fn is_host_char(c: char) -> bool {
    let has_spaces = !matches!(u32::from(c), 0x2E80..=0xA4CF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0xFF00.. );
    (c.is_alphanumeric() && has_spaces) || c == '-' || c == '.'
}

/// Removes punctuation that belongs to the sentence, and a possessive `'s`.
fn trim_end(address: &str) -> &str {
    let mut address = address;
    loop {
        let shorter = address.trim_end_matches(['.', ':', '!', '?', '\'', '’', '*', '_', '…', '&', '=']);
        let shorter = shorter.strip_suffix("'s").or_else(|| shorter.strip_suffix("’s")).unwrap_or(shorter);
        let is_unbalanced = shorter.ends_with(')') && shorter.matches(')').count() > shorter.matches('(').count();
        let shorter = if is_unbalanced { &shorter[..shorter.len() - 1] } else { shorter };
        if shorter.len() == address.len() {
            return address;
        }
        address = shorter;
    }
}

/// Returns the words of a text without stop words, each only once.
fn words(text: &str) -> Vec<String> {
    let all: Vec<_> = tokens(text).collect();
    let mut words: Vec<String> = Vec::new();
    for (word, next) in all.iter().zip(all.iter().skip(1).map(Some).chain([None])) {
        let is_file = FILE_WORDS.contains(&stem(word).as_str()) && next.is_some_and(|next| next == "of");
        if words.len() < MAX_WORDS && !is_file && !is_stop_word(word) && !words.contains(word) {
            words.push(word.clone());
        }
    }
    words
}

/// Returns true for words that do not describe a part of a page.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// Splits a text into lower-case words. Names in camel case are split as well: `pricingTable`.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).flat_map(|part| {
        let mut words = vec![String::new()];
        let mut after_lower = false;
        for c in part.chars() {
            if after_lower && c.is_uppercase() {
                words.push(String::new());
            }
            after_lower = c.is_lowercase();
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        words
    })
}

/// Returns the form of a word under which its plural is found as well.
pub(super) fn stem(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(start) if start.len() > 1 => format!("{start}y"),
        _ => match word.strip_suffix('s') {
            Some(start) if start.len() > 2 && !start.ends_with('s') => start.to_owned(),
            _ => word.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_url_or_host_of_a_prompt_is_its_page() {
        for (prompt, expected) in [
            ("Capture the pricing table on example.com", Some("https://example.com/")),
            ("The hero of https://example.com/a?b=c#d.", Some("https://example.com/a?b=c#d")),
            ("Open HTTP://Example.com:8080/x, then example.org", Some("http://example.com:8080/x")),
            ("example.com's footer (see example.org)", Some("https://example.com/")),
            ("Go to (example.com/a_(b)).", Some("https://example.com/a_(b)")),
            ("[Pricing](https://example.com/p)", Some("https://example.com/p")),
            ("url:https://example.com!", Some("https://example.com/")),
            ("Mail me@example.org about \"www.example.com\"", Some("https://www.example.com/")),
            ("See index.html and node.js, e.g. v1.2 on sub.example.com/p.", Some("https://sub.example.com/p")),
            ("localhost:3000/page", Some("http://localhost:3000/page")),
            ("127.0.0.1:4000?q=1", Some("http://127.0.0.1:4000/?q=1")),
            ("请截取example.com的价格表", Some("https://example.com/")),
            ("die Preise auf müller.example", Some("https://xn--mller-kva.example/")),
            ("Capture the README.md heading on https://example.com", Some("https://example.com/")),
            ("It opens slowly.Then capture ASP.NET at http://example.com/a", Some("http://example.com/a")),
            ("ftp://example.com/x", None),
            ("file:///etc/passwd", None),
            ("The pricing table", None),
            ("https://", None),
            ("@.:// ..com .com example. -", None),
            ("", None),
        ] {
            let url = Prompt::read(prompt).url;
            assert_eq!(url.as_ref().map(Url::as_str), expected, "{prompt}");
        }
    }

    #[test]
    fn words_describe_a_part_of_the_page() {
        for (prompt, expected) in [
            ("Take a screenshot of the Pricing-Table on example.com, please", &["pricing", "table"][..]),
            ("An image of the product image on example.com's homepage", &["product", "image"]),
            ("Screenshot https://example.com/about", &[]),
            ("example.com/#signUpForm", &["sign", "up", "form"]),
            ("Footer footer FOOTER example.com", &["footer"]),
            ("Die ÄNDERUNGEN auf example.com", &["die", "änderungen", "auf"]),
        ] {
            assert_eq!(Prompt::read(prompt).words, expected, "{prompt}");
        }
        let long = "word".repeat(1_000_000) + " example.com";
        assert_eq!(Prompt::read(&long).url, None);
        let many = (0..1000).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
        assert_eq!(Prompt::read(&many).words.len(), MAX_WORDS);
    }

    #[test]
    fn singular_and_plural_have_one_stem() {
        for (one, many) in [("feature", "features"), ("story", "stories"), ("gas", "gas"), ("class", "class")] {
            assert_eq!(stem(one), stem(many));
        }
    }
}
