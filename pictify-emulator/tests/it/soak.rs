//! Honest and hostile requests side by side. Afterwards every honest request has a good response, the memory is back, and the ledger has
//! each render once.
//!
//! A short form runs with all tests. `cargo xtask test soak` runs the long form and prints its figures.

use crate::support::{JSON, program::Program};
use serde_json::{Value, json};
use std::{
    env,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Variable with the duration of the load, in seconds.
const SECONDS: &str = "PICTIFY_SOAK_SECONDS";

/// Duration of the load when the variable is not set.
const DEFAULT_SECONDS: u64 = 20;

/// Maximum memory of the program and its workers, in bytes.
const MAX_MEMORY_BYTES: u64 = 1 << 30;

/// Number of clients of each kind.
const HONEST_CLIENTS: usize = 3;
const HOSTILE_CLIENTS: usize = 3;

/// Hostile request: first line, headers, body.
struct Attack {
    name: &'static str,
    line: String,
    headers: Vec<&'static str>,
    body: Vec<u8>,
}

impl Attack {
    /// Returns true if a response with status 200 is a billed render.
    fn is_render(&self) -> bool {
        self.line == "POST /image" || self.line.ends_with("/preview")
    }
}

fn attack(name: &'static str, line: impl Into<String>, body: Vec<u8>) -> Attack {
    Attack { name, line: line.into(), headers: vec!["Authorization: Bearer hostile", JSON], body }
}

fn image(name: &'static str, html: &str, side: u32) -> Attack {
    attack(name, "POST /image", json!({"html": html, "width": side, "height": side}).to_string().into_bytes())
}

/// Scene whose code never ends by itself: one call of a built-in function.
const ENDLESS_SCENE: &str = "import {z} from 'zod';\nexport const schema = z.object({});\n\
    export default () => <p>{Array.prototype.reverse.call({length: 2 ** 53 - 1})}</p>;\n";

/// Creates the video template of the endless scene, and returns the attack that renders a frame of it.
async fn endless_script(server: &Program) -> Attack {
    let body = json!({"name": "x", "kind": "tsx", "tsx": ENDLESS_SCENE, "width": 40, "height": 20, "fps": 10, "durationInFrames": 20});
    let headers = ["Authorization: Bearer hostile", JSON];
    let created = server.send("POST /video/templates", &headers, body.to_string().as_bytes()).await.unwrap().json();
    let uid = created["template"]["uid"].as_str().unwrap_or_else(|| panic!("{created}"));
    attack("an endless script", format!("POST /video/templates/{uid}/preview"), b"{}".to_vec())
}

fn attacks() -> Vec<Attack> {
    let zeros = |bytes: usize| format!("[0{}]", ",0".repeat(bytes / 2)).into_bytes();
    let masks = "<div style=\"width:400px;height:400px;mask-image:linear-gradient(red,blue)\">".repeat(300);
    let blends = "<div style=\"mix-blend-mode:multiply;opacity:.9;width:100%;height:100%\">".repeat(400);
    let rules = (0..20_000).map(|n| format!("rect:not(.a{n}){{fill:red}}")).collect::<Vec<_>>().concat();
    let content = format!("<style>i::before{{content:'{}'}}</style>{}", "a".repeat(10_000), "<i>".repeat(400));
    vec![
        attack("an array of millions of items", "POST /s/events", zeros(16 * 1024 * 1024 - 8)),
        attack("an array in a batch", "POST /templates/none/batch-render", {
            [b"{\"variableSets\":".as_slice(), &zeros(8 * 1024 * 1024), b"}"].concat()
        }),
        image("generated content", &content, 400),
        image("nested masks", &masks, 1_000),
        image("nested blend modes", &blends, 4_096),
        image("style rules in an SVG", &format!("<svg><style>{rules}</style>{}</svg>", "<rect/>".repeat(2_000)), 400),
        image("a long word", &format!("<p style=\"word-break:break-all\">{}", "a".repeat(1_000_000)), 400),
        Attack {
            headers: vec!["Host: evil.example", JSON],
            ..attack("a foreign host", "GET /_emulator/ledger", vec![])
        },
        Attack {
            headers: vec!["Origin: https://evil.example", "Content-Type: text/plain"],
            ..attack("a foreign page", "POST /_emulator/reset", b"{}".to_vec())
        },
        attack("a malformed body", "POST /image", b"{\"html\": ".to_vec()),
    ]
}

/// Durations of honest renders, and what went wrong with honest requests.
#[derive(Default)]
struct Log {
    renders: Mutex<Vec<Duration>>,
    failures: Mutex<Vec<String>>,
    /// Renders with status 200, honest and hostile.
    billed: AtomicU64,
    attacks: AtomicU64,
}

impl Log {
    /// Returns the duration below which this share of the renders took, in milliseconds.
    fn quantile(&self, share: f64) -> u128 {
        let mut renders = self.renders.lock().unwrap().clone();
        renders.sort();
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small"
        )]
        let index = (renders.len() as f64 * share) as usize;
        renders.get(index.min(renders.len().saturating_sub(1))).map_or(0, Duration::as_millis)
    }
}

