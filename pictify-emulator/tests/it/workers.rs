//! Renders in worker processes: results, bounded time and memory, and the end of the processes.

use crate::{
    agent::SHOP,
    support::{
        Response, get, post,
        program::{Program, is_busy, is_running, kill, until},
        site::start_site,
    },
};
use pictify_emulator::{
    EgressPolicy, Emulator, EmulatorBuilder,
    worker::{SUBCOMMAND, WorkerCommand},
};
use procfs::process::{LimitValue, Process};
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    time::Duration,
};

/// Maximum memory of the program with all its processes, in bytes.
const MAX_TREE_BYTES: u64 = 1000 * 1000 * 1000;

fn with_workers() -> EmulatorBuilder {
    Emulator::builder().worker_command(WorkerCommand::new(env!("CARGO_BIN_EXE_pictify-emulator"), [SUBCOMMAND]))
}

fn page(html: impl Into<String>, side: u32) -> Value {
    json!({"html": html.into(), "width": side, "height": side})
}

/// Page that is rendered within milliseconds.
fn honest() -> Value {
    page("<body style='background:#f00'>Hello", 60)
}

/// Video template whose code never returns to the interpreter, which checks the time.
fn endless_scene() -> Value {
    let code = "import {z} from 'zod'; export const schema = z.object({}); export default () => null;
        Array.prototype.reverse.call({length: 2 ** 53 - 1});";
    json!({"name": "x", "kind": "tsx", "tsx": code, "width": 16, "height": 16, "fps": 9, "durationInFrames": 9})
}

/// Returns the status, the error code and the message of a response.
fn error_of(response: &Response) -> (u16, String, String) {
    let body = response.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (response.status, text("code"), text("error"))
}

#[tokio::test]
async fn every_kind_of_render_has_the_same_result_as_in_a_thread() {
    let threads = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let workers = with_workers().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let site = start_site(HashMap::from([("/shop", ("Content-Type: text/html", SHOP.as_bytes().to_vec()))])).await;
    let moving = "<style>@keyframes k { to { margin-left: 20px } } p { animation: k 1s }</style><p>x";
    for (case, path, body) in [
        ("PNG", "/image", json!({"html": SHOP, "width": 300, "height": 200, "fileExtension": "png"})),
        ("JPEG", "/image", json!({"html": SHOP, "width": 300, "height": 200, "fileExtension": "jpg"})),
        ("selector", "/image", json!({"html": SHOP, "width": 300, "height": 200, "selector": ".pricing"})),
        ("GIF", "/gif", json!({"html": moving, "width": 60, "height": 40})),
        ("agent", "/image/agent-screenshot", json!({"prompt": format!("the pricing table of {site}/shop")})),
    ] {
        let mut files = Vec::new();
        for emulator in [&threads, &workers] {
            let response = post(emulator, path, &body).await;
            assert_eq!(response.status, 200, "{case}: {response:?}");
            let url = match response.json() {
                Value::Object(fields) if fields.contains_key("gif") => fields["gif"]["url"].clone(),
                body => body["url"].clone(),
            };
            let file = url.as_str().unwrap().strip_prefix(emulator.url()).unwrap().to_owned();
            files.push(get(emulator, &file).await.body);
        }
        assert!(files[0] == files[1] && files[0].len() > 100, "{case}");
    }
}

#[tokio::test]
async fn pdfs_their_images_and_frames_of_videos_are_rendered_too() {
    let workers = with_workers().start().await.unwrap();
    let file = async |url: &Value| {
        let path = url.as_str().unwrap().strip_prefix(workers.url()).unwrap().to_owned();
        get(&workers, &path).await.body
    };
    let template = json!({"name": "Letter", "html": "<p>Dear {{name}}", "width": 300, "height": 200});
    let template = post(&workers, "/templates", &template).await.json()["template"]["uid"].clone();
    let pdf =
        post(&workers, "/pdf/render", &json!({"templateUid": template, "variables": {"name": "Ada"}})).await.json();
    assert!(file(&pdf["url"]).await.starts_with(b"%PDF"), "{pdf}");
    let listed = get(&workers, "/render").await.json()["renders"][0]["id"].clone();
    let image = get(&workers, &format!("/_emulator/ui/renders/{}/pages/1", listed.as_str().unwrap())).await;
    assert!(image.status == 200 && image.body.starts_with(b"\x89PNG"), "{image:?}");
    let code = "import {z} from 'zod'; export const schema = z.object({}); export default () => <p>x</p>;";
    let scene =
        json!({"name": "x", "kind": "tsx", "tsx": code, "width": 16, "height": 16, "fps": 9, "durationInFrames": 9});
    let scene = post(&workers, "/video/templates", &scene).await.json()["template"]["uid"].clone();
    let frame =
        post(&workers, &format!("/video/templates/{}/preview", scene.as_str().unwrap()), &json!({})).await.json();
    assert!(file(&frame["url"]).await.starts_with(b"\x89PNG"), "{frame}");
}

