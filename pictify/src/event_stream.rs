//! Server-sent events: the frames of a body that arrives piece by piece.
//!
//! By hand, because it is little and the crates for it bring a parser library along.

use crate::{Error, ErrorKind, Result};
use bytes::{Buf, Bytes};
use pictify_api::{Body, ByteStream};
use std::{fmt, mem};

/// How large one frame may be, in bytes. Progress takes hundreds.
const MAX_FRAME_BYTES: usize = 1024 * 1024;

/// One event: its name, if it has one, and the lines of its data.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

/// The frames of a body.
pub(crate) struct Frames {
    body: Option<Body>,
    parser: Parser,
}

impl Frames {
    pub(crate) fn new(stream: ByteStream) -> Self {
        Self { body: Some(stream.into_body()), parser: Parser::new(MAX_FRAME_BYTES) }
    }

    /// The next frame; `None` when the body has ended. What follows the last blank line is no frame.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            match self.parser.next() {
                Ok(None) => {}
                Ok(frame) => return Ok(frame),
                Err(TooLarge) => {
                    let text = format!("an event is larger than {MAX_FRAME_BYTES} bytes");
                    return Err(Error::new(ErrorKind::TooLarge, text));
                }
            }
            let chunk = match &mut self.body {
                Some(Body::Stream(response)) => response.chunk().await.map_err(Error::from_network)?,
                _ => match self.body.take() {
                    Some(Body::Full(bytes)) => Some(bytes),
                    _ => None,
                },
            };
            let Some(chunk) = chunk else { return Ok(None) };
            self.parser.feed(chunk);
        }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Frames(..)")
    }
}

/// A frame is larger than allowed.
#[derive(Debug, PartialEq, Eq)]
struct TooLarge;

/// Makes frames of bytes, wherever they are cut. It holds one chunk and one unfinished frame.
struct Parser {
    limit: usize,
    /// What is still to be read.
    chunk: Bytes,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Whether the last line ended with a carriage return, to which a line feed may still belong.
    after_return: bool,
    /// Whether no line has been read: a byte order mark may stand before the first.
    at_start: bool,
    name: Option<String>,
    data: Option<String>,
}

