//! Jobs of the render pool that run the code of a scene.

use super::{CompiledScene, Scene, SceneError, VideoConfig, compile, scene::RUN_TIMEOUT};
use crate::render::{Job, Renderer, json_text};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// Timeout for the process that runs a scene. The scene ends itself at [`RUN_TIMEOUT`], except in a long call of a built-in
/// function.
const PROCESS_TIMEOUT: Duration = RUN_TIMEOUT.saturating_add(Duration::from_secs(2));

/// Check of the code of a scene.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CheckScene {
    pub(crate) tsx: String,
}

/// Variables of a scene that passed its check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CheckedScene {
    /// Definitions of the variables. `None` for code that needs a module which the emulator does not have: it is accepted
    /// without checks.
    #[serde(with = "json_text")]
    pub(crate) definitions: Option<Vec<Value>>,
    /// Names of the variables that the code uses.
    pub(crate) used: Vec<String>,
}

impl Job for CheckScene {
    const NAME: &'static str = "check-scene";

    const TIMEOUT: Duration = PROCESS_TIMEOUT;

    type Output = Result<CheckedScene, SceneError>;

    fn run(self, _: &dyn Renderer) -> Self::Output {
        let code = compile(&self.tsx)?;
        #[allow(clippy::redundant_closure_for_method_calls, reason = "the closure works for any lifetime")]
        let definitions = match Scene::run(&code, |scene| scene.definitions()) {
            Err(SceneError::Unsupported(_)) => return Ok(CheckedScene { definitions: None, used: Vec::new() }),
            definitions => definitions?,
        };
        let names = definitions.iter().filter_map(|definition| definition["name"].as_str());
        let used = names.filter(|name| code.names.contains(*name)).map(str::to_owned).collect();
        Ok(CheckedScene { definitions: Some(definitions), used })
    }
}

/// Render of frames of a scene to HTML pages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RenderScene {
    pub(crate) tsx: String,
    /// Values of the variables.
    #[serde(with = "json_text")]
    pub(crate) given: Map<String, Value>,
    pub(crate) config: VideoConfig,
    /// Indices of the frames. Without any, only the code and the values are checked.
    pub(crate) frames: Vec<u32>,
}

impl Job for RenderScene {
    const NAME: &'static str = "render-scene";

    const TIMEOUT: Duration = PROCESS_TIMEOUT;

    type Output = Result<Vec<String>, SceneError>;

    fn run(self, _: &dyn Renderer) -> Self::Output {
        let code: CompiledScene = compile(&self.tsx)?;
        Scene::run(&code, |scene| {
            let props = scene.props(&self.given)?;
            scene.pages(self.config, &props, self.frames.iter().copied())
        })
    }
}
