//! Demo data: templates to look at and to start from, and in the program also renders of them and deliveries.
//!
//! `templates/` has a folder for each template: `index.html`, and `template.json` with its name, size and variables.

mod examples;
mod samples;

pub(crate) use samples::create as create_samples;

use crate::{
    store::{Store, StoreError, from_json},
    templates::Template,
};
use serde_json::{Value, json};

/// Reads the files of a template into the program.
macro_rules! template {
    ($folder:literal) => {
        (
            include_str!(concat!("templates/", $folder, "/template.json")),
            include_str!(concat!("templates/", $folder, "/index.html")),
        )
    };
}

/// Descriptions and sources of the templates.
const TEMPLATES: [(&str, &str); 12] = [
    template!("email-header"),
    template!("profile"),
    template!("release"),
    template!("ticket"),
    template!("badge"),
    template!("certificate"),
    template!("chart"),
    template!("product"),
    template!("quote"),
    template!("pulse"),
    template!("invoice"),
    template!("blog-card"),
];

/// Layout of the blog card for square posts.
const SQUARE_BLOG_CARD: &str = include_str!("templates/blog-card/square.html");

/// Stores the template of the examples, unless it exists.
pub(crate) fn insert_example(store: &Store, now: &str) -> Result<(), StoreError> {
    store.create(examples::UID, &examples::template(now)).map(|_| ())
}

/// Stores the templates to look at, unless they exist.
pub(crate) fn insert_templates(store: &Store, now: &str) -> Result<(), StoreError> {
    for (description, html) in TEMPLATES {
        let template = read(description, html, now)?;
        store.create(&template.uid, &template)?;
    }
    Ok(())
}

/// Returns a template as it is stored.
fn read(description: &str, html: &str, now: &str) -> Result<Template, StoreError> {
    let mut template = json!({"engine": "html", "outputFormat": "image", "jsEnabled": false, "strictVariables": false,
        "hasDynamicLink": false, "html": html, "createdAt": now, "updatedAt": now});
    let described: Value = serde_json::from_str(description)?;
    for (name, value) in described.as_object().into_iter().flatten() {
        template[name] = value.clone();
    }
    let definitions = template["variableDefinitions"].as_array().into_iter().flatten();
    template["variables"] = definitions.map(|definition| definition["name"].clone()).collect();
    if template["uid"] == "DEMOBLOG01" {
        template["layouts"] = json!({"square": {"name": "Square", "width": 1080, "height": 1080, "html": SQUARE_BLOG_CARD,
            "createdAt": now}});
    }
    from_json(template)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rendering::fill;

    #[test]
    fn every_template_can_be_filled_with_its_defaults() {
        for (description, html) in TEMPLATES {
            let template = read(description, html, "2026-11-28T00:00:00.000Z").unwrap();
            let (used, defined) = (template.used_variables().unwrap(), &template.variables);
            assert!(used.iter().all(|name| defined.contains(name)), "{used:?} in {defined:?}");
            let filled = fill::fill(&template, None, &json!({}), None).unwrap();
            assert!(!filled.html.contains("{{"), "{}", filled.html);
        }
    }
}
