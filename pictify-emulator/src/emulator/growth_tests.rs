//! Work of the database for each request, compared between a small and a large store.

use super::Emulator;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Number of copies of each document in the small and in the large store.
const COPIES: [usize; 2] = [30, 300];

/// Maximum number of additional instructions in the large store: trees are deeper, lists have more blocks, and a page
/// can start anywhere in a block.
const MAX_ADDITIONAL: u64 = 450;

/// Requests whose work must not grow. `{last}` is the offset of the last ten documents of the smallest list.
const REQUESTS: &[&str] = &[
    "GET /image?limit=10",
    "GET /image?limit=10&offset={last}",
    "GET /gif?limit=10",
    "GET /render?limit=10",
    "GET /render?limit=10&offset={last}",
    "GET /render?limit=10&format=PNG",
    "GET /render?limit=10&format=PDF",
    "GET /render?limit=10&format=PNG&offset={last}",
    "GET /render?limit=10&template={template}&source=api",
    "GET /templates?limit=10",
    "GET /templates?limit=10&page={page}",
    "GET /templates?limit=10&sort=oldest&page={page}",
    "GET /templates?limit=10&sort=name",
    "GET /templates?limit=10&outputFormat=image&hasDynamicLink=false",
    "GET /public/templates?limit=10&category=cards",
    "GET /bindings?limit=10&status=active",
    "GET /webhook-subscriptions?limit=10&event=binding.updated&status=active",
    "GET /experiments/api?limit=10&type=ab_test",
    "GET /experiments/api/quota",
    "GET /video/templates",
    "GET /workflow",
    "GET /workflow/stats",
    "GET /api/users/plans",
    "GET /media/none.png",
    "POST /image {\"html\": \"x\", \"width\": 9, \"height\": 9}",
];

/// Sends a request such as `POST /image {}` and returns the body of its response.
async fn send(emulator: &Emulator, request: &str) -> String {
    let mut parts = request.splitn(3, ' ');
    let [method, path, body] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let host = emulator.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response.split_once("\r\n\r\n").unwrap().1.to_owned()
}

async fn create(emulator: &Emulator, path: &str, body: Value) -> Value {
    serde_json::from_str(&send(emulator, &format!("POST {path} {body}")).await).unwrap()
}

/// Starts a server with documents of all kinds. Returns the ID of the template, too.
async fn start() -> (Emulator, String) {
    let emulator = Emulator::builder().renders_per_month(1_000_000).start().await.unwrap();
    let template =
        json!({"name": "Card", "html": "<p>{{a}}", "width": 9, "height": 9, "category": "cards", "tags": ["public"]});
    let template = create(&emulator, "/templates", template).await["template"]["uid"].as_str().unwrap().to_owned();
    let gif = "<style>@keyframes a{to{transform:translateX(20px)}}p{animation:a 1s infinite}</style><p>o";
    let variants = json!([{"id": "a", "weight": 5000}, {"id": "b", "weight": 5000}]);
    let scene = "import * as R from 'remotion';\nexport default () => <R.AbsoluteFill>o</R.AbsoluteFill>;\n";
    for (path, body) in [
        ("/image".to_owned(), json!({"html": "x", "width": 9, "height": 9})),
        ("/gif".to_owned(), json!({"html": gif, "width": 40, "height": 30, "quality": "low"})),
        ("/pdf/render".to_owned(), json!({"templateUid": template, "variables": {"a": 1}})),
        (format!("/templates/{template}/render"), json!({"variables": {"a": 1}})),
        (
            "/bindings".to_owned(),
            json!({"templateId": template, "mapping": {}, "dataSource": {"type": "static", "staticData": {}}}),
        ),
        ("/webhook-subscriptions".to_owned(), json!({"event": "binding.updated", "targetUrl": "https://example.com"})),
        (
            "/experiments/api".to_owned(),
            json!({"name": "a", "slug": "a-b", "type": "ab_test", "templateUid": template, "variants": variants}),
        ),
        ("/video/templates".to_owned(), json!({"name": "v", "kind": "tsx", "tsx": scene, "durationInFrames": 9})),
        ("/workflow".to_owned(), json!({"templateUid": template, "rows": []})),
    ] {
        let created = create(&emulator, &path, body).await;
        assert!(created["error"].is_null() && created["statusCode"].is_null(), "{path}: {created}");
    }
    (emulator, template)
}

#[tokio::test]
async fn the_work_for_a_request_does_not_grow_with_the_store() {
    let mut work = Vec::new();
    for copies in COPIES {
        let (emulator, template) = start().await;
        emulator.state.store.multiply(copies);
        let count = emulator.state.store.count_instructions();
        let mut instructions = Vec::new();
        for request in REQUESTS {
            let last = (copies - 9).to_string();
            let request = request.replace("{last}", &last).replace("{template}", &template);
            let request = request.replace("{page}", &(copies / 10).to_string());
            // The first one prepares the statements.
            send(&emulator, &request).await;
            let before = count.load(Ordering::SeqCst);
            send(&emulator, &request).await;
            instructions.push(count.load(Ordering::SeqCst) - before);
        }
        work.push(instructions);
    }
    let [small, large] = [&work[0], &work[1]];
    let mut grown = Vec::new();
    for ((request, small), large) in REQUESTS.iter().zip(small).zip(large) {
        if *large > small + MAX_ADDITIONAL {
            grown.push(format!("{request}: {small} instructions became {large}"));
        }
    }
    assert!(grown.is_empty(), "{grown:#?}");
}
