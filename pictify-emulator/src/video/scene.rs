//! A scene that runs: its variables, and the HTML of its frames.

use super::{Code, SceneError};
use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Error, FromJs, Function, Module, Object, Runtime,
    function::IntoArgs,
    loader::{ImportAttributes, Loader, Resolver},
    module::Declared,
};
use serde_json::{Map, Value, json};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::{Duration, Instant},
};

/// What scenes import, in the order in which one needs the other.
const SCRIPTS: [&str; 5] = [
    include_str!("scripts/elements.js"),
    include_str!("scripts/markup.js"),
    include_str!("scripts/schema.js"),
    include_str!("scripts/motion.js"),
    include_str!("scripts/stage.js"),
];

/// How much memory a scene may take, in bytes.
const MEMORY: usize = 64 * 1024 * 1024;

/// How much stack a scene may take, in bytes.
const STACK: usize = 1024 * 1024;

/// How long a scene may run, over all its frames.
const TIME: Duration = Duration::from_secs(10);

/// How many bytes of HTML all frames have together.
const HTML: usize = 128 * 1024 * 1024;

/// What a video is, beside its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fps: u32,
    pub(crate) frames: u32,
}

/// How much of a message is told, in characters.
const LONGEST_MESSAGE: usize = 300;

/// A scene that runs.
pub(crate) struct Scene<'js> {
    ctx: Ctx<'js>,
    exports: Object<'js>,
    is_late: Rc<Cell<bool>>,
}

impl Scene<'_> {
    /// Runs a scene, and does something with it.
    pub(crate) fn play<T>(
        code: &Code,
        work: impl FnOnce(&Scene<'_>) -> Result<T, SceneError>,
    ) -> Result<T, SceneError> {
        Self::play_within(TIME, code, work)
    }

    fn play_within<T>(
        time: Duration,
        code: &Code,
        work: impl FnOnce(&Scene<'_>) -> Result<T, SceneError>,
    ) -> Result<T, SceneError> {
        let runtime = Runtime::new().map_err(|error| broken(&error))?;
        runtime.set_memory_limit(MEMORY);
        runtime.set_max_stack_size(STACK);
        let (is_late, begun) = (Rc::new(Cell::new(false)), Instant::now());
        let noted = is_late.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || {
            noted.set(begun.elapsed() > time);
            noted.get()
        })));
        runtime.set_loader(Known, Modules(code.imports.clone()));
        let context = Context::full(&runtime).map_err(|error| broken(&error))?;
        context.with(|ctx| {
            let failed = |error| failed(error, &is_late);
            for script in SCRIPTS {
                ctx.eval::<(), _>(script).catch(&ctx).map_err(failed)?;
            }
            let exports = exports(&ctx, code).catch(&ctx).map_err(failed)?;
            work(&Scene { ctx: ctx.clone(), exports, is_late: is_late.clone() })
        })
    }
}

impl<'js> Scene<'js> {
    /// The definitions of its variables, if it is a scene.
    pub(crate) fn definitions(&self) -> Result<Vec<Value>, SceneError> {
        let about = self.json("__about", (self.exports.clone(),))?;
        let errors: Vec<_> = list(&about["errors"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if errors.is_empty() { Ok(list(&about["definitions"]).to_vec()) } else { Err(SceneError::Code(errors)) }
    }

    /// The values that it is drawn with: those given, and the defaults of the others.
    pub(crate) fn props(&self, given: &Map<String, Value>) -> Result<Value, SceneError> {
        let mut filled = self.json("__props", (self.exports.clone(), json!(given).to_string()))?;
        match filled["problem"].as_str() {
            Some(problem) => Err(SceneError::Variable(problem.to_owned())),
            None => Ok(filled["props"].take()),
        }
    }

    /// The page of each of these frames.
    pub(crate) fn pages(
        &self,
        size: Size,
        props: &Value,
        frames: impl Iterator<Item = u32>,
    ) -> Result<Vec<String>, SceneError> {
        let Size { width, height, fps, frames: duration } = size;
        let config = json!({"id": "scene", "width": width, "height": height, "fps": fps, "durationInFrames": duration});
        let (config, props) = (config.to_string(), props.to_string());
        let (mut pages, mut bytes) = (Vec::new(), 0);
        for frame in frames {
            let drawn: String = self.call("__frame", (self.exports.clone(), props.as_str(), config.as_str(), frame))?;
            bytes += drawn.len();
            if bytes > HTML {
                return Err(SceneError::code(format!(
                    "Up to frame {frame} the scene has more than {HTML} bytes of HTML"
                )));
            }
            pages.push(format!(
                "<body style=\"margin:0\"><div style=\"position:relative;width:{width}px;height:{height}px;overflow:hidden\">{drawn}</div></body>"
            ));
        }
        Ok(pages)
    }

    fn json(&self, function: &str, arguments: impl IntoArgs<'js>) -> Result<Value, SceneError> {
        let text: String = self.call(function, arguments)?;
        let tampered = |error| SceneError::code(format!("The scene has changed what it runs in: {error}"));
        serde_json::from_str(&text).map_err(tampered)
    }

    fn call<T: FromJs<'js>>(&self, function: &str, arguments: impl IntoArgs<'js>) -> Result<T, SceneError> {
        let function: rquickjs::Result<Function<'js>> = self.ctx.globals().get(function);
        let result = function.and_then(|function| function.call(arguments)).catch(&self.ctx);
        result.map_err(|error| failed(error, &self.is_late))
    }
}

/// Runs the code up to its end, and returns what it exports.
fn exports<'js>(ctx: &Ctx<'js>, code: &Code) -> rquickjs::Result<Object<'js>> {
    let module = Module::declare(ctx.clone(), "scene", code.script.as_str())?;
    let (module, ended) = module.eval()?;
    ended.finish::<()>()?;
    module.namespace()
}

