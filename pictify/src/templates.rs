//! Stored designs with variables, and renders of them.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::templates::{RenderFormat, TemplateSource};
//!
//! #[derive(serde::Serialize)]
//! struct Card { title: &'static str }
//!
//! let source = TemplateSource::html("<h1>{{title}}</h1>");
//! let template = client.templates().create("Social card", source).size(1200, 630).send().await?;
//! let card = client.templates().render(&template.uid, &Card { title: "Rust" }).format(RenderFormat::Webp).send().await?;
//! client.download(&card).to_file("card.webp").await?;
//! # Ok(()) }
//! ```

mod gallery;
mod preview;
mod render;
mod sizes;
mod source;
mod stored;
pub(crate) mod validate;
mod variable_errors;
mod variables;

pub use gallery::{GetPublicTemplate, GetPublicTemplateCall, ListPublicTemplates, ListPublicTemplatesCall};
pub use pictify_api::types::{
    LayoutError, MultiSizeRender, PublicTemplateSort, RasterFormat, RenderedLayout, RenderedSize, SizeError,
    SizedRender, Template, TemplateEngine, TemplateLayout, TemplateLayouts, TemplateList, TemplateOutput,
    TemplateOutputFilter, TemplatePage, TemplatePdfPreset, TemplatePreview, TemplateRender,
    TemplateRenderFormat as RenderFormat, TemplateSort, TemplateVariables, VariableDefinition, VariableType,
    VariableValidation,
};
pub use preview::{PreviewTemplate, PreviewTemplateCall};
pub use render::{RenderTemplate, RenderTemplateCall, RenderTemplateLayouts, RenderTemplateLayoutsCall};
pub use sizes::{RenderTemplateSizes, RenderTemplateSizesCall, Size};
pub use source::TemplateSource;
pub use stored::{
    CreateTemplate, CreateTemplateCall, DeleteTemplate, DeleteTemplateCall, GetTemplate, GetTemplateCall,
    ListTemplates, ListTemplatesCall, SearchTemplates, SearchTemplatesCall, UpdateTemplate, UpdateTemplateCall,
};
pub use validate::ValidateVariables;
pub use variable_errors::{JsonType, VariableError, VariableErrors};
pub use variables::{
    GetTemplateVariables, GetTemplateVariablesCall, ValidateTemplateVariables, ValidateTemplateVariablesCall,
};

use crate::Deletion;
use crate::resources::resource;

resource! {
    /// The template operations of a client: [`client.templates()`](crate::Client::templates).
    Templates
}
