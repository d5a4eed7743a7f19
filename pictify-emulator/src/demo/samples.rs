//! Samples: renders of the demo templates, a batch, a binding, an experiment, a workflow and deliveries. They are made in
//! the background, after the server has started.

use super::TEMPLATES;
use crate::{api_error::ApiError, context::AppState, operations, rendering::RENDER, store::Filter};
use serde_json::{Value, json};
use std::sync::Arc;

/// Path that accepts the deliveries of the samples. The dashboard serves it.
const RECEIVER: &str = "/_emulator/ui/demo/receiver";

/// Scene of the sample video template.
const SCENE: &str = include_str!("scene.tsx");

/// Creates the samples, unless the store has renders: then this is not the first start with its data.
pub(crate) async fn create(state: Arc<AppState>) {
    // A sample that fails is missing, and no reason to stop the server.
    let _ = create_all(&state).await;
}

async fn create_all(state: &Arc<AppState>) -> Result<(), ApiError> {
    if state.store.count(RENDER, &Filter::default())? > 0 {
        return Ok(());
    }
    let call = async |operation: &str, path: &[(&str, &str)], body: Value| {
        operations::call(state, operation, path, &[], body).await
    };
    let target = format!("{}{RECEIVER}", state.url());
    call("createWebhookSubscription", &[], json!({"event": "render.completed", "targetUrl": target})).await?;
    call(
        "createVideoTemplate",
        &[],
        json!({"name": "Title of an episode", "kind": "tsx", "tsx": SCENE, "width": 640,
        "height": 360, "fps": 12, "durationInFrames": 24}),
    )
    .await?;
    for (description, _) in TEMPLATES {
        let template: Value = serde_json::from_str(description).unwrap_or_default();
        let uid = template["uid"].as_str().unwrap_or_default();
        if template["outputFormat"] == "pdf" {
            call("renderPdf", &[], json!({"templateUid": uid, "variables": {}})).await?;
        } else {
            let format = if template["type"] == "animation" { "gif" } else { "png" };
            call("renderTemplate", &[("uid", uid)], json!({"format": format, "variables": {}})).await?;
        }
    }
    let people = ["Margaret Hamilton", "Katherine Johnson", "Edsger Dijkstra", "Barbara Liskov", "Donald Knuth"];
    let sets: Vec<_> = people.iter().map(|name| json!({"name": name})).collect();
    call("batchRenderTemplate", &[("uid", "DEMOBADGE1")], json!({"variableSets": sets})).await?;
    let binding = json!({"name": "Stars of a repository", "templateId": "DEMOPROFIL", "dataSource": {"type": "webhook"},
        "mapping": {"stars": "$.stars", "followers": "$.followers"}});
    let binding = call("createBinding", &[], binding).await?;
    let uid = binding["binding"]["uid"].as_str().unwrap_or_default();
    call("pushBindingData", &[("bindingUid", uid)], json!({"stars": 2048, "followers": 640})).await?;
    let variants = json!([
        {"id": "question", "name": "A question", "weight": 5000, "variables": {"title": "Why do databases lose data?"}},
        {"id": "claim", "name": "A claim", "weight": 5000, "variables": {"title": "Your database loses data"}},
    ]);
    let experiment = json!({"name": "Headline of the blog", "slug": "headline", "type": "ab_test",
        "templateUid": "DEMOBLOG01", "variants": variants, "hypothesis": "Questions are opened more often than claims"});
    let experiment = call("createExperiment", &[], experiment).await?;
    let uid = experiment["experiment"]["uid"].as_str().unwrap_or_default();
    call("startExperiment", &[("uid", uid)], json!({})).await?;
    let rows: Vec<_> = people.iter().take(3).map(|name| json!({"participant": name})).collect();
    let run = json!({"packType": "certificates", "name": "Certificates of November", "templateUid": "DEMOCERTIF",
        "rows": rows, "columnMapping": {"name": "participant"}});
    call("createWorkflowRun", &[], run).await?;
    Ok(())
}
