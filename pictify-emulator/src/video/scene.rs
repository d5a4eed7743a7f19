//! Execution of a scene: its variables, and the HTML of its frames.

use super::{CompiledScene, SceneError};
use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Error, FromJs, Function, Module, Object, Runtime,
    function::IntoArgs,
    loader::{ImportAttributes, Loader, Resolver},
    module::Declared,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::{Duration, Instant},
};

/// Scripts of the modules that scenes can import. Each may depend on those before it.
const SCRIPTS: [&str; 5] = [
    include_str!("scripts/react.js"),
    include_str!("scripts/markup.js"),
    include_str!("scripts/zod.js"),
    include_str!("scripts/animation.js"),
    include_str!("scripts/remotion.js"),
];

/// Maximum memory of a scene, in bytes.
const MAX_MEMORY_BYTES: usize = 64 * 1024 * 1024;

/// Maximum stack of a scene, in bytes.
const MAX_STACK_BYTES: usize = 1024 * 1024;

/// Timeout for a scene, for all its frames together.
pub(super) const RUN_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum HTML of all frames together, in bytes.
const MAX_HTML_BYTES: usize = 64 * 1024 * 1024;

/// Size, frame rate and length of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VideoConfig {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fps: u32,
    /// Number of frames.
    pub(crate) frames: u32,
}

/// Maximum length of an error message, in characters.
const MAX_MESSAGE_CHARS: usize = 300;

/// Message for a scene that exceeds [`RUN_TIMEOUT`].
const TIMEOUT_MESSAGE: &str = "The scene exceeds its time limit of ten seconds for all frames";

/// Running scene.
pub(crate) struct Scene<'js> {
    ctx: Ctx<'js>,
    exports: Object<'js>,
    timed_out: Rc<Cell<bool>>,
}

impl Scene<'_> {
    /// Runs the code of a scene, and calls `work` with the running scene.
    pub(crate) fn run<T>(
        code: &CompiledScene,
        work: impl FnOnce(&Scene<'_>) -> Result<T, SceneError>,
    ) -> Result<T, SceneError> {
        Self::run_with_timeout(RUN_TIMEOUT, code, work)
    }

    fn run_with_timeout<T>(
        timeout: Duration,
        code: &CompiledScene,
        work: impl FnOnce(&Scene<'_>) -> Result<T, SceneError>,
    ) -> Result<T, SceneError> {
        let runtime = Runtime::new().map_err(|error| engine_error(&error))?;
        runtime.set_memory_limit(MAX_MEMORY_BYTES);
        runtime.set_max_stack_size(MAX_STACK_BYTES);
        let (timed_out, start) = (Rc::new(Cell::new(false)), Instant::now());
        let flag = timed_out.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || {
            flag.set(start.elapsed() > timeout);
            flag.get()
        })));
        runtime.set_loader(NameResolver, ModuleLoader(code.imports.clone()));
        let context = Context::full(&runtime).map_err(|error| engine_error(&error))?;
        context.with(|ctx| {
            let to_scene_error = |error| to_scene_error(error, &timed_out);
            for script in SCRIPTS {
                ctx.eval::<(), _>(script).catch(&ctx).map_err(to_scene_error)?;
            }
            let exports = evaluate_module(&ctx, code).catch(&ctx).map_err(to_scene_error)?;
            work(&Scene { ctx: ctx.clone(), exports, timed_out: timed_out.clone() })
        })
    }
}

impl<'js> Scene<'js> {
    /// Returns the definitions of the variables of the scene.
    ///
    /// # Errors
    /// When the code does not export a scene.
    pub(crate) fn definitions(&self) -> Result<Vec<Value>, SceneError> {
        let description = self.call_json("__describeScene", (self.exports.clone(),))?;
        let errors: Vec<_> =
            items(&description["errors"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if errors.is_empty() { Ok(items(&description["definitions"]).to_vec()) } else { Err(SceneError::Code(errors)) }
    }

    /// Returns the props of the scene: the given values, and the defaults of the other variables.
    pub(crate) fn props(&self, given: &Map<String, Value>) -> Result<Value, SceneError> {
        let mut filled = self.call_json("__props", (self.exports.clone(), json!(given).to_string()))?;
        match filled["problem"].as_str() {
            Some(problem) => Err(SceneError::Variable(problem.to_owned())),
            None => Ok(filled["props"].take()),
        }
    }

    /// Renders the HTML page of each of these frames.
    pub(crate) fn pages(
        &self,
        config: VideoConfig,
        props: &Value,
        frames: impl Iterator<Item = u32>,
    ) -> Result<Vec<String>, SceneError> {
        let VideoConfig { width, height, fps, frames: duration } = config;
        let config = json!({"id": "scene", "width": width, "height": height, "fps": fps, "durationInFrames": duration});
        let (config, props) = (config.to_string(), props.to_string());
        let (mut pages, mut bytes) = (Vec::new(), 0);
        for frame in frames {
            let html: String = self.call("__frame", (self.exports.clone(), props.as_str(), config.as_str(), frame))?;
            bytes += html.len();
            if bytes > MAX_HTML_BYTES {
                return Err(SceneError::code(format!(
                    "Up to frame {frame} the scene has more than {MAX_HTML_BYTES} bytes of HTML"
                )));
            }
            pages.push(format!(
                "<body style=\"margin:0\"><div style=\"position:relative;width:{width}px;height:{height}px;overflow:hidden\">{html}</div></body>"
            ));
        }
        Ok(pages)
    }

    /// Calls a function of the scripts that returns JSON text.
    fn call_json(&self, function: &str, arguments: impl IntoArgs<'js>) -> Result<Value, SceneError> {
        let text: String = self.call(function, arguments)?;
        let invalid = |error| SceneError::code(format!("The scene has modified its runtime: {error}"));
        serde_json::from_str(&text).map_err(invalid)
    }

    fn call<T: FromJs<'js>>(&self, function: &str, arguments: impl IntoArgs<'js>) -> Result<T, SceneError> {
        let function: rquickjs::Result<Function<'js>> = self.ctx.globals().get(function);
        let result = function.and_then(|function| function.call(arguments)).catch(&self.ctx);
        result.map_err(|error| to_scene_error(error, &self.timed_out))
    }
}

/// Evaluates the module of a scene, and returns its exports.
fn evaluate_module<'js>(ctx: &Ctx<'js>, code: &CompiledScene) -> rquickjs::Result<Object<'js>> {
    let module = Module::declare(ctx.clone(), "scene", code.script.as_str())?;
    let (module, promise) = module.eval()?;
    promise.finish::<()>()?;
    module.namespace()
}

