//! Search of templates.

use crate::support::{get, ok};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<&str> {
    list["templates"].as_array().unwrap().iter().map(|template| template["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_search_finds_templates_by_their_texts() {
    let emulator = Emulator::start().await.unwrap();
    for template in [
        json!({"name": "Social Card", "html": "invoice"}),
        json!({"name": "Banner", "html": "x", "type": "social-post"}),
        json!({"name": "Quote", "html": "x", "category": "SOCIAL"}),
        json!({"name": "Poster", "html": "x", "tags": ["print", "anti-social"]}),
        json!({"name": "Invoice", "html": "social"}),
    ] {
        ok(&emulator, "POST /templates", template).await;
    }
    for (text, expected) in [
        ("social", &["Poster", "Quote", "Banner", "Social Card"][..]),
        ("invoice", &["Invoice"]),
        ("Social%20Card", &["Social Card"]),
        ("%25", &[]),
    ] {
        let list = get(&emulator, &format!("/templates/search?q={text}")).await.json();
        assert_eq!(names(&list), expected, "{text}");
        assert_eq!(list["pagination"]["total"], expected.len());
    }
    let second = get(&emulator, "/templates/search?q=social&page=2&limit=3").await.json();
    assert_eq!(names(&second), ["Social Card"]);
    assert!(second["templates"][0]["html"].is_null(), "lists leave out the sources");
    assert_eq!(
        second["pagination"],
        json!({"page": 2, "limit": 3, "total": 4, "totalPages": 2, "hasNext": false,
        "hasPrev": true})
    );
}

#[tokio::test]
async fn a_search_requires_its_text() {
    let emulator = Emulator::start().await.unwrap();
    for (query, message) in [
        ("", "querystring must have required property 'q'"),
        ("?page=1", "querystring must have required property 'q'"),
        ("?q=", "querystring/q \"\" is shorter than 1 character"),
    ] {
        let response = get(&emulator, &format!("/templates/search{query}")).await;
        assert_eq!((response.status, response.json()["message"].as_str()), (400, Some(message)), "{query}");
    }
}
