//! For the tests of services that use Pictify.
//!
//! | to | see |
//! |---|---|
//! | record what the service answered once, and run tests on it for ever, without a key and without a network | [`Cassette`] |
//! | put answers into snapshots that do not change from run to run | [`redact`], [`REDACTIONS`] |
//! | see that the struct with a template's values still fits the template | [`check_struct`], `check_type` with the feature `schemars` |
//! | be told as soon as the service answers something new | [`ClientBuilder::strict`](crate::ClientBuilder::strict) |
//! | see waits without waiting | [`ClientBuilder::clock`](crate::ClientBuilder::clock) |
//! | render for real, with faults on demand | the crate `pictify-emulator` |
//!
//! A test that pins all of it, recorded once with `PICTIFY_RECORD=1 cargo test` and a key or an emulator, and run by everyone
//! after that:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use pictify::{Client, testing::{self, Cassette}};
//!
//! #[derive(serde::Serialize)]
//! struct Card { title: String }
//!
//! let cassette = Cassette::from_env("tests/cassettes/card.json")?;
//! let client = Client::builder().cassette(&cassette).strict(true).build()?;
//!
//! let variables = client.templates().variables("XK4P2M9QZT").send().await?;
//! testing::check_struct(&variables.variables, &[Card { title: "Hello".into() }])?;
//!
//! let render = client.templates().render("XK4P2M9QZT", &Card { title: "Hello".into() })?.send().await?;
//! println!("{:#}", testing::redact(&render));
//! cassette.finish()?;
//! # Ok(()) }
//! ```

mod cassette;
mod clock;
mod exchange;
mod fit;
mod matching;
mod redact;
mod scrub;
mod tape;

pub use cassette::{Cassette, CassetteError};
pub(crate) use clock::ReplayClock;
#[cfg(feature = "schemars")]
pub use fit::check_type;
pub use fit::{Misfit, Misfits, check_struct};
pub use redact::{REDACTIONS, redact};
pub(crate) use tape::Tape;
