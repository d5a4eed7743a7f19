//! Source of an image or a GIF.

use crate::{Error, Result, variables};
use pictify_api::{ValidationErrors, types::Variables};
use reqwest::Url;
use serde::Serialize;
use std::borrow::Cow;

/// Source of an image or a GIF: exactly one of HTML, a URL and a template.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// HTML, with its CSS in `<style>` elements or `style` attributes.
    Html(String),
    /// A live page, rendered as a screenshot.
    Url(Url),
    /// A template with values for its variables.
    Template {
        /// Uid of the template.
        uid: String,
        /// Values of the variables, by name.
        variables: Variables,
    },
}

impl Source {
    /// Creates a source from HTML. Put its CSS into a `<style>` element at the beginning.
    pub fn html(html: impl Into<String>) -> Self {
        Self::Html(html.into())
    }

    /// Creates a source from the URL of a live page: http or https. The service rejects private addresses.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if `url` is not an absolute http or https URL.
    ///
    /// ```
    /// use pictify::images::Source;
    ///
    /// assert!(Source::url("https://example.com").is_ok());
    /// assert!(Source::url("example.com").is_err());
    /// ```
    pub fn url(url: impl AsRef<str>) -> Result<Self> {
        web_url("url", url.as_ref()).map(Self::Url)
    }

    /// Creates a source from a template and values for its variables: any value that serialises to a JSON object.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if `variables` does not serialise to a JSON object.
    ///
    /// ```
    /// use pictify::images::Source;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Card { title: &'static str }
    ///
    /// assert!(Source::template("XK4P2M9QZT", &Card { title: "Rust" }).is_ok());
    /// assert!(Source::template("XK4P2M9QZT", &"not an object").is_err());
    /// ```
    pub fn template(uid: impl Into<String>, variables: &impl Serialize) -> Result<Self> {
        Ok(Self::Template { uid: uid.into(), variables: variables::from(variables)? })
    }
}

/// Escapes a text for HTML: `&`, `<`, `>`, `"` and `'` become character references.
///
/// Use it for every text of a user that becomes part of the HTML of a [`Source`], a template or a page. Without it, a
/// user could add elements to the image, or load pages of their choice while it is rendered. The result is safe as the
/// content of an element and as an attribute value in quotes. It is not safe inside `<script>` and `<style>`, in
/// attributes such as `onclick`, and as a whole URL. The variables of an HTML template are escaped by the service,
/// unless the template has three braces around them.
///
/// ```
/// use pictify::{escape_html, images::Source};
///
/// let name = "Ada <ada@example.com> & Co";
/// let source = Source::html(format!("<h1>{}</h1>", escape_html(name)));
/// assert_eq!(source, Source::html("<h1>Ada &lt;ada@example.com&gt; &amp; Co</h1>"));
/// ```
#[must_use]
pub fn escape_html(text: &str) -> Cow<'_, str> {
    let special = |letter: char| matches!(letter, '&' | '<' | '>' | '"' | '\'');
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// Parses an absolute http or https URL. Errors name it `field`.
pub(crate) fn web_url(field: &str, url: &str) -> Result<Url> {
    let url = Url::parse(url).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => {
            Error::invalid_field(field, "must be an absolute URL, such as https://example.com")
        }
        other => Error::invalid_field(field, other.to_string()),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::invalid_field(field, format!("must be http or https, is {}", url.scheme())));
    }
    Ok(url)
}

/// Checks that a request has exactly one source. A deserialised request was not built from a [`Source`].
pub(crate) fn exactly_one(sources: [&Option<String>; 3], found: &mut ValidationErrors) {
    let sources = sources.into_iter().flatten().count();
    if sources != 1 {
        found.push("", format!("exactly one of html, url and template must be set, {sources} are"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_special_letters_is_borrowed() {
        assert!(matches!(escape_html("Grüße"), Cow::Borrowed("Grüße")));
        assert_eq!(
            escape_html("<a href=\"x\" title='y'>&amp;"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;"
        );
    }
}
