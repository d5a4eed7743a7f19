//! Pages that attack the processes of Chromium: bounded memory and time, and nothing that outlives the server.

use crate::support::program::{Program, is_running, until};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Maximum memory of the program and of Chromium, in bytes. Memory that processes share counts once.
const MAX_TREE_BYTES: u64 = 1000 * 1000 * 1000;

fn start() -> Option<Program> {
    test_requirements::require("chromium").then(|| Program::start(&["--engine", "chromium", "--render-timeout", "15"]))
}

fn page(html: &str) -> Value {
    json!({"html": html, "width": 100, "height": 60})
}

#[tokio::test]
async fn a_hostile_page_ends_in_an_error_and_the_next_is_rendered() {
    let Some(program) = start() else { return };
    let honest = page("<body style='background:#f00'><script>document.body.append('x')</script>");
    assert_eq!(program.post("/image", &honest).await.status, 200);
    let tall = json!({"html": "<div style='height:300000px;width:9000px;background:linear-gradient(red,blue)'>", "selector": "div",
        "width": 100, "height": 60});
    for (case, body, expected) in [
        (
            "typed arrays",
            page("<script>const all = []; for (;;) all.push(new Uint8Array(1 << 25).fill(1))</script>"),
            &[422, 500][..],
        ),
        (
            "canvases",
            page(
                "<body><script>for (;;) { const canvas = document.createElement('canvas');
                canvas.width = canvas.height = 8192; document.body.append(canvas);
                canvas.getContext('2d').fillRect(0, 0, 8192, 8192) }</script>",
            ),
            &[422, 500],
        ),
        ("an element of 300,000 pixels", tall, &[200, 422, 500]),
        (
            "a flooded console",
            page("<script>const text = 'x'.repeat(1e6); for (let i = 0; i < 1e4; i++) console.log(text + i)</script>"),
            &[200, 422, 500, 504],
        ),
        (
            "a flood of requests",
            page("<script>const url = 'data:,' + 'x'.repeat(1e7); for (;;) fetch(url)</script>"),
            &[422, 500, 504],
        ),
    ] {
        let mut peak = 0;
        let attack = program.post("/image", &body);
        let measuring = async {
            loop {
                peak = peak.max(program.proportional_memory());
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let response = tokio::select! {
            response = attack => response,
            () = measuring => unreachable!("it never ends"),
        };
        assert!(expected.contains(&response.status), "{case}: {response:?}");
        assert!(peak < MAX_TREE_BYTES, "{case}: {peak} bytes");
        assert_eq!(program.post("/image", &honest).await.status, 200, "after {case}");
    }
}

#[tokio::test]
async fn no_process_outlives_a_killed_server() {
    let Some(mut program) = start() else { return };
    assert_eq!(program.post("/image", &page("x")).await.status, 200);
    let busy = page("<script>for (;;);</script>");
    let processes: HashSet<u32> = tokio::select! {
        response = program.post("/image", &busy) => panic!("the script must not end: {response:?}"),
        processes = async {
            let names = || program.descendants().into_iter().filter(|id| is_running(*id)).count();
            until("a tab is open", || names() > 5).await;
            program.descendants()
        } => processes,
    };
    program.kill();
    until("the processes have ended", || !processes.iter().copied().any(is_running)).await;
}
