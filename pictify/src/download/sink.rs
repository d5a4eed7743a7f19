//! Destinations of downloaded bytes.

use crate::{Error, ErrorKind, Result};
use bytes::{Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Destination of the chunks of a file.
pub(super) trait Sink {
    /// Discards everything written, because the file is sent again from the beginning. Returns an error if that is impossible.
    async fn restart(&mut self) -> Result<()>;
    async fn write(&mut self, chunk: Bytes) -> Result<()>;
}

impl Sink for BytesMut {
    async fn restart(&mut self) -> Result<()> {
        self.clear();
        Ok(())
    }

    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.extend_from_slice(&chunk);
        Ok(())
    }
}

/// A writer; its bytes cannot be taken back.
pub(super) struct Writer<W> {
    writer: W,
    written: u64,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer, written: 0 }
    }

    /// Flushes the writer. Returns the number of bytes written.
    pub(super) async fn finish(mut self) -> Result<u64> {
        self.writer.flush().await.map_err(writer_error)?;
        Ok(self.written)
    }
}

impl<W: AsyncWrite + Unpin> Sink for Writer<W> {
    async fn restart(&mut self) -> Result<()> {
        cannot_restart(self.written)
    }

    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.writer.write_all(&chunk).await.map_err(writer_error)?;
        self.written += chunk.len() as u64;
        Ok(())
    }
}

fn writer_error(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the writer failed: {error}")).with_source(error)
}

/// Returns an error if bytes were written, since they cannot be taken back.
pub(super) fn cannot_restart(written: u64) -> Result<()> {
    if written == 0 {
        return Ok(());
    }
    let text = format!(
        "the download failed after {written} bytes; they are already written, and the host cannot resume there"
    );
    Err(Error::new(ErrorKind::Transport, text).with_outcome(false, true))
}

#[cfg(feature = "blocking")]
pub(super) use pipe::Pipe;

/// Channel of a few chunks from the background thread to the thread of the caller.
#[cfg(feature = "blocking")]
mod pipe {
    use super::{Bytes, Result, Sink, cannot_restart, writer_error};
    use crate::{Error, ErrorKind, blocking::Client};
    use std::io::Write;
    use tokio::sync::mpsc;

    /// Capacity of the channel, in chunks.
    const MAX_PENDING_CHUNKS: usize = 4;

    pub(in crate::download) struct Pipe {
        sender: mpsc::Sender<Bytes>,
        written: u64,
    }

    pub(in crate::download) struct End(mpsc::Receiver<Bytes>);

    impl Pipe {
        pub(in crate::download) fn new() -> (Self, End) {
            let (sender, receiver) = mpsc::channel(MAX_PENDING_CHUNKS);
            (Self { sender, written: 0 }, End(receiver))
        }
    }

    impl Sink for Pipe {
        async fn restart(&mut self) -> Result<()> {
            cannot_restart(self.written)
        }

        async fn write(&mut self, chunk: Bytes) -> Result<()> {
            self.written += chunk.len() as u64;
            // The receiver is dropped only if the writer failed; `drain` reports that error.
            self.sender.send(chunk).await.map_err(|_| Error::new(ErrorKind::Io, "the writer failed"))
        }
    }

    impl End {
        /// Writes the chunks until the download ends. Returns the number of bytes written.
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
                writer.write_all(&chunk).map_err(writer_error)?;
                written += chunk.len() as u64;
            }
            writer.flush().map_err(writer_error)?;
            Ok(written)
        }
    }
}
