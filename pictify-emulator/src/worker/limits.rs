//! Limits of a worker process, which the operating system enforces.

use std::io;

#[cfg(target_os = "linux")]
pub(super) fn apply(memory_megabytes: u32) -> io::Result<()> {
    use crate::render::MAX_STACK_BYTES;
    use rustix::process::{Resource, Rlimit, setrlimit};

    // The stack of the thread for jobs counts as data, although most of it is never used.
    let memory = u64::from(memory_megabytes) * 1024 * 1024 + MAX_STACK_BYTES as u64;
    for (resource, limit) in [
        (Resource::Data, memory),
        // A page may have been crafted to find secrets in a core dump.
        (Resource::Core, 0),
        // Standard input, output and error are open already.
        (Resource::Nofile, MAX_OPEN_FILES),
        (Resource::Fsize, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

/// Maximum number of open files: three standard streams, and a few that the standard library opens for a moment.
#[cfg(target_os = "linux")]
const MAX_OPEN_FILES: u64 = 16;

/// Other systems do not limit the memory of a process, so only its time is limited, by the server.
#[cfg(not(target_os = "linux"))]
pub(super) fn apply(_: u32) -> io::Result<()> {
    Ok(())
}
