//! Errors of starting a server.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

/// Reason why an emulator did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The server cannot listen on the address.
    Listen {
        /// Address.
        address: SocketAddr,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The data folder cannot be used.
    DataDir {
        /// Folder; `None` if the store in memory failed.
        folder: Option<PathBuf>,
        /// Reason.
        reason: String,
    },
    /// The render engine cannot be used.
    Engine {
        /// Reason.
        reason: String,
    },
    /// A fault could never occur as described.
    Faults {
        /// Fault and reason.
        reason: String,
    },
    /// An allowed host or origin is not one.
    Access {
        /// Host or origin, and reason.
        reason: String,
    },
    /// The templates to start with cannot be used.
    Seed {
        /// File or template, and reason.
        reason: String,
    },
    /// The clients for outgoing requests cannot be created.
    HttpClient {
        /// Reason.
        reason: String,
    },
    /// The signals that stop the program cannot be awaited.
    Signals {
        /// Error of the operating system.
        source: io::Error,
    },
    /// A file of options or faults cannot be used.
    File {
        /// File.
        file: PathBuf,
        /// Reason.
        reason: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } if source.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "the emulator cannot listen on {address}: {source}: stop the program that uses the port, or choose another port; 0 takes a free one"
            ),
            Self::Listen { address, source } => write!(f, "the emulator cannot listen on {address}: {source}"),
            Self::DataDir { folder, reason } => {
                let folder = folder.as_deref().map_or("memory".into(), |folder| folder.display().to_string());
                write!(f, "the emulator cannot store its data in {folder}: {reason}")
            }
            Self::Engine { reason } => write!(f, "the render engine cannot be used: {reason}"),
            Self::Faults { reason } => write!(f, "the faults cannot be used: {reason}"),
            Self::Access { reason } => write!(f, "the allowed hosts and origins cannot be used: {reason}"),
            Self::Seed { reason } => write!(f, "the templates to start with cannot be used: {reason}"),
            Self::HttpClient { reason } => write!(f, "the emulator cannot make requests: {reason}"),
            Self::Signals { source } => write!(f, "the emulator cannot wait for the signals that stop it: {source}"),
            Self::File { file, reason } => write!(f, "{} cannot be used: {reason}", file.display()),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } | Self::Signals { source } => Some(source),
            Self::DataDir { .. }
            | Self::Engine { .. }
            | Self::Faults { .. }
            | Self::Access { .. }
            | Self::Seed { .. }
            | Self::HttpClient { .. }
            | Self::File { .. } => None,
        }
    }
}
