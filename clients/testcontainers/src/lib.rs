//! The Pictify emulator as an image for [testcontainers](https://docs.rs/testcontainers).
//!
//! Build the image first: `docker build --file pictify-emulator/Dockerfile --tag pictify-emulator .`
//!
//! ```no_run
//! use pictify_testcontainers::{PictifyEmulator, base_url};
//! use testcontainers::runners::AsyncRunner;
//!
//! # async fn run() -> Result<(), testcontainers::TestcontainersError> {
//! let container = PictifyEmulator::default().with_option("--idempotency-keys").start().await?;
//! println!("PICTIFY_BASE_URL={}", base_url(&container).await?);
//! # Ok(())
//! # }
//! ```

use std::borrow::Cow;
use testcontainers::{
    ContainerAsync, Image, TestcontainersError,
    core::{ContainerPort, WaitFor},
};

/// Port in the container.
const PORT: ContainerPort = ContainerPort::Tcp(4040);

/// Image of the emulator. It is ready when its health check succeeds.
#[derive(Clone, Debug)]
pub struct PictifyEmulator {
    name: String,
    tag: String,
    options: Vec<String>,
}

impl PictifyEmulator {
    /// Sets the name and the tag of the image. The default is `pictify-emulator:latest`.
    #[must_use]
    pub fn with_image(mut self, name: impl Into<String>, tag: impl Into<String>) -> Self {
        (self.name, self.tag) = (name.into(), tag.into());
        self
    }

    /// Adds an option or its value, as in `pictify-emulator --help`.
    #[must_use]
    pub fn with_option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }
}

impl Default for PictifyEmulator {
    fn default() -> Self {
        Self { name: "pictify-emulator".to_owned(), tag: "latest".to_owned(), options: Vec::new() }
    }
}

impl Image for PictifyEmulator {
    fn name(&self) -> &str {
        &self.name
    }

    fn tag(&self) -> &str {
        &self.tag
    }

    fn ready_conditions(&self) -> Vec<WaitFor> {
        vec![WaitFor::healthcheck()]
    }

    fn cmd(&self) -> impl IntoIterator<Item = impl Into<Cow<'_, str>>> {
        &self.options
    }

    fn expose_ports(&self) -> &[ContainerPort] {
        &[PORT]
    }
}

/// Returns the base URL for clients on this machine.
///
/// # Errors
/// [`TestcontainersError`]: if the container has ended.
pub async fn base_url(container: &ContainerAsync<PictifyEmulator>) -> Result<String, TestcontainersError> {
    let (host, port) = (container.get_host().await?, container.get_host_port_ipv4(PORT).await?);
    Ok(format!("http://{host}:{port}"))
}
