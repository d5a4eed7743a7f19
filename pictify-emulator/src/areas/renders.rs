//! The history of renders.

use super::handlers;
use crate::{answer::Answer, renders::RENDER, server::Call, store::Filter};
use serde_json::{Map, Value, json};

handlers! {
    "listRenders" => now list,
}

/// How many renders a page has when the request says nothing.
const LIMIT: usize = 24;

fn list(call: &Call) -> Answer {
    let of_template =
        || Filter::default().and("$.template", call.text("template")).and("$.source", call.text("source"));
    let format = call.text("format").map(str::to_ascii_uppercase).filter(|format| format != "ALL");
    let filter = of_template().and("$.format", format.as_deref());
    let mut list = call.list_by_offset("renders", RENDER, &filter, LIMIT, |render| call.public(render))?;
    let mut counts = Map::from_iter([("ALL".to_owned(), call.service.store.count(RENDER, &of_template())?.into())]);
    for format in ["PNG", "JPG", "WEBP", "PDF", "GIF", "MP4"] {
        let count = call.service.store.count(RENDER, &of_template().and("$.format", Some(format)))?;
        counts.insert(format.to_owned(), count.into());
    }
    list["counts"] = Value::Object(counts);
    Ok(json!(list).into())
}