#[tokio::test]
async fn errors_of_an_engine_pass_through() {
    let workers = with_workers().start().await.unwrap();
    let mut body = honest();
    body["selector"] = ".missing".into();
    let response = post(&workers, "/image", &body).await;
    let message = "No element matches the selector .missing".to_owned();
    assert_eq!(error_of(&response), (422, "render_failed".to_owned(), message));
    let mut scene = endless_scene();
    scene["tsx"] = "import 'fs'".into();
    let response = post(&workers, "/video/templates", &scene).await;
    let message = "1:8 Cannot import fs: a scene imports only remotion, @remotion/*, react and zod";
    assert_eq!((response.status, response.json()), (422, json!({"errors": [message]})));
}

#[tokio::test]
async fn a_page_over_the_memory_limit_is_an_error_and_the_next_is_rendered() {
    let workers = with_workers().render_memory(64).start().await.unwrap();
    let response = post(&workers, "/image", &page("x", 4096)).await;
    let message = "The page needs more than 64 MB of memory, the limit of a render".to_owned();
    assert_eq!(error_of(&response), (422, "render_failed".to_owned(), message));
    assert_eq!(post(&workers, "/image", &honest()).await.status, 200);
}

/// More scripts than places: a slow render never takes the last place.
#[tokio::test]
async fn renders_go_on_beside_any_number_of_endless_scripts() {
    let places = std::thread::available_parallelism().unwrap().get();
    let workers = with_workers().render_timeout(Duration::from_secs(8)).start().await.unwrap();
    let scene = endless_scene();
    let attacks = futures_util::future::join_all((0..places).map(|_| post(&workers, "/video/templates", &scene)));
    let honest_renders = async {
        for _ in 0..10 {
            assert_eq!(post(&workers, "/image", &honest()).await.status, 200);
        }
    };
    let ((), attacks) = tokio::join!(honest_renders, attacks);
    for attack in attacks {
        let (status, code, _) = error_of(&attack);
        assert_eq!((status, code.as_str()), (504, "render_timeout"), "{attack:?}");
    }
    assert_eq!(post(&workers, "/image", &honest()).await.status, 200);
}

#[tokio::test]
async fn a_hostile_page_ends_in_an_error_and_memory_stays_bounded() {
    let program = Program::start(&["--render-timeout", "6"]);
    assert_eq!(program.post("/image", &honest()).await.status, 200);
    let nested = |style: &str, depth: usize| format!("<div style='{style}'>").repeat(depth) + "x";
    let rules: Vec<_> = (0..20_000).map(|rule| format!("rect:not(.a{rule}){{fill:red}}")).collect();
    let rules = rules.concat();
    let attacks = [
        (
            "generated content",
            format!("<style>i::before{{content:'{}'}}</style>", "a".repeat(10_000)) + &"<i></i>".repeat(20_000),
        ),
        ("masks", nested("mask-image:linear-gradient(red,#fff0);width:4000px;height:4000px", 300)),
        (
            "rules of an SVG",
            format!(
                "<svg width=99 height=99 xmlns='http://www.w3.org/2000/svg'><style>{rules}</style>{}</svg>",
                "<rect width='1' height='1'/>".repeat(500)
            ),
        ),
        ("a long word", format!("<p style='word-break:break-all'>{}", "a".repeat(1_000_000))),
        ("blend modes", nested("mix-blend-mode:multiply;width:4096px;height:4096px;background:#00f3", 400)),
    ];
    let mut peak = 0;
    for (case, html) in attacks {
        let body = page(html, if case == "masks" || case == "blend modes" { 4096 } else { 800 });
        let attack = async {
            let (one, two) = tokio::join!(program.post("/image", &body), program.post("/image", &body));
            [one, two]
        };
        let honest_renders = async {
            loop {
                assert_eq!(program.post("/image", &honest()).await.status, 200, "{case}");
                peak = peak.max(program.tree_memory());
            }
        };
        let responses = tokio::select! {
            responses = attack => responses,
            () = honest_renders => unreachable!("it never ends"),
        };
        for response in responses {
            let (status, code, message) = error_of(&response);
            // A fast machine draws the long word within the limits.
            let is_drawn = case == "a long word" && status == 200;
            assert!(
                is_drawn || matches!((status, code.as_str()), (422, "render_failed") | (504, "render_timeout")),
                "{case}: {status} {code} {message}"
            );
        }
    }
    assert!(peak < MAX_TREE_BYTES, "{peak}");
    assert_eq!(program.post("/image", &honest()).await.status, 200);
}

