//! Why a server did not start.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

/// Why an emulator did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder for the data cannot be used.
    DataDir {
        /// Which folder; none when even memory failed.
        folder: Option<PathBuf>,
        /// Why.
        reason: String,
    },
    /// The engine that renders cannot be used.
    Engine {
        /// Why.
        reason: String,
    },
    /// A fault could never happen as it is described.
    Faults {
        /// Which, and why.
        reason: String,
    },
    /// Requests to other servers cannot be made.
    OutboundClients {
        /// Why.
        reason: String,
    },
    /// A file of options or of faults cannot be used.
    File {
        /// Which file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } if source.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "the emulator cannot listen on {address}: {source}: stop what listens there, or choose another port; 0 takes a free one"
            ),
            Self::Listen { address, source } => write!(f, "the emulator cannot listen on {address}: {source}"),
            Self::DataDir { folder, reason } => {
                let folder = folder.as_deref().map_or("memory".into(), |folder| folder.display().to_string());
                write!(f, "the emulator cannot keep its data in {folder}: {reason}")
            }
            Self::Engine { reason } => write!(f, "the emulator has no engine: {reason}"),
            Self::Faults { reason } => write!(f, "the faults cannot be used: {reason}"),
            Self::OutboundClients { reason } => write!(f, "the emulator cannot make requests: {reason}"),
            Self::File { file, reason } => write!(f, "{} cannot be used: {reason}", file.display()),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            Self::DataDir { .. }
            | Self::Engine { .. }
            | Self::Faults { .. }
            | Self::OutboundClients { .. }
            | Self::File { .. } => None,
        }
    }
}
