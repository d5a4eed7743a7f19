//! Messages between the server and a worker process. Each is its length as four bytes, little-endian, and a body in the
//! format of postcard. The body of a request is the name of a job and the job; that of a response is a [`Response`].

use super::Job;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io;

/// Bytes of the length before a message.
pub(crate) const LENGTH_BYTES: usize = 4;

/// Maximum size of the body of a message, in bytes. More than any file or page that the limits allow.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

/// Result of a job: its output, or the message of a panic.
pub(crate) type Response<T> = Result<T, String>;

/// Returns the message that asks a worker process to run a job.
pub(crate) fn encode_request<J: Job>(job: &J) -> io::Result<Vec<u8>> {
    encode(&(J::NAME, job))
}

/// Splits the body of a request into the name of its job and the encoded job.
pub(crate) fn split_request(body: &[u8]) -> io::Result<(&str, &[u8])> {
    postcard::take_from_bytes(body).map_err(io::Error::other)
}

/// Returns the message with this value.
pub(crate) fn encode(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut message = postcard::to_extend(value, vec![0; LENGTH_BYTES]).map_err(io::Error::other)?;
    let length = message.len() - LENGTH_BYTES;
    if length > MAX_BODY_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the message is too large"));
    }
    let length = u32::try_from(length).map_err(io::Error::other)?;
    message[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    Ok(message)
}

/// Returns the length of a body.
pub(crate) fn read_length(bytes: [u8; LENGTH_BYTES]) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes) as usize;
    if length > MAX_BODY_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too large"));
    }
    Ok(length)
}

/// Decodes a body.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    postcard::from_bytes(body).map_err(io::Error::other)
}

/// Fields that are sent as JSON text, because postcard cannot decode values of any type.
pub(crate) mod json_text {
    use super::{Deserialize, DeserializeOwned, Serialize};
    use serde::{Deserializer, Serializer, de, ser};

    pub(crate) fn serialize<S: Serializer>(value: &impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&serde_json::to_string(value).map_err(ser::Error::custom)?)
    }

    pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, GifSettings, Page, RenderError, RenderImage, RenderedImage};

    #[test]
    fn a_request_has_the_name_of_its_job() {
        let page = Page {
            html: "<p>ü".to_owned(),
            width: 1200,
            format: Format::Gif(GifSettings::HIGH),
            selector: Some("p".to_owned()),
            ..Page::default()
        };
        let message = encode_request(&RenderImage(page.clone())).unwrap();
        let (length, body) = message.split_first_chunk().unwrap();
        assert_eq!(read_length(*length).unwrap(), body.len());
        let (name, job) = split_request(body).unwrap();
        assert_eq!((name, decode::<RenderImage>(job).unwrap().0), ("image", page));
    }

    #[test]
    fn a_response_is_the_output_or_a_panic() {
        let image = RenderedImage { bytes: vec![0, 255, 7], width: 1, height: 2, animation: None };
        for response in [Ok(Ok(image)), Ok(Err(RenderError::NoAnimation)), Err("index out of bounds".to_owned())] {
            let message = encode(&response).unwrap();
            let decoded: Response<Result<RenderedImage, RenderError>> = decode(&message[LENGTH_BYTES..]).unwrap();
            assert_eq!(decoded, response);
        }
    }

    #[test]
    fn a_length_above_the_limit_is_an_error() {
        assert_eq!(read_length([0, 0, 0, 0x10]).unwrap(), MAX_BODY_BYTES);
        assert!(read_length([1, 0, 0, 0x10]).is_err());
    }
}
