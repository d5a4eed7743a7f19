//! Parser of server-sent events, for a body that arrives in chunks.
//!
//! It is written by hand because it is small, and the available crates depend on a parser library.

use crate::{Error, ErrorKind, Result, transport::Body};
use bytes::{Buf, Bytes};
use std::{fmt, mem};

/// Maximum size of one frame, in bytes. Progress events take some hundred bytes.
const MAX_FRAME_BYTES: usize = 1024 * 1024;

/// One event: its name, if any, and the lines of its data.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

/// The frames of a body.
pub(crate) struct Frames {
    body: Body,
    parser: Parser,
}

impl Frames {
    pub(crate) fn new(body: Body) -> Self {
        Self { body, parser: Parser::new(MAX_FRAME_BYTES) }
    }

    /// Returns the next frame, or `None` at the end of the body. Data after the last blank line is not a frame.
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
            let chunk = self.body.chunk().await.map_err(Error::from_transport)?;
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

/// Error: a frame is larger than the limit.
#[derive(Debug, PartialEq, Eq)]
struct TooLarge;

/// Parses frames from chunks that are split at any position. It stores one chunk and one incomplete frame.
struct Parser {
    limit: usize,
    /// Unread rest of the current chunk.
    chunk: Bytes,
    /// Beginning of a line that is not complete yet.
    line: Vec<u8>,
    /// `true` if the last line ended with a carriage return, which a line feed may follow.
    after_return: bool,
    /// `true` before the first line, which may start with a byte order mark.
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

    /// Adds the next chunk. The previous chunk must have been read completely.
    fn feed(&mut self, chunk: Bytes) {
        self.chunk = chunk;
    }

    /// Returns the next complete frame of the data so far.
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

    /// Parses one line. A blank line ends a frame, which is returned only if it has data.
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
            // Comments have no field name. `id` and `retry` are for clients that reconnect; this client must not reconnect.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the frames of a body that arrives in these chunks.
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
    fn a_body_is_parsed_into_frames() {
        for (body, wanted) in BODIES {
            assert_eq!(frames(&[body.as_bytes()]), expected(wanted), "{body:?}");
        }
    }

    #[test]
    fn the_positions_of_chunk_boundaries_do_not_matter() {
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
    fn invalid_utf_8_does_not_end_a_stream() {
        assert_eq!(frames(&[b"data: \xff\n\ndata: a\n\n"]), expected(&[("", "\u{fffd}"), ("", "a")]));
    }

    #[test]
    fn the_size_of_a_frame_is_limited_in_all_forms() {
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
        // Earlier frames do not count.
        assert_eq!(frames(&[&b"data: 0123456789\n\n".repeat(9)]).len(), 9);
    }
}
