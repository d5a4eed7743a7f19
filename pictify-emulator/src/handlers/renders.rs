//! Handlers for the history of renders.

use super::handlers;
use crate::{context::RequestContext, rendering::RenderRecord, response::ApiResult, store::Filter};
use serde_json::{Map, Value, json};

handlers! {
    "listRenders" => sync list,
}

/// Page size of the history when the request gives none.
const DEFAULT_PAGE_SIZE: usize = 24;

fn list(context: &RequestContext) -> ApiResult {
    let of_template = || {
        Filter::default().eq("$.template", context.query_text("template")).eq("$.source", context.query_text("source"))
    };
    let format = context.query_text("format").map(str::to_ascii_uppercase).filter(|format| format != "ALL");
    let filter = of_format(of_template(), format.as_deref());
    let mut list = context.list_by_offset("renders", &filter, DEFAULT_PAGE_SIZE, |render: RenderRecord| {
        let url = context.render.media_url(&render.file);
        let mut render = json!(render);
        if let Some(render) = render.as_object_mut() {
            render.remove("file");
            render.insert("url".to_owned(), url.into());
        }
        render
    })?;
    let mut counts =
        Map::from_iter([("ALL".to_owned(), context.state.store.count_of::<RenderRecord>(&of_template())?.into())]);
    for format in ["PNG", "PDF", "GIF", "MP4"] {
        let count = context.state.store.count_of::<RenderRecord>(&of_format(of_template(), Some(format)))?;
        counts.insert(format.to_owned(), count.into());
    }
    list["counts"] = Value::Object(counts);
    Ok(json!(list).into())
}

/// Requires a format. `PNG` means all raster formats together.
fn of_format(filter: Filter, format: Option<&str>) -> Filter {
    match format {
        Some("PNG") => filter.any_of("$.format", &["PNG", "JPG", "WEBP"]),
        format => filter.eq("$.format", format),
    }
}
