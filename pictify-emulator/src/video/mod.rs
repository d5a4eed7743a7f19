//! Video templates of code: a scene in TSX, checked when it is stored, and drawn frame by frame.
//!
//! `compile.rs` makes a script of the code, `scene.rs` runs it in an engine without files, network and clock, `film.rs`
//! makes frames a moving picture. `scripts/` holds what scenes import; what a scene needs beyond that is refused when it
//! is drawn, not when it is stored.

mod compile;
mod error;
mod film;
mod scene;
mod timeline;

pub(crate) use compile::{Code, compile};
pub(crate) use error::{SceneError, not_rendered};
pub(crate) use film::{film, pace};
pub(crate) use scene::{Scene, Size};
pub(crate) use timeline::names as timeline_names;

/// The kind of the documents that video templates are.
pub(crate) const VIDEO: &str = "video_template";
