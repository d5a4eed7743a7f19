//! Video templates written as code: a scene in TSX, checked when it is stored and rendered frame by frame.
//!
//! `compile.rs` compiles the code to a script, `scene.rs` runs the script in an engine without access to files, network or
//! clock, `jobs.rs` has the jobs for the render pool, `gif.rs` encodes the frames as a GIF. `scripts/` has the modules that scenes can import. If a scene uses anything
//! else, it can be stored, and rendering it is an error.

mod compile;
mod error;
mod gif;
mod jobs;
mod scene;
mod timeline;

use compile::{CompiledScene, compile};
use scene::Scene;

pub(crate) use error::{SceneError, rendering_unsupported};
pub(crate) use gif::{encode_gif, gif_frames};
pub(crate) use jobs::{CheckScene, CheckedScene, RenderScene};
pub(crate) use scene::VideoConfig;
pub(crate) use timeline::timeline_variables;
