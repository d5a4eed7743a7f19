//! Samples: renders of the demo templates, a batch, a binding, an experiment, a workflow and deliveries. They are made in
//! the background, after the server has started.

use super::TEMPLATES;
use crate::{context::AppState, operations, rendering::RENDER, store::Filter};
use serde_json::{Value, json};
use std::sync::Arc;

/// Path that accepts the deliveries of the samples. The dashboard serves it.
const RECEIVER: &str = "/_emulator/ui/demo/receiver";

/// Scene of the sample video template.
const SCENE: &str = include_str!("scene.tsx");

/// People of the batch and the workflow.
const PEOPLE: [&str; 5] =
    ["Margaret Hamilton", "Katherine Johnson", "Edsger Dijkstra", "Barbara Liskov", "Donald Knuth"];

/// Creates the samples, unless the store has renders: then this is not the first start with its data. A sample that
/// fails is missing, and no reason to stop the server.
pub(crate) async fn create(state: Arc<AppState>) {
    if state.store.count(RENDER, &Filter::default()).is_ok_and(|count| count == 0) {
        let target = format!("{}{RECEIVER}", state.url());
        call(&state, "createWebhookSubscription", &[], json!({"event": "render.completed", "targetUrl": target})).await;
        create_renders(&state).await;
        create_binding(&state).await;
        create_experiment(&state).await;
    }
}

/// Runs an operation. Returns null if it fails.
async fn call(state: &Arc<AppState>, operation: &str, path: &[(&str, &str)], body: Value) -> Value {
    operations::call(state, operation, path, &[], body).await.unwrap_or_default()
}

async fn create_renders(state: &Arc<AppState>) {
    for (description, _) in TEMPLATES {
        let template: Value = serde_json::from_str(description).unwrap_or_default();
        let uid = template["uid"].as_str().unwrap_or_default();
        if template["outputFormat"] == "pdf" {
            call(state, "renderPdf", &[], json!({"templateUid": uid, "variables": {}})).await;
        } else {
            let format = if template["type"] == "animation" { "gif" } else { "png" };
            call(state, "renderTemplate", &[("uid", uid)], json!({"format": format, "variables": {}})).await;
        }
    }
    let sets: Vec<_> = PEOPLE.iter().map(|name| json!({"name": name})).collect();
    call(state, "batchRenderTemplate", &[("uid", "DEMOBADGE1")], json!({"variableSets": sets})).await;
    let rows: Vec<_> = PEOPLE.iter().take(3).map(|name| json!({"participant": name})).collect();
    let run = json!({"packType": "certificates", "name": "Certificates of November", "templateUid": "DEMOCERTIF",
        "rows": rows, "columnMapping": {"name": "participant"}});
    call(state, "createWorkflowRun", &[], run).await;
    let video = json!({"name": "Title of an episode", "kind": "tsx", "tsx": SCENE, "width": 640, "height": 360, "fps": 12,
        "durationInFrames": 24});
    call(state, "createVideoTemplate", &[], video).await;
}

async fn create_binding(state: &Arc<AppState>) {
    let binding = json!({"name": "Stars of a repository", "templateId": "DEMOPROFIL", "dataSource": {"type": "webhook"},
        "mapping": {"stars": "$.stars", "followers": "$.followers"}});
    let binding = call(state, "createBinding", &[], binding).await;
    let uid = binding["binding"]["uid"].as_str().unwrap_or_default();
    call(state, "pushBindingData", &[("bindingUid", uid)], json!({"stars": 2048, "followers": 640})).await;
    call(state, "refreshBinding", &[("uid", uid)], json!({})).await;
}

async fn create_experiment(state: &Arc<AppState>) {
    let variants = json!([
        {"id": "question", "name": "A question", "weight": 5000, "variables": {"title": "Why do databases lose data?"}},
        {"id": "claim", "name": "A claim", "weight": 5000, "variables": {"title": "Your database loses data"}},
    ]);
    let experiment = json!({"name": "Headline of the blog", "slug": "headline", "type": "ab_test",
        "templateUid": "DEMOBLOG01", "variants": variants, "hypothesis": "Questions are opened more often than claims"});
    let experiment = call(state, "createExperiment", &[], experiment).await;
    let uid = experiment["experiment"]["uid"].as_str().unwrap_or_default();
    call(state, "startExperiment", &[("uid", uid)], json!({})).await;
}
