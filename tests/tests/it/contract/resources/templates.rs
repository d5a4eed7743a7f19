use crate::contract::{Row, row};
use pictify::templates::{
    PublicTemplateSort, RasterFormat, RenderFormat, Size, TemplateOutput, TemplateOutputFilter, TemplateSort,
    TemplateSource, VariableDefinition, VariableType, VariableValidation,
};
use serde_json::json;

pub fn rows() -> Vec<Row> {
    vec![
        row("listTemplates", |client| {
            let call = client.templates().list().page(1).limit(12).sort(TemplateSort::Newest);
            call.output(TemplateOutputFilter::All).has_dynamic_link(true)
        }),
        row("createTemplate", |client| {
            let mut title = VariableDefinition::new("title");
            title.type_ = Some(VariableType::Text);
            title.validation = Some(VariableValidation { required: Some(true), ..VariableValidation::default() });
            let source = TemplateSource::html("<h1>{{title}}</h1><p>{{description}}</p>");
            let call = client.templates().create("Social Card", source).size(1200, 630);
            call.output(TemplateOutput::Image).variable_definitions([title])
        }),
        row("searchTemplates", |client| client.templates().search("social").page(1).limit(12)),
        row("previewTemplate", |client| {
            let mut title = VariableDefinition::new("title");
            title.type_ = Some(VariableType::Text);
            let source = TemplateSource::html("<h1>{{title}}</h1>");
            let call = client.templates().preview(source, &json!({"title": "Draft"})).variable_definitions([title]);
            call.size(600, 300).format(RasterFormat::Png).scripts(false).strict_variables(false)
        }),
        row("getTemplate", |client| client.templates().get("XK4P2M9QZT")),
        row("updateTemplate", |client| client.templates().update("XK4P2M9QZT").name("Social Card v2").width(1080)),
        row("deleteTemplate", |client| client.templates().delete("XK4P2M9QZT")),
        // For a single layout the response `all-failed` is an error, which the SDK's tests in `templates.rs` cover.
        row("renderTemplate", |client| {
            let layouts = ["default", "twitter-post"];
            let call = client.templates().render_layouts("XK4P2M9QZT", &json!({"title": "My post"}), layouts);
            call.format(RenderFormat::Webp)
        }),
        row("multiSizeRenderTemplate", |client| {
            let sizes = [Size::preset("instagram-post"), Size::px(728, 90).label("banner")];
            let call = client.templates().render_sizes("XK4P2M9QZT", &json!({"title": "Sale"}), sizes);
            call.format(RasterFormat::Png).quality(0.9)
        }),
        row("getTemplateVariables", |client| client.templates().variables("XK4P2M9QZT")),
        row("listPublicTemplates", |client| {
            let call = client.templates().list_public().category("social").kind("og-image").tag("blog");
            call.search("quote").sort(PublicTemplateSort::Popular).page(1).limit(12)
        }),
        row("getPublicTemplate", |client| client.templates().get_public("PB11QWERTY")),
    ]
}
