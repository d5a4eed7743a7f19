//! Support for the tests of services that use Pictify.
//!
//! | to | see |
//! |---|---|
//! | record responses of the service once, and then run tests without a key and without a network | [`Cassette`] |
//! | put responses into snapshots that do not change from run to run | [`redact`], [`REDACTIONS`] |
//! | check that the struct with the variables of a template still matches the template | [`assert_struct_matches`], `assert_type_matches` with the feature `schemars` |
//! | fail as soon as the service changes its response format | [`ClientBuilder::strict_responses`](crate::ClientBuilder::strict_responses) |
//! | skip waits | [`ClientBuilder::clock`](crate::ClientBuilder::clock) |
//! | render for real, with faults on demand | the crate `pictify-emulator` |
//!
//! A test that checks all of it. Record it once with `PICTIFY_RECORD=1 cargo test` and a key or an emulator; after that
//! it runs for everyone from the recording:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use pictify::{Client, testing::{self, Cassette}};
//!
//! #[derive(serde::Serialize)]
//! struct Card { title: String }
//!
//! let cassette = Cassette::from_env("tests/cassettes/card.json")?;
//! let client = Client::builder().cassette(&cassette).strict_responses(true).build()?;
//!
//! let variables = client.templates().variables("XK4P2M9QZT").send().await?;
//! testing::assert_struct_matches(&variables.variables, &[Card { title: "Hello".into() }]);
//!
//! let render = client.templates().render("XK4P2M9QZT", &Card { title: "Hello".into() }).send().await?;
//! println!("{:#}", testing::redact(&render));
//! cassette.finish()?;
//! # Ok(()) }
//! ```

mod cassette;
mod clock;
mod interaction;
mod matcher;
mod recorder;
mod redact;
mod redaction;
mod schema_check;

pub use cassette::{Cassette, CassetteError};
pub(crate) use clock::ReplayClock;
pub(crate) use recorder::Recorder;
pub use redact::{REDACTIONS, redact};
pub use schema_check::{TemplateMismatch, TemplateMismatches, assert_struct_matches, check_struct};
#[cfg(feature = "schemars")]
pub use schema_check::{assert_type_matches, check_type};
