//! Video templates written as code: a scene in TSX, checked when it is stored and rendered frame by frame.
//!
//! `compile.rs` compiles the code to a script, `scene.rs` runs the script in an engine without access to files, network or
//! clock, `gif.rs` encodes the frames as a GIF. `scripts/` has the modules that scenes can import. If a scene uses anything
//! else, it can be stored, and rendering it is an error.

mod compile;
mod error;
mod gif;
mod scene;
mod timeline;

pub(crate) use compile::{CompiledScene, compile};
pub(crate) use error::{SceneError, rendering_unsupported};
pub(crate) use gif::{encode_gif, gif_frames};
pub(crate) use scene::{Scene, VideoConfig};
pub(crate) use timeline::timeline_variables;
