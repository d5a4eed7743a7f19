//! Stored documents of earlier versions, which must stay readable.

use crate::{
    batches::{Batch, BatchItem},
    bindings::Binding,
    experiments::{Experiment, SlugOwner},
    ledger::LedgerEntry,
    rendering::RenderRecord,
    store::{Document, from_json, to_json},
    templates::{Template, VideoTemplate},
    webhooks::{Delivery, Subscription},
    workflows::{WorkflowHook, WorkflowItem, WorkflowRun},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Asserts that a document can be read and written again without a loss.
fn assert_kept<T: Serialize + DeserializeOwned>(document: &Value) {
    let read: T = from_json(document.clone()).unwrap_or_else(|error| panic!("{document}: {error}"));
    assert_eq!(to_json(&read).unwrap(), *document);
}

/// Reads a document, adds members to its stored form, and asserts that they are kept.
fn assert_kept_with<D: Document>(mut document: Value, pointer: &str, added: &Value) {
    assert_kept::<D>(&document);
    let target = document.pointer_mut(pointer).and_then(Value::as_object_mut).unwrap();
    target.extend(added.as_object().cloned().unwrap_or_default());
    assert_kept::<D>(&document);
}

#[test]
fn documents_of_earlier_versions_are_read_without_a_loss() {
    let at = "2026-08-01T00:00:00.000Z";
    assert_kept::<Template>(&json!({
        "uid": "T", "name": "Card", "engine": "html", "outputFormat": "image", "jsEnabled": false,
        "strictVariables": true, "hasDynamicLink": false, "html": "{{a}}", "width": 30, "height": 20,
        "pdfPreset": "A4", "type": "card", "category": "c", "tags": ["public"],
        "layouts": {"square": {"name": "Square", "width": 12, "height": 12, "note": 1}},
        "variables": ["a"], "variableDefinitions": [{"name": "a", "type": "text", "label": "A"}],
        "createdAt": at, "updatedAt": at,
    }));
    assert_kept::<Template>(&json!({
        "uid": "T", "name": "Canvas", "engine": "fabric", "outputFormat": "pdf", "jsEnabled": false,
        "strictVariables": false, "hasDynamicLink": false, "fabricJSData": {"objects": [{"type": "rect"}]},
        "pages": [{"pageNumber": 1}], "width": 30, "height": 20, "variables": [], "variableDefinitions": [],
        "createdAt": at, "updatedAt": at,
    }));
    assert_kept::<VideoTemplate>(&json!({
        "uid": "V", "name": "Intro", "kind": "tsx", "width": 1080, "height": 1080, "fps": 30,
        "durationInFrames": 240, "posterUrl": null, "status": "draft", "variableDefinitions": [],
        "createdAt": at, "updatedAt": at, "tsx": "export default 1", "_used": ["a"],
    }));
    assert_kept::<RenderRecord>(&json!({
        "kind": "gif", "format": "GIF", "width": 40, "height": 30, "source": "api", "template": "T",
        "variables": {"a": 1}, "animationLength": 1000, "id": "R", "file": "r-1.gif", "createdAt": at,
    }));
    assert_kept::<LedgerEntry>(&json!({
        "requestId": "req_1", "operation": "createImage", "renders": 1, "at": at, "idempotencyKey": null,
    }));
    assert_kept::<Batch>(&json!({
        "batchId": "B", "templateUid": "T", "status": "partial", "totalItems": 2, "createdAt": at, "startedAt": at,
        "completedAt": null,
    }));
    assert_kept::<BatchItem>(&json!({
        "index": 0, "success": true, "variables": ["a"], "errors": [{"layout": "round", "error": "Layout not found"}],
        "results": [{"layout": "default", "name": "Default", "width": 30, "height": 20, "format": "png", "id": "R",
            "createdAt": at, "file": "r-1.png"}],
    }));
    assert_kept::<BatchItem>(&json!({"index": 1, "success": false, "error": "e", "variables": {"a": 1}}));
    assert_kept::<Subscription>(&json!({
        "uid": "S", "event": "render.completed", "targetUrl": "https://example.com", "platform": "custom",
        "status": "active", "createdAt": at, "deliveryCount": 1, "failureCount": 1, "secret": "whsec_1",
        "filters": {"templateId": "T", "own": null}, "lastDeliveryAt": at,
        "lastDelivery": {"status": "failed", "timestamp": at, "retryCount": 0, "responseCode": 500, "duration": 1.5,
            "nextRetry": at},
    }));
    assert_kept::<Delivery>(&json!({
        "id": "del_1", "subscription": null, "event": "batch.completed", "url": "https://example.com",
        "status": "pending", "createdAt": at, "nextAttemptAt": at, "retries": 1,
        "attempts": [{"at": at, "duration": 2.5, "error": "timeout"}], "body": "{}",
    }));
    assert_kept::<SlugOwner>(&json!({"uid": "exp_1"}));
    assert_kept::<WorkflowHook>(&json!({
        "name": "Orders", "templateUid": "T", "columnMapping": {"a": "A"}, "delivery": {"email": true}, "uid": "H",
        "secret": "s", "createdAt": at,
    }));
    assert_kept::<WorkflowRun>(&json!({
        "packType": "p", "templateUid": "T", "hookUid": "H", "uid": "W", "status": "running",
        "counts": {"total": 2, "rendered": 1, "delivered": 0, "failed": 0}, "createdAt": at, "_worker": "w",
    }));
    assert_kept::<WorkflowItem>(&json!({
        "run": "W", "index": 0, "status": "rendered", "file": "r-1.png", "deliveryStatus": "queued", "error": null,
        "email": "a@example.com",
    }));
}

#[test]
fn members_that_the_contract_does_not_name_are_kept() {
    let at = "2026-08-01T00:00:00.000Z";
    let binding = json!({
        "uid": "B", "templateId": "T", "name": "n",
        "dataSource": {"type": "http", "url": "https://example.com", "method": "POST", "headers": {"a": "b"},
            "body": [1], "credentials": {"type": "api_key", "value": "k", "headerName": "x-key"}},
        "mapping": {"a": "items[0].name"}, "defaults": {"a": null},
        "refreshPolicy": {"type": "etag", "ttlSeconds": 60, "onError": "serve_error"},
        "outputConfig": {"format": "png", "quality": 90, "width": 10},
        "status": "error", "lastFetchAt": at, "lastRenderAt": null, "lastError": "e", "errorCount": 1,
        "createdAt": at, "updatedAt": at, "own": {"data": {"items": []}, "etag": null},
    });
    let experiment = json!({
        "uid": "exp_1", "slug": "hero", "type": "smart_link", "name": "Hero", "status": "running",
        "variants": [{"id": "a", "name": "A", "weight": 10000, "templateUid": "T", "variables": {"x": 1},
            "isDefault": true, "priority": 1, "impressions": 2, "clicks": 1,
            "conditions": {"type": "group", "operator": "AND", "children": [
                {"type": "rule", "property": "device", "ruleOperator": "equals", "value": "mobile"}]},
            "schedule": {"startAt": at, "endAt": at, "recurrence": {"type": "weekly", "timezone": "Europe/Paris"}}}],
        "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com"},
        "banditConfig": {"enabled": true, "algorithm": "epsilon_greedy", "warmupImpressions": 50,
            "recomputeIntervalMinutes": 15},
        "minimumSampleSize": 1000, "confidenceThreshold": 0.95, "minimumRunDays": 7, "winnerVariantId": null,
        "winnerDeclaredAt": null, "outputConfig": {"format": "png", "quality": 90}, "createdAt": at,
        "updatedAt": at, "hypothesis": "h", "lastShown": "a",
    });
    let added = json!({"note": {"any": [1, "two"]}});
    for pointer in ["/dataSource", "/dataSource/credentials", "/refreshPolicy", "/outputConfig"] {
        assert_kept_with::<Binding>(binding.clone(), pointer, &added);
    }
    for pointer in [
        "/variants/0",
        "/variants/0/conditions",
        "/variants/0/conditions/children/0",
        "/variants/0/schedule",
        "/variants/0/schedule/recurrence",
        "/goalConfig",
        "/banditConfig",
        "/outputConfig",
    ] {
        assert_kept_with::<Experiment>(experiment.clone(), pointer, &added);
    }
}
