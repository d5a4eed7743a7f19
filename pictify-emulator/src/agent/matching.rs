//! Choice of the element that fits the words of a prompt best.
//!
//! Each word of the prompt counts once for an element, with the weight of the best place that contains it:
//!
//! | place | weight |
//! |---|---|
//! | ID or class that consists of words of the prompt, or has other words too | 100, or 60 |
//! | heading of the section, likewise | 50, or 40 |
//! | `aria-label`, `alt`, `title` or `placeholder`, likewise | 30, or 25 |
//! | kind of element, such as `table` or `form` | 20 |
//! | own text of the element | 10 |
//!
//! A singular that matches a plural, or the reverse, counts one less. The element with the highest sum is chosen: of several
//! the earliest, and of those inside it the smallest.

use super::{
    outline::Element,
    prompt::{MAX_WORDS, is_stop_word, stem, tokens},
};
use std::collections::HashMap;

/// Weights of a place if all its words are in the prompt, and if it has other words too.
type Weights = (u8, u8);

const NAME: Weights = (100, 60);
const HEADING: Weights = (50, 40);
const LABEL: Weights = (30, 25);
const KIND: Weights = (20, 20);
const TEXT: Weights = (10, 10);

/// Maximum number of levels between a heading and its section.
const MAX_HEADING_LEVELS: usize = 16;

/// Maximum number of ancestors that are tried for a selector.
const MAX_SELECTOR_ANCESTORS: usize = 8;

/// Maximum number of characters of a description.
const MAX_DESCRIPTION_CHARS: usize = 80;

/// Returns the indices of the elements that fit best, at most `max`. Each is outside of those before it, because an element
/// that a style sheet hides hides everything inside.
pub(super) fn find(elements: &[Element], words: &[String], max: usize) -> Vec<usize> {
    let scores = scores(elements, words);
    let mut excluded = vec![false; elements.len()];
    let mut found = Vec::new();
    while found.len() < max {
        let Some(best) = best(elements, &scores, &excluded) else { break };
        excluded[best..elements[best].end].fill(true);
        found.push(best);
    }
    found
}

/// Returns the element with the highest score: the earliest, then the smallest inside it.
fn best(elements: &[Element], scores: &[u32], excluded: &[bool]) -> Option<usize> {
    let highest = (0..elements.len()).filter(|index| !excluded[*index]).map(|index| scores[index]).max()?;
    if highest == 0 {
        return None;
    }
    let mut equal = (0..elements.len()).filter(|index| !excluded[*index] && scores[*index] == highest);
    let mut chosen = equal.next()?;
    for index in equal {
        if index < elements[chosen].end {
            chosen = index;
        }
    }
    Some(chosen)
}

fn scores(elements: &[Element], words: &[String]) -> Vec<u32> {
    let words = Words::new(words);
    let mut found = vec![[0; MAX_WORDS]; elements.len()];
    for (element, found) in elements.iter().zip(&mut found) {
        for name in std::iter::once(element.id.as_str()).chain(element.classes.split_whitespace()) {
            words.add(found, name, NAME);
        }
        words.add(found, &element.label, LABEL);
        for kind in kinds(&element.tag) {
            words.add(found, kind, KIND);
        }
        words.add(found, &element.text, TEXT);
    }
    for (section, heading) in sections(elements) {
        words.add(&mut found[section], &elements[heading].heading, HEADING);
    }
    let may_capture = |element: &Element| !element.is_hidden && !["html", "body", "br"].contains(&&*element.tag);
    let sum = |found: &[u8; MAX_WORDS]| found.iter().copied().map(u32::from).sum();
    elements.iter().zip(&found).map(|(element, found)| if may_capture(element) { sum(found) } else { 0 }).collect()
}

/// Words of a prompt by their stem.
struct Words<'a>(HashMap<String, Vec<(usize, &'a str)>>);

impl<'a> Words<'a> {
    fn new(words: &'a [String]) -> Self {
        let mut by_stem: HashMap<_, Vec<_>> = HashMap::new();
        for (index, word) in words.iter().take(MAX_WORDS).enumerate() {
            by_stem.entry(stem(word)).or_default().push((index, word.as_str()));
        }
        Self(by_stem)
    }

    /// Raises the weights of the words that the text contains.
    fn add(&self, found: &mut [u8; MAX_WORDS], text: &str, (whole, part): Weights) {
        let (mut matches, mut has_others) = (Vec::new(), false);
        for token in tokens(text) {
            match self.0.get(&stem(&token)) {
                Some(words) => matches.extend(words.iter().map(|(index, word)| (*index, *word == token))),
                None => has_others |= !is_stop_word(&token),
            }
        }
        for (index, is_exact) in matches {
            let weight = if has_others { part } else { whole } - u8::from(!is_exact);
            found[index] = found[index].max(weight);
        }
    }
}

