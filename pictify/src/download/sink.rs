//! Where the bytes of a file go.

use crate::{Error, ErrorKind, Result};
use bytes::{Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Where the chunks of a file go.
pub(super) trait Sink {
    /// Forgets what was written, as the file comes again from its beginning. An error where that cannot be.
    async fn start_over(&mut self) -> Result<()>;
    async fn write(&mut self, chunk: Bytes) -> Result<()>;
}

impl Sink for BytesMut {
    async fn start_over(&mut self) -> Result<()> {
        self.clear();
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.extend_from_slice(&chunk);
        Ok(())
    }
}

/// A writer, which takes nothing back.
pub(super) struct Writer<W> {
    writer: W,
    written: u64,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer, written: 0 }
    }

    /// Flushes. Returns how many bytes were written.
    pub(super) async fn finish(mut self) -> Result<u64> {
        self.writer.flush().await.map_err(unwritable)?;
        Ok(self.written)
    }
}

impl<W: AsyncWrite + Unpin> Sink for Writer<W> {
    async fn start_over(&mut self) -> Result<()> {
        only_once(self.written)
    }

    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.writer.write_all(&chunk).await.map_err(unwritable)?;
        self.written += chunk.len() as u64;
        Ok(())
    }
}

fn unwritable(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the writer failed: {error}")).with_source(error)
}

/// What was written cannot be taken back.
pub(super) fn only_once(written: u64) -> Result<()> {
    if written == 0 {
        return Ok(());
    }
    let text = format!("the download broke after {written} bytes, which are written, and the host cannot go on there");
    Err(Error::new(ErrorKind::Transport, text).with_outcome(false, true))
}

#[cfg(feature = "blocking")]
pub(super) use pipe::Pipe;

/// From the background thread to the caller's, a few chunks at a time.
#[cfg(feature = "blocking")]
mod pipe {
    use super::{Bytes, Result, Sink, only_once, unwritable};
    use crate::{Error, ErrorKind, blocking::Client};
    use std::io::Write;
    use tokio::sync::mpsc;

    /// How many chunks may wait for the writer.
    const CHUNKS: usize = 4;

    pub(in crate::download) struct Pipe {
        sender: mpsc::Sender<Bytes>,
        written: u64,
    }

    pub(in crate::download) struct End(mpsc::Receiver<Bytes>);

    impl Pipe {
        pub(in crate::download) fn new() -> (Self, End) {
            let (sender, receiver) = mpsc::channel(CHUNKS);
            (Self { sender, written: 0 }, End(receiver))
        }
    }

    impl Sink for Pipe {
        async fn start_over(&mut self) -> Result<()> {
            only_once(self.written)
        }

        async fn write(&mut self, chunk: Bytes) -> Result<()> {
            self.written += chunk.len() as u64;
            // Nobody reads any more only after the writer has failed, which is told there.
            self.sender.send(chunk).await.map_err(|_| Error::new(ErrorKind::Io, "the writer failed"))
        }
    }

    impl End {
        /// Writes what comes until all has come.
        pub(in crate::download) fn drain(self, client: &Client, mut writer: impl Write) -> Result<u64> {
            let Self(mut receiver) = self;
            let mut written = 0;
            loop {
                let chunk;
                (receiver, chunk) = client.wait(async move {
                    let chunk = receiver.recv().await;
                    Ok((receiver, chunk))
                })?;
                let Some(chunk) = chunk else { break };
                writer.write_all(&chunk).map_err(unwritable)?;
                written += chunk.len() as u64;
            }
            writer.flush().map_err(unwritable)?;
            Ok(written)
        }
    }
}
