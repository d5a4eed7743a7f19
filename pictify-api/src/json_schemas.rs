//! JSON Schemas of all types in one document.

use crate::types;
use schemars::{Schema, generate::SchemaSettings, json_schema};

/// Returns the JSON Schemas (2020-12) of all types of the API, each in `$defs` under the name of the type.
///
/// They describe the values that this version reads and writes. Responses may have further fields and enum values, so
/// the schemas allow more than the document.
///
/// ```
/// let schemas = pictify_api::json_schemas();
/// assert!(schemas.as_value()["$defs"]["Image"]["properties"]["url"].is_object());
/// ```
#[must_use]
pub fn json_schemas() -> Schema {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    types::define_json_schemas(&mut generator);
    let definitions = generator.take_definitions(true);
    json_schema!({"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": definitions})
}
