use crate::contract::{Row, row};
use pictify::videos::{VideoFormat, VideoSource, VideoTemplateStatus};
use serde_json::json;

const UID: &str = "VD5R8CW1QJ";

pub fn rows() -> Vec<Row> {
    vec![
        row("listVideoTemplates", |client| client.videos().list()),
        row("createVideoTemplate", |client| {
            let source = VideoSource::tsx("export default () => <h1>Hello</h1>;\n");
            let call = client.videos().create("Launch teaser", source).size(1080, 1080).fps(30).duration_in_frames(240);
            call.status(VideoTemplateStatus::Draft)
        }),
        row("getVideoTemplate", |client| client.videos().get(UID)),
        row("updateVideoTemplate", |client| {
            client.videos().update(UID).name("Launch teaser 2").status(VideoTemplateStatus::Published)
        }),
        row("deleteVideoTemplate", |client| client.videos().delete(UID)),
        row("duplicateVideoTemplate", |client| client.videos().duplicate(UID).name("Launch teaser (winter)")),
        row("getVideoTemplateVariables", |client| client.videos().variables(UID)),
        row("renderVideo", |client| {
            let variables = json!({"title": "Welcome, Maya!", "accentColor": "#ff5533"});
            client.videos().render(UID).variables(&variables).unwrap().format(VideoFormat::Mp4)
        }),
        row("previewVideoTemplate", |client| {
            client.videos().preview(UID).variables(&json!({"title": "Hi"})).unwrap().frame(45)
        }),
        row("generateVideoTemplate", |client| {
            let call = client.videos().generate("An eight second teaser for a developer tool").size(1080, 1080);
            call.duration_seconds(8.0).brand_color("#00ff41")
        }),
    ]
}
