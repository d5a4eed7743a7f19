//! The image of a template preview.

use crate::types::TemplatePreview;

impl TemplatePreview {
    /// Decodes the image in [`data_url`](Self::data_url). Returns `None` if that is not a data URL in Base64.
    ///
    /// ```
    /// use pictify_api::types::TemplatePreview;
    ///
    /// let preview = TemplatePreview::new("data:image/png;base64,iVBORw0KGgo=");
    /// assert_eq!(preview.decode_image().as_deref(), Some(b"\x89PNG\r\n\x1a\n".as_slice()));
    /// ```
    #[must_use]
    pub fn decode_image(&self) -> Option<Vec<u8>> {
        let (media_type, data) = self.data_url.strip_prefix("data:")?.split_once(',')?;
        decode_base64(media_type.strip_suffix(";base64").map(|_| data)?)
    }
}

/// Decodes Base64 in the alphabet of RFC 4648, section 4. The padding may be missing.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    if digits.len() % 4 == 1 || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0_u32;
        for &digit in group {
            bits = bits << 6 | u32::from(digit_value(digit)?);
        }
        bits <<= 6 * (4 - group.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

fn digit_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_with_and_without_padding() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("Zg==", Some(b"f")),
            ("Zg", Some(b"f")),
            ("Zm8=", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("Zm9vYg==", Some(b"foob")),
            ("+/8A", Some(&[0xfb, 0xff, 0x00])),
            ("Z", None),
            ("Zg===", None),
            ("Zm9!", None),
            ("Z=g=", None),
        ] {
            assert_eq!(decode_base64(text).as_deref(), bytes, "{text}");
        }
    }

    #[test]
    fn only_data_urls_in_base64_are_decoded() {
        for url in ["https://a.example/x.png", "data:image/svg+xml,<svg/>", "data:image/png;base64", ""] {
            assert_eq!(TemplatePreview::new(url).decode_image(), None, "{url}");
        }
    }
}