/// Returns the words for a kind of element.
fn kinds(tag: &str) -> &'static [&'static str] {
    match tag {
        "table" => &["table"],
        "img" | "svg" | "picture" | "canvas" => &["image", "picture", "photo", "graphic"],
        "video" => &["video"],
        "form" => &["form"],
        "nav" => &["nav", "navigation", "menu"],
        "header" => &["header"],
        "footer" => &["footer"],
        "main" => &["main"],
        "aside" => &["aside", "sidebar"],
        "article" => &["article", "post"],
        "button" => &["button"],
        "input" | "textarea" | "select" => &["input", "field"],
        "ul" | "ol" | "dl" => &["list"],
        "blockquote" => &["quote", "testimonial"],
        "pre" | "code" => &["code"],
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => &["heading", "headline", "title"],
        _ => &[],
    }
}

/// Returns each heading with the section that it is the heading of: the element around it that has more content, but no
/// other heading of the same or a higher rank. Without such an element the heading is alone.
fn sections(elements: &[Element]) -> Vec<(usize, usize)> {
    let headings: Vec<_> = elements
        .iter()
        .enumerate()
        .filter_map(|(index, element)| Some((index, element.heading_rank()?)))
        .filter(|(index, _)| !elements[*index].is_hidden)
        .collect();
    let (mut previous, mut next) = (vec![None; headings.len()], vec![usize::MAX; headings.len()]);
    // Headings that have no heading of the same or a higher rank after them yet.
    let mut waiting: Vec<usize> = Vec::new();
    for (position, (index, rank)) in headings.iter().enumerate() {
        while waiting.last().is_some_and(|last| headings[*last].1 > *rank) {
            next[waiting.pop().unwrap_or_default()] = *index;
        }
        if let Some(last) = waiting.last().copied() {
            previous[position] = Some(headings[last].0);
            if headings[last].1 == *rank {
                next[last] = *index;
                waiting.pop();
            }
        }
        waiting.push(position);
    }
    let section = |position: usize| {
        let heading = headings[position].0;
        let mut around = elements[heading].parent;
        for _ in 0..MAX_HEADING_LEVELS {
            let Some(index) = around else { break };
            let element = &elements[index];
            let is_alone = previous[position].is_none_or(|previous| previous < index) && next[position] >= element.end;
            if !is_alone || element.tag == "body" || element.tag == "html" {
                break;
            }
            if !matches!(element.tag.as_str(), "header" | "hgroup" | "a") && has_more(elements, index, heading) {
                return index;
            }
            around = element.parent;
        }
        heading
    };
    (0..headings.len()).map(|position| (section(position), headings[position].0)).collect()
}

/// Returns true if an element contains more than a heading and the elements around it.
fn has_more(elements: &[Element], around: usize, heading: usize) -> bool {
    let inside = elements[around].end - around - 1;
    let of_heading = elements[heading].end - heading;
    let between = elements[heading].depth - elements[around].depth - 1;
    inside > of_heading + between || !elements[around].text.is_empty()
}

/// Describes an element: its kind, and the start of its heading, label or text.
pub(super) fn describe(elements: &[Element], index: usize) -> String {
    let element = &elements[index];
    let heading = elements[index..element.end].iter().map(|inside| inside.heading.as_str());
    let texts = heading.chain([element.label.as_str(), element.text.as_str()]);
    let text = texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default();
    if text.is_empty() {
        return element.tag.clone();
    }
    let start: String = text.chars().take(MAX_DESCRIPTION_CHARS).collect();
    format!("{} \"{}\"", element.tag, start.trim())
}

/// Returns a short CSS selector whose first match is the element, if there is one.
pub(super) fn selector(elements: &[Element], index: usize) -> Option<String> {
    let all: Vec<_> = simple_selectors(&elements[index]).collect();
    if let Some(own) = all.iter().find(|own| is_first(elements, 0, index, own)) {
        return Some(own.to_string());
    }
    let mut around = elements[index].parent;
    for _ in 0..MAX_SELECTOR_ANCESTORS {
        let ancestor = around?;
        let outer = simple_selectors(&elements[ancestor]).find(|outer| is_first(elements, 0, ancestor, outer));
        let own = all.iter().find(|own| is_first(elements, ancestor + 1, index, own));
        if let (Some(outer), Some(own)) = (outer, own) {
            return Some(format!("{outer} {own}"));
        }
        around = elements[ancestor].parent;
    }
    None
}

/// Selector of one element, without its surroundings.
enum Simple<'a> {
    Id(&'a str),
    Class(&'a str, &'a str),
    Tag(&'a str),
}

impl Simple<'_> {
    fn matches(&self, element: &Element) -> bool {
        match self {
            Self::Id(id) => element.id == *id,
            Self::Class(tag, class) => {
                element.tag == *tag && element.classes.split_whitespace().any(|own| own == *class)
            }
            Self::Tag(tag) => element.tag == *tag,
        }
    }
}

impl std::fmt::Display for Simple<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "#{id}"),
            Self::Class(tag, class) => write!(f, "{tag}.{class}"),
            Self::Tag(tag) => f.write_str(tag),
        }
    }
}