/// Makes an image, reads its file and the list of renders. Returns the failure, if there is one.
async fn honest_round(server: &Program, log: &Log, number: u64) -> Result<(), String> {
    let body = json!({"html": format!("<h1>Card {number}</h1>"), "width": 600, "height": 315}).to_string();
    let started = Instant::now();
    let headers = ["Authorization: Bearer honest", JSON];
    let failed = |step: &str, why: &dyn std::fmt::Debug| format!("{step} {number}: {why:?}");
    let created = server.send("POST /image", &headers, body.as_bytes()).await.map_err(|why| failed("create", &why))?;
    if created.status != 200 {
        return Err(failed("create", &created));
    }
    log.billed.fetch_add(1, Ordering::Relaxed);
    log.renders.lock().unwrap().push(started.elapsed());
    let url = created.json()["url"].as_str().unwrap_or_default().to_owned();
    let path = url.split_once("/media/").map(|(_, name)| format!("GET /media/{name}")).ok_or_else(|| url.clone())?;
    for line in [path.as_str(), "GET /render?limit=5", "GET /healthcheck"] {
        let response = server.send(line, &headers, b"").await.map_err(|why| failed(line, &why))?;
        if response.status != 200 {
            return Err(failed(line, &response));
        }
    }
    Ok(())
}

/// Holds half sent requests open, and opens new ones when the server closes them.
async fn hold_connections(server: &Program, end: Instant) {
    while Instant::now() < end {
        let mut open = Vec::new();
        for _ in 0..64 {
            let Ok(mut stream) = TcpStream::connect(server.address()).await else { continue };
            let _ = stream.write_all(b"GET /healthcheck HTTP/1.1\r\nHost: ").await;
            open.push(stream);
        }
        let until = end.min(Instant::now() + Duration::from_secs(5));
        tokio::time::sleep_until(until.into()).await;
    }
}

/// Sends requests of both kinds for a time, and returns the highest memory seen, in bytes.
async fn load(server: &Arc<Program>, log: &Arc<Log>, end: Instant, attacks: &Arc<Vec<Attack>>) -> u64 {
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..HONEST_CLIENTS {
        let (server, log) = (server.clone(), log.clone());
        clients.spawn(async move {
            let mut number = client as u64;
            while Instant::now() < end {
                if let Err(failure) = honest_round(&server, &log, number).await {
                    log.failures.lock().unwrap().push(failure);
                }
                number += HONEST_CLIENTS as u64;
            }
        });
    }
    if !attacks.is_empty() {
        let server = server.clone();
        clients.spawn(async move { hold_connections(&server, end).await });
    }
    for client in 0..if attacks.is_empty() { 0 } else { HOSTILE_CLIENTS } {
        let (server, log, attacks) = (server.clone(), log.clone(), attacks.clone());
        clients.spawn(async move {
            let mut next = client * attacks.len() / HOSTILE_CLIENTS;
            while Instant::now() < end {
                let attack = &attacks[next % attacks.len()];
                next += 1;
                log.attacks.fetch_add(1, Ordering::Relaxed);
                // A connection that the server closes is a response to an attack.
                if let Ok(response) = server.send(&attack.line, &attack.headers, &attack.body).await {
                    let is_render = response.status == 200 && attack.is_render();
                    log.billed.fetch_add(is_render.into(), Ordering::Relaxed);
                    if response.status >= 500 && !matches!(response.status, 503 | 504) {
                        log.failures.lock().unwrap().push(format!("{}: {response:?}", attack.name));
                    }
                }
            }
        });
    }
    let mut peak = 0;
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            ended = clients.join_next() => match ended {
                Some(client) => client.unwrap(),
                None => return peak,
            },
            _ = ticks.tick() => peak = peak.max(server.tree_memory()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_requests_neither_stop_honest_ones_nor_take_memory_for_good() {
    let seconds = env::var(SECONDS).map_or(DEFAULT_SECONDS, |text| text.parse().expect("a number of seconds"));
    let (server, log) = (Arc::new(Program::start(&[])), Arc::new(Log::default()));
    let quiet = Arc::new(Log::default());
    let quiet_end = Instant::now() + Duration::from_secs((seconds / 10).clamp(2, 30));
    load(&server, &quiet, quiet_end, &Arc::new(Vec::new())).await;
    let before = server.tree_memory();
    let attacks: Vec<_> = attacks().into_iter().chain([endless_script(&server).await]).collect();
    let peak = load(&server, &log, Instant::now() + Duration::from_secs(seconds), &Arc::new(attacks)).await;

    let memory_back = async {
        // Files of honest renders stay in memory within their own limit.
        let limit = before + before / 2 + 192 * 1024 * 1024;
        while server.tree_memory() > limit {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let is_back = tokio::time::timeout(Duration::from_secs(60), memory_back).await.is_ok();
    let ledger = server.send("GET /_emulator/ledger", &[], b"").await.unwrap().json();
    let mega = |bytes: u64| bytes / (1024 * 1024);
    let (honest, attacks) = (log.renders.lock().unwrap().len(), log.attacks.load(Ordering::Relaxed));
    println!("{honest} honest renders beside {attacks} attacks in {seconds} s");
    let quantiles = |log: &Log| [0.5, 0.95, 1.0].map(|share| log.quantile(share));
    println!(
        "honest render, median, 95 % and longest, in ms: alone {:?}, beside attacks {:?}",
        quantiles(&quiet),
        quantiles(&log)
    );
    println!("memory in MiB: before {}, peak {}, after {}", mega(before), mega(peak), mega(server.tree_memory()));

    assert_eq!(*log.failures.lock().unwrap(), Vec::<String>::new());
    assert!(peak < MAX_MEMORY_BYTES, "the processes took {} MiB", mega(peak));
    assert!(is_back, "the processes still have {} MiB, {} MiB before", mega(server.tree_memory()), mega(before));
    let billed = log.billed.load(Ordering::Relaxed) + quiet.billed.load(Ordering::Relaxed);
    assert_eq!(ledger["renders"], Value::from(billed), "the ledger has each successful render once");
    assert!(honest > 0 && attacks > 0, "both kinds of clients ran");
}