/// Converts an error of the JavaScript engine.
fn to_scene_error(error: CaughtError<'_>, timed_out: &Cell<bool>) -> SceneError {
    if timed_out.get() {
        return SceneError::code(TIMEOUT_MESSAGE);
    }
    let exception = match error {
        CaughtError::Exception(exception) => exception,
        CaughtError::Error(Error::WouldBlock) => {
            return SceneError::code("The scene waits for a promise that never settles");
        }
        CaughtError::Error(error) => return SceneError::code(error.to_string()),
        CaughtError::Value(value) => {
            let text = value.as_string().and_then(|text| text.to_string().ok());
            return SceneError::code(text.unwrap_or_else(|| "The scene threw a value that is not an error".to_owned()));
        }
    };
    let name: String = exception.as_object().get("name").unwrap_or_default();
    // A message can quote the whole code.
    let message: String = exception.message().unwrap_or_default().chars().take(MAX_MESSAGE_CHARS).collect();
    if name == "Unsupported" {
        SceneError::Unsupported(message)
    } else {
        SceneError::code(format!("{name}: {message}"))
    }
}

fn engine_error(error: &Error) -> SceneError {
    SceneError::code(format!("The engine for scenes cannot start: {error}"))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Resolver that uses the imported name unchanged: there are no module paths.
struct NameResolver;

impl Resolver for NameResolver {
    fn resolve<'js>(
        &mut self,
        _: &Ctx<'js>,
        _: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        Ok(name.to_owned())
    }
}

/// Loader of the importable modules, with the imported names by module.
struct ModuleLoader(BTreeMap<String, BTreeSet<String>>);

impl Loader for ModuleLoader {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        let names: Vec<_> =
            self.0.get(name).ok_or_else(|| Error::new_loading(name))?.iter().map(String::as_str).collect();
        let source: Function<'js> = ctx.globals().get("__source")?;
        let source: String = source.call((name, names))?;
        Module::declare(ctx.clone(), name, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::compile;

    fn run(code: &str, timeout: Duration) -> Result<Vec<Value>, SceneError> {
        let scene = "import {z} from 'zod'; export const schema = z.object({}); export default () => null;";
        let code = compile(&format!("{scene}\n{code}")).unwrap();
        #[allow(
            clippy::redundant_closure_for_method_calls,
            reason = "the closure works for every lifetime, the method path for one"
        )]
        Scene::run_with_timeout(timeout, &code, |scene| scene.definitions())
    }

    #[test]
    fn an_endless_scene_times_out() {
        for code in [
            "for (;;) {}",
            "/^(a+)+$/.test('a'.repeat(60) + 'b')",
            "Object.defineProperty(globalThis, '__describeScene', {get() { for (;;); }})",
            "try { for (;;) {} } catch { for (;;) {} }",
        ] {
            let error = run(code, Duration::from_millis(50)).unwrap_err();
            assert_eq!(error, SceneError::code(TIMEOUT_MESSAGE), "{code}");
        }
    }

    #[test]
    fn a_scene_over_its_memory_or_stack_limit_fails() {
        for (code, message) in [
            ("const list = []; for (;;) list.push('x'.repeat(1000) + list.length)", "InternalError: out of memory"),
            ("new Array(2 ** 32 - 1).fill(1)", "InternalError: out of memory"),
            ("const f = () => f() + 1; f()", "RangeError: Maximum call stack size exceeded"),
            ("JSON.parse('['.repeat(1e6))", "RangeError: Maximum call stack size exceeded"),
        ] {
            assert_eq!(run(code, RUN_TIMEOUT), Err(SceneError::code(message)), "{code}");
        }
    }

    #[test]
    fn a_scene_has_no_access_to_the_machine() {
        for name in ["require", "process", "fetch", "std", "os", "XMLHttpRequest", "setTimeout", "Deno", "window"] {
            let code = format!("if (typeof {name} !== 'undefined') throw new Error('{name} exists')");
            assert_eq!(run(&code, RUN_TIMEOUT), Ok(Vec::new()), "{name}");
        }
        let error = run("await eval(\"import('os')\")", RUN_TIMEOUT).unwrap_err();
        assert!(matches!(&error, SceneError::Code(messages) if messages[0].contains("os")), "{error:?}");
    }

    #[test]
    fn a_scene_that_modifies_its_runtime_affects_only_itself() {
        for code in [
            "globalThis.__describeScene = () => 7",
            "globalThis.__describeScene = () => '{'",
            "delete globalThis.__describeScene",
        ] {
            assert!(matches!(run(code, RUN_TIMEOUT), Err(SceneError::Code(_))), "{code}");
        }
        assert_eq!(run("", RUN_TIMEOUT), Ok(Vec::new()));
    }
}