fn simple_selectors(element: &Element) -> impl Iterator<Item = Simple<'_>> {
    let id = std::iter::once(element.id.as_str()).filter(|id| is_identifier(id)).map(Simple::Id);
    let classes = element.classes.split_whitespace().filter(|class| is_identifier(class)).take(4);
    let classes = classes.map(|class| Simple::Class(&element.tag, class));
    id.chain(classes).chain(std::iter::once(Simple::Tag(&element.tag)).filter(|_| is_identifier(&element.tag)))
}

fn is_first(elements: &[Element], start: usize, index: usize, selector: &Simple<'_>) -> bool {
    elements[start..index].iter().all(|before| !selector.matches(before))
}

/// Returns true for names that a selector can contain without escapes.
fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::super::{outline, prompt::Prompt};
    use super::*;

    /// Returns the selector of the best element, and its description.
    fn choose(html: &str, prompt: &str) -> Option<(String, String)> {
        let elements = outline::read(html).unwrap();
        let index = *find(&elements, &Prompt::read(prompt).words, 1).first()?;
        Some((selector(&elements, index).unwrap_or_default(), describe(&elements, index)))
    }

    const PAGE: &str = "<title>Pricing</title><body class=pricing-page><header id=top><a href=/>Pricing</a></header>
        <section class='hero hero--large'><h1 class=hero__title>Pricing that scales</h1><p>One plan.</p></section>
        <section id=features><div><h2>Features of the plan</h2></div><ul class=feature-list><li>Fast<li>Small</ul></section>
        <section><header><h2>Questions</h2></header><p>Ask us.</p><h3>Refunds</h3><p>Always.</p></section>
        <div class=grid><div class=plan-card><h3>Starter</h3><p>Free</p></div><div class=plan-card><h3>Team</h3>
        <p>20 a month</p></div></div>
        <div class=pricingTable style='display: none'>old</div>
        <table class='pricing table'><caption>Prices</caption><tr><td>Pro</table>
        <form aria-label='Newsletter sign-up'><input placeholder='Your e-mail'><button>Subscribe</button></form>
        <img alt='Team photo' src=x><p>We ship <b>worldwide</b> from Oslo.</p>
        <footer><p>Imprint</p></footer>";

    #[test]
    fn the_element_that_fits_best_is_chosen() {
        for (prompt, description, selector) in [
            ("the pricing table", "table \"Prices\"", "table.pricing"),
            ("hero", "section \"Pricing that scales\"", "section.hero"),
            ("the hero title", "h1 \"Pricing that scales\"", "h1.hero__title"),
            ("features", "section \"Features of the plan\"", "#features"),
            ("the feature list", "ul", "ul.feature-list"),
            ("Questions", "section \"Questions\"", ""),
            ("refunds", "h3 \"Refunds\"", "h3"),
            ("the card of the team plan", "div \"Team\"", ""),
            ("the newsletter", "form \"Newsletter sign-up\"", "form"),
            ("subscribe button", "button \"Subscribe\"", "button"),
            ("e-mail field", "input \"Your e-mail\"", "input"),
            ("the team photo", "img \"Team photo\"", "img"),
            ("worldwide", "b \"worldwide\"", "b"),
            ("footer", "footer", "footer"),
            ("imprint", "p \"Imprint\"", "footer p"),
        ] {
            let found = choose(PAGE, prompt).unwrap_or_default();
            assert_eq!((&*found.0, &*found.1), (selector, description), "{prompt}");
        }
        assert_eq!(choose(PAGE, "unicorns"), None);
        assert_eq!(choose(PAGE, "screenshot of the page"), None);
        assert_eq!(choose("<p>x", "x").unwrap().1, "p \"x\"");
    }

    #[test]
    fn equal_elements_are_chosen_by_order_and_then_by_size() {
        for (html, expected) in [
            ("<div class=a><i class=a></i></div><b class=a></b>", "i.a"),
            ("<b class=a></b><div class=a><i class=a></i></div>", "b.a"),
            ("<div class=a-x></div><p class=a></p>", "p.a"),
            ("<div class=a><i class='a b'></i></div>", "i.a"),
        ] {
            assert_eq!(choose(html, "a1 a").map(|(selector, _)| selector), None, "{html}");
            let html = html.replace("=a", "=box").replace("'a", "'box");
            let expected = expected.replace(".a", ".box");
            assert_eq!(choose(&html, "box").unwrap().0, expected, "{html}");
        }
    }

    #[test]
    fn large_pages_take_bounded_time() {
        let headings = "<div><h2>pricing</h2><p>table</p></div>".repeat(12_000);
        let nested = "<div class='pricing table'>".repeat(300) + &"<h3>pricing</h3><h2>table</h2>".repeat(20_000);
        let started = std::time::Instant::now();
        for html in [headings, nested] {
            let elements = outline::read(&html).unwrap();
            let found = find(&elements, &Prompt::read("pricing table").words, 3);
            assert!(!found.is_empty());
            for index in found {
                selector(&elements, index);
                describe(&elements, index);
            }
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
    }
}
