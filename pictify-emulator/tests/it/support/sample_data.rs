//! Documents of every kind, for the tests of the pages.

use super::ok;
use pictify_emulator::Emulator;
use serde_json::{Value, json};

/// IDs of the documents that were created.
pub struct SampleData {
    pub image: String,
    pub template: String,
    pub pdf: String,
    pub batch: String,
    pub delivery: String,
    pub binding: String,
    pub experiment: String,
    pub run: String,
    pub video: String,
    pub request: String,
}

impl SampleData {
    /// Creates a document of every kind, with text that would break a page that does not escape it.
    pub async fn create(emulator: &Emulator, webhook_url: &str) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let subscription = json!({"event": "render.completed", "targetUrl": webhook_url});
        ok(emulator, "POST /webhook-subscriptions", subscription).await;
        let html = "<body style='margin:0;background:#667eea66'><h1>Tom & \"Jerry\"</h1><!--</pre></script>-->";
        let image = ok(emulator, "POST /image", json!({"html": html, "width": 400, "height": 210})).await;
        let html = "<body style='margin:0;background:#12122b;color:white;font:40px sans-serif'><p>{{title}}</p>{{#each tags}}{{this}} {{/each}}";
        let template = json!({
            "name": "Card </title><script>alert(1)</script>", "html": html, "width": 600, "height": 315,
            "variableDefinitions": [
                {"name": "title", "type": "text", "defaultValue": "\"><script>alert(2)</script>", "description": "Headline",
                    "validation": {"required": true, "maxLength": 80}},
                {"name": "tags", "type": "array", "defaultValue": ["a", "b"]},
                {"name": "count", "type": "number", "defaultValue": 3},
                {"name": "big", "type": "boolean", "defaultValue": true},
                {"name": "accent", "type": "color", "defaultValue": "#ff8800"},
            ],
            "layouts": {"square": {"name": "Square", "width": 300, "height": 300, "html": "<b>{{title}}</b>"}},
        });
        let template = text(&ok(emulator, "POST /templates", template).await["template"]["uid"]);
        let values = json!({"variables": {"title": "It's & <b>"}, "format": "jpeg"});
        ok(emulator, &format!("POST /templates/{template}/render"), values).await;
        let pdf = json!({"templateUid": template, "variableSets": [{"title": "One"}, {"title": "Two"}]});
        let pdf = text(&ok(emulator, "POST /pdf/multi-page", pdf).await["id"]);
        let sets = json!({"variableSets": [{"title": "One"}, {"title": null, "tags": "none"}]});
        let batch = ok(emulator, &format!("POST /templates/{template}/batch-render"), sets).await;
        let binding = json!({"name": "Price", "templateId": template, "dataSource": {"type": "webhook"},
            "mapping": {"title": "$.title"}});
        let binding = ok(emulator, "POST /bindings", binding).await;
        let experiment = json!({"name": "Headline", "slug": "headline", "type": "ab_test", "templateUid": template,
            "variants": [{"id": "a", "name": "Short", "weight": 5000, "variables": {"title": "Short"}},
                {"id": "b", "name": "Long", "weight": 5000, "variables": {"title": "A longer one"}}]});
        let experiment = ok(emulator, "POST /experiments/api", experiment).await;
        let run = json!({"packType": "certificates", "templateUid": template, "rows": [{"name": "Ada"}],
            "columnMapping": {"title": "name"}});
        let run = ok(emulator, "POST /workflow", run).await;
        let hook = json!({"name": "Forms", "packType": "certificates", "templateUid": template, "columnMapping": {"title": "name"}});
        ok(emulator, "POST /workflow/hooks", hook).await;
        let tsx = "import {z} from 'zod';\nimport {AbsoluteFill} from 'remotion';\nexport const schema = z.object({title: z.string().default('Hi')});\n\
            export default ({title}) => <AbsoluteFill style={{background: '#123456'}}>{title}</AbsoluteFill>;";
        let video = json!({"name": "Intro", "kind": "tsx", "width": 320, "height": 180, "fps": 10, "durationInFrames": 5, "tsx": tsx});
        let video = ok(emulator, "POST /video/templates", video).await;
        let fault = json!({"faults": [{"operation": "createGif", "status": 503, "onCalls": [1, 2]}]});
        ok(emulator, "PUT /_emulator/faults", fault).await;
        let deliveries = ok(emulator, "GET /_emulator/deliveries", Value::Null).await;
        let requests = ok(emulator, "GET /_emulator/requests?operation=createTemplate", Value::Null).await;
        Self {
            request: text(&requests["requests"][0]["id"]),
            image: text(&image["id"]),
            template,
            pdf,
            batch: text(&batch["batchId"]),
            delivery: text(&deliveries["deliveries"][0]["id"]),
            binding: text(&binding["binding"]["uid"]),
            experiment: text(&experiment["experiment"]["uid"]),
            run: text(&run["run"]["uid"]),
            video: text(&video["template"]["uid"]),
        }
    }

    /// Returns all views, as names and paths.
    pub fn views(&self) -> Vec<(&'static str, String)> {
        let ui = |path: &str| format!("/_emulator/ui/{path}");
        vec![
            ("renders", "/".to_owned()),
            ("render", ui(&format!("renders/{}", self.image))),
            ("pdf", ui(&format!("renders/{}", self.pdf))),
            ("templates", ui("templates")),
            ("new-template", ui("templates/new")),
            ("template", ui(&format!("templates/{}", self.template))),
            ("changes", ui(&format!("templates/{}/changes", self.template))),
            ("batches", ui("batches")),
            ("batch", ui(&format!("batches/{}", self.batch))),
            ("webhooks", ui("webhooks")),
            ("delivery", ui(&format!("webhooks/{}", self.delivery))),
            ("bindings", ui("bindings")),
            ("binding", ui(&format!("bindings/{}", self.binding))),
            ("experiments", ui("experiments")),
            ("experiment", ui(&format!("experiments/{}", self.experiment))),
            ("workflows", ui("workflows")),
            ("workflow", ui(&format!("workflows/{}", self.run))),
            ("videos", ui("videos")),
            ("video", ui(&format!("videos/{}", self.video))),
            ("requests", ui("requests")),
            ("request", ui(&format!("requests/{}", self.request))),
            ("faults", ui("faults")),
            ("ledger", ui("ledger")),
        ]
    }
}
