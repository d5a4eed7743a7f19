//! Formatting and escaping of values for HTML and CSS.

/// Formats numbers with at most four decimals, separated by spaces. Smaller differences are invisible.
pub(super) fn numbers(values: &[f64]) -> String {
    let number = |value: &f64| {
        let rounded = (value * 10_000.0).round() / 10_000.0;
        // Adding zero turns -0 into 0.
        format!("{}", rounded + 0.0)
    };
    values.iter().map(number).collect::<Vec<_>>().join(" ")
}

/// Formats a matrix as CSS `matrix()`.
pub(super) fn matrix(matrix: kurbo::Affine) -> String {
    let coefficients = matrix.as_coeffs().map(|value| numbers(&[value]));
    format!("matrix({})", coefficients.join(","))
}

/// Escapes text for the content of an element or for an attribute. NUL characters are removed.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\0' => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// Returns a `data:` URI of an SVG document, for CSS in an attribute.
pub(super) fn svg_uri(svg: &str) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    format!("data:image/svg+xml,{}", utf8_percent_encode(svg, NON_ALPHANUMERIC))
}