impl Parser {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            chunk: Bytes::new(),
            line: Vec::new(),
            after_return: false,
            at_start: true,
            name: None,
            data: None,
        }
    }

    /// Takes the next chunk; the one before must have been read to its end.
    fn feed(&mut self, chunk: Bytes) {
        self.chunk = chunk;
    }

    /// The next whole frame of what was fed.
    fn next(&mut self) -> Result<Option<Frame>, TooLarge> {
        while let Some(line) = self.next_line()? {
            let line = String::from_utf8_lossy(&line);
            let start = mem::take(&mut self.at_start);
            let line = if start { line.trim_start_matches('\u{feff}') } else { &line };
            if let Some(frame) = self.read(line) {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, TooLarge> {
        if self.chunk.is_empty() {
            return Ok(None);
        }
        if mem::take(&mut self.after_return) && self.chunk.starts_with(b"\n") {
            self.chunk.advance(1);
        }
        let end = self.chunk.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let part = self.chunk.split_to(end.unwrap_or(self.chunk.len()));
        if self.line.len() + part.len() + self.data.as_ref().map_or(0, String::len) > self.limit {
            return Err(TooLarge);
        }
        self.line.extend_from_slice(&part);
        if end.is_none() {
            return Ok(None);
        }
        self.after_return = self.chunk.get_u8() == b'\r';
        Ok(Some(mem::take(&mut self.line)))
    }

    /// Reads one line; a blank one ends a frame, which counts only if it has data.
    fn read(&mut self, line: &str) -> Option<Frame> {
        if line.is_empty() {
            let name = self.name.take();
            return self.data.take().map(|data| Frame { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (field, &mut self.data) {
            ("event", _) => self.name = Some(value.to_owned()).filter(|name| !name.is_empty()),
            ("data", None) => self.data = Some(value.to_owned()),
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            // Comments have no field name; `id` and `retry` are for clients that reconnect, and this one must not.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames of a body that comes in these chunks.
    fn frames(chunks: &[&[u8]]) -> Vec<(Option<String>, String)> {
        let mut parser = Parser::new(64);
        let mut frames = Vec::new();
        for chunk in chunks {
            parser.feed(Bytes::copy_from_slice(chunk));
            while let Some(Frame { name, data }) = parser.next().unwrap() {
                frames.push((name, data));
            }
        }
        frames
    }

    fn expected(frames: &[(&str, &str)]) -> Vec<(Option<String>, String)> {
        let name = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        frames.iter().map(|(event, data)| (name(event), (*data).to_owned())).collect()
    }

    const BODIES: [(&str, &[(&str, &str)]); 18] = [
        ("", &[]),
        ("data: a\n\n", &[("", "a")]),
        ("data:a\r\n\r\n", &[("", "a")]),
        ("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]),
        ("data: a\n\r\ndata: b\r\n\n", &[("", "a"), ("", "b")]),
        ("event: step\ndata: {\"a\": 1}\n\n", &[("step", "{\"a\": 1}")]),
        ("data: 1\nevent: late\n\n", &[("late", "1")]),
        ("data: one\ndata: two\n\n", &[("", "one\ntwo")]),
        ("data:  two spaces\n\n", &[("", " two spaces")]),
        ("data\n\n", &[("", "")]),
        ("data:\ndata:\n\n", &[("", "\n")]),
        (": a comment\n\n:\ndata: a\n\n", &[("", "a")]),
        ("event: nothing\n\ndata: a\n\n", &[("", "a")]),
        ("id: 7\nretry: 10\nwhat: ever\ndata: a\n\n", &[("", "a")]),
        ("\u{feff}data: a\n\ndata: \u{feff}b\n\n", &[("", "a"), ("", "\u{feff}b")]),
        ("data: ü – 画\n\n", &[("", "ü – 画")]),
        ("\n\n\ndata: a\n\n\n\ndata: b\n\n", &[("", "a"), ("", "b")]),
        ("data: a\n\ndata: cut off\n", &[("", "a")]),
    ];

    #[test]
    fn a_body_is_read_frame_by_frame() {
        for (body, wanted) in BODIES {
            assert_eq!(frames(&[body.as_bytes()]), expected(wanted), "{body:?}");
        }
    }

    #[test]
    fn it_does_not_matter_where_a_body_is_cut() {
        for (body, wanted) in BODIES {
            let body = body.as_bytes();
            let bytes: Vec<_> = body.chunks(1).collect();
            assert_eq!(frames(&bytes), expected(wanted), "{body:?}");
            for cut in 0..=body.len() {
                let (start, end) = body.split_at(cut);
                assert_eq!(frames(&[start, b"", end]), expected(wanted), "{body:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_not_end_a_stream() {
        assert_eq!(frames(&[b"data: \xff\n\ndata: a\n\n"]), expected(&[("", "\u{fffd}"), ("", "a")]));
    }

    #[test]
    fn a_frame_is_bounded_however_it_comes() {
        let line = [&b"data: "[..], &[b'x'; 60]].concat();
        let lines = b"data: 0123456789\n".repeat(8);
        for (what, body) in [("one line", &line), ("many lines", &lines)] {
            for size in [1, 7, body.len()] {
                let mut parser = Parser::new(64);
                let result = body.chunks(size).try_for_each(|chunk| {
                    parser.feed(Bytes::copy_from_slice(chunk));
                    parser.next().map(drop)
                });
                assert_eq!(result, Err(TooLarge), "{what} in chunks of {size}");
            }
        }
        // What came before does not count.
        assert_eq!(frames(&[&b"data: 0123456789\n\n".repeat(9)]).len(), 9);
    }
}