#[tokio::test]
async fn a_worker_process_that_is_killed_is_replaced() {
    let program = Program::start(&[]);
    assert_eq!(program.post("/image", &honest()).await.status, 200);
    let idle = program.descendants();
    assert_eq!(idle.len(), 1);
    idle.iter().copied().for_each(kill);
    assert_eq!(program.post("/image", &honest()).await.status, 200);
    // A job whose process is killed runs again in a new one, and fails with that.
    let scene = endless_scene();
    let killed = RefCell::new(HashSet::new());
    let kill_busy = || {
        let busy = program.descendants().into_iter().find(|id| is_busy(*id) && !killed.borrow().contains(id));
        busy.inspect(|id| kill(*id)).is_some_and(|id| killed.borrow_mut().insert(id))
    };
    let killing = async {
        until("the process is busy", kill_busy).await;
        until("the new process is busy", kill_busy).await;
    };
    let (response, ()) = tokio::join!(program.post("/video/templates", &scene), killing);
    assert_eq!(error_of(&response).0, 500, "{response:?}");
    assert_eq!(program.post("/image", &honest()).await.status, 200);
}

#[tokio::test]
async fn no_worker_process_outlives_a_killed_server() {
    let mut program = Program::start(&[]);
    assert_eq!(program.post("/image", &honest()).await.status, 200);
    let idle: HashSet<u32> = program.descendants();
    let workers = {
        let scene = endless_scene();
        let busy = program.post("/video/templates", &scene);
        let seen = async {
            until("a process is busy", || program.descendants().into_iter().any(is_busy)).await;
            program.descendants()
        };
        tokio::select! {
            seen = seen => seen,
            response = busy => panic!("the script must not end: {response:?}"),
        }
    };
    assert!(!workers.is_empty() && !idle.is_empty());
    program.kill();
    until("the processes have ended", || !workers.iter().copied().any(is_running)).await;
}

#[tokio::test]
async fn a_worker_process_has_no_secrets_and_few_rights() {
    let program = Program::start(&["--render-memory", "300"]);
    assert_eq!(program.post("/image", &honest()).await.status, 200);
    let [worker] = program.descendants().into_iter().collect::<Vec<_>>()[..] else { panic!("one process") };
    let worker = Process::new(i32::try_from(worker).unwrap()).unwrap();
    assert_eq!(worker.environ().unwrap(), HashMap::new());
    let limits = worker.limits().unwrap();
    // The stack of the render thread, of 256 MB, counts as data.
    for (resource, limit, megabytes) in [
        ("data", limits.max_data_size.soft_limit, 300 + 256),
        ("core dumps", limits.max_core_file_size.hard_limit, 0),
        ("files", limits.max_file_size.hard_limit, 0),
    ] {
        let LimitValue::Value(bytes) = limit else { panic!("{resource}: unlimited") };
        assert_eq!(bytes, megabytes * 1024 * 1024, "{resource}");
    }
}

#[tokio::test]
async fn a_client_that_disconnects_stops_its_render() {
    let program = Program::start(&[]);
    let body = endless_scene();
    let busy = tokio::time::timeout(Duration::from_secs(60), async {
        let request = program.post("/video/templates", &body);
        let seen = until("a process is busy", || program.descendants().into_iter().any(is_busy));
        tokio::select! {
            () = seen => program.descendants(),
            response = request => panic!("the script must not end: {response:?}"),
        }
    });
    let workers = busy.await.unwrap();
    until("the process has ended", || !workers.iter().copied().any(is_running)).await;
    let response = program.post("/image", &honest()).await;
    assert_eq!(response.status, 200, "{response:?}");
}
