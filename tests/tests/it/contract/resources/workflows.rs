use crate::contract::{Row, row};
use serde_json::{Map, Value, json};

const TEMPLATE: &str = "XK4P2M9QZT";

fn person() -> Value {
    json!({"recipientName": "Maya Chen", "recipientEmail": "maya@example.com", "courseName": "TypeScript"})
}

fn no_mail() -> Map<String, Value> {
    Map::from_iter([("email".to_owned(), json!(false))])
}

pub fn rows() -> Vec<Row> {
    vec![
        row("listWorkflowRuns", |client| client.workflows().list()),
        row("createWorkflowRun", |client| {
            let call = client.workflows().create(TEMPLATE, [person()]).unwrap().pack_type("certificate");
            call.map_column("name", "recipientName").delivery(no_mail())
        }),
        row("getWorkflowRun", |client| client.workflows().get("RN4QWERTYU")),
        row("getWorkflowStats", |client| client.workflows().stats()),
        row("previewWorkflow", |client| {
            let call = client.workflows().preview(TEMPLATE, &person()).unwrap();
            call.map_column("name", "recipientName").output_format("png")
        }),
        row("getWorkflowPreview", |client| client.workflows().preview_result("job-71")),
        row("createWorkflowHook", |client| {
            let call = client.workflows().create_hook("Course finished", TEMPLATE);
            call.map_column("name", "recipientName").delivery(no_mail())
        }),
        row("listWorkflowHooks", |client| client.workflows().hooks()),
        row("deleteWorkflowHook", |client| client.workflows().delete_hook("HK1QWERTYU")),
        row("sendWorkflowHook", |client| client.workflows().send_to_hook("HK1QWERTYU", "s3cr3t", &person()).unwrap()),
        row("resendWorkflowItem", |client| client.workflows().resend("RN4QWERTYU", 0).email("maya.chen@example.com")),
    ]
}