/// Why the engine gave up.
fn failed(error: CaughtError<'_>, is_late: &Cell<bool>) -> SceneError {
    if is_late.get() {
        return SceneError::code("The scene runs for too long: it may take ten seconds over all frames");
    }
    let exception = match error {
        CaughtError::Exception(exception) => exception,
        CaughtError::Error(Error::WouldBlock) => return SceneError::code("The scene waits for something for ever"),
        CaughtError::Error(error) => return SceneError::code(error.to_string()),
        CaughtError::Value(value) => {
            let text = value.as_string().and_then(|text| text.to_string().ok());
            return SceneError::code(text.unwrap_or_else(|| "The scene threw what is no error".to_owned()));
        }
    };
    let name: String = exception.as_object().get("name").unwrap_or_default();
    // A message may quote all of the code.
    let message: String = exception.message().unwrap_or_default().chars().take(LONGEST_MESSAGE).collect();
    if name == "Unsupported" { SceneError::Missing(message) } else { SceneError::code(format!("{name}: {message}")) }
}

fn broken(error: &Error) -> SceneError {
    SceneError::code(format!("The engine for scenes cannot start: {error}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Every module has the name that the code says: there are no paths.
struct Known;

impl Resolver for Known {
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

/// What may be imported: by module, the names that are.
struct Modules(BTreeMap<String, BTreeSet<String>>);

impl Loader for Modules {
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

    fn run(code: &str, time: Duration) -> Result<Vec<Value>, SceneError> {
        let scene = "import {z} from 'zod'; export const schema = z.object({}); export default () => null;";
        let code = compile(&format!("{scene}\n{code}")).unwrap();
        #[allow(
            clippy::redundant_closure_for_method_calls,
            reason = "the method is of one lifetime, the closure of any"
        )]
        Scene::play_within(time, &code, |scene| scene.definitions())
    }

    #[test]
    fn a_scene_that_never_ends_is_ended() {
        for code in [
            "for (;;) {}",
            "/^(a+)+$/.test('a'.repeat(60) + 'b')",
            "Object.defineProperty(globalThis, '__about', {get() { for (;;); }})",
            "try { for (;;) {} } catch { for (;;) {} }",
        ] {
            let error = run(code, Duration::from_millis(50)).unwrap_err();
            let message = "The scene runs for too long: it may take ten seconds over all frames";
            assert_eq!(error, SceneError::code(message), "{code}");
        }
    }

    #[test]
    fn a_scene_that_takes_too_much_is_stopped() {
        for (code, message) in [
            ("const list = []; for (;;) list.push('x'.repeat(1000) + list.length)", "InternalError: out of memory"),
            ("new Array(2 ** 32 - 1).fill(1)", "InternalError: out of memory"),
            ("const f = () => f() + 1; f()", "RangeError: Maximum call stack size exceeded"),
            ("JSON.parse('['.repeat(1e6))", "RangeError: Maximum call stack size exceeded"),
        ] {
            assert_eq!(run(code, TIME), Err(SceneError::code(message)), "{code}");
        }
    }

    #[test]
    fn a_scene_finds_nothing_of_this_machine() {
        for name in ["require", "process", "fetch", "std", "os", "XMLHttpRequest", "setTimeout", "Deno", "window"] {
            let code = format!("if (typeof {name} !== 'undefined') throw new Error('there is {name}')");
            assert_eq!(run(&code, TIME), Ok(Vec::new()), "{name}");
        }
        let error = run("await eval(\"import('os')\")", TIME).unwrap_err();
        assert!(matches!(&error, SceneError::Code(messages) if messages[0].contains("os")), "{error:?}");
    }

    #[test]
    fn a_scene_that_changes_what_it_runs_in_hurts_only_itself() {
        for code in ["globalThis.__about = () => 7", "globalThis.__about = () => '{'", "delete globalThis.__about"] {
            assert!(matches!(run(code, TIME), Err(SceneError::Code(_))), "{code}");
        }
        assert_eq!(run("", TIME), Ok(Vec::new()));
    }
}
