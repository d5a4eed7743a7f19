//! Templates that a server starts with: from a folder, or from the admin API.
//!
//! A folder has a folder for each template, whose name is the ID of the template:
//!
//! | file | content |
//! |---|---|
//! | `template.json` | members of `POST /templates`, such as `name`, `width`, `height` and `variableDefinitions` |
//! | `index.html` or `canvas.json` | source: Handlebars, or a FabricJS canvas |
//! | `sample.json` | optional: values that become the defaults of the variables which have none |

use crate::{
    api_error::ApiError,
    context::AppState,
    contract::CONTRACT,
    templates::{Template, TemplateRequest},
};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    collections::HashSet,
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// Maximum number of templates.
const MAX_TEMPLATES: usize = 1000;

/// Maximum size of a file, in bytes.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Maximum length of an ID.
const MAX_UID_LEN: usize = 64;

/// Template to store.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SeedTemplate {
    /// ID; a random one if there is none.
    uid: Option<String>,
    /// Values that become the defaults of the variables which have none.
    sample: Option<Map<String, Value>>,
    /// Body of `POST /templates`.
    #[serde(flatten)]
    body: Map<String, Value>,
}

/// Error of a seed folder.
#[derive(Debug)]
pub(crate) struct SeedError {
    file: PathBuf,
    reason: String,
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used: {}", self.file.display(), self.reason)
    }
}

impl std::error::Error for SeedError {}

/// Reads the templates of a folder, in the order of their IDs.
pub(crate) fn read_folder(folder: &Path) -> Result<Vec<SeedTemplate>, SeedError> {
    let failed = |error: io::Error| SeedError { file: folder.to_owned(), reason: error.to_string() };
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.join("template.json").is_file() {
            folders.push(path);
        }
    }
    if folders.is_empty() {
        let reason = "it has no folder with a template.json".to_owned();
        return Err(SeedError { file: folder.to_owned(), reason });
    }
    folders.sort();
    folders.iter().map(|folder| read_template(folder)).collect()
}

fn read_template(folder: &Path) -> Result<SeedTemplate, SeedError> {
    let file = folder.join("template.json");
    let mut template: SeedTemplate = read_json(&file)?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    template.uid.get_or_insert_with(|| name.to_owned());
    template.body.entry("name").or_insert_with(|| name.into());
    for (file, member) in [("index.html", "html"), ("canvas.json", "fabricJSData"), ("sample.json", "sample")] {
        let file = folder.join(file);
        if !file.is_file() {
            continue;
        }
        match member {
            "sample" => template.sample = Some(read_json(&file)?),
            "html" => drop(template.body.insert(member.to_owned(), read_text(&file)?.into())),
            _ => drop(template.body.insert(member.to_owned(), read_json(&file)?)),
        }
    }
    Ok(template)
}

fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, SeedError> {
    serde_json::from_str(&read_text(file)?)
        .map_err(|error| SeedError { file: file.to_owned(), reason: error.to_string() })
}

fn read_text(file: &Path) -> Result<String, SeedError> {
    let failed = |reason: String| SeedError { file: file.to_owned(), reason };
    let size = fs::metadata(file).map_err(|error| failed(error.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(failed(format!("it has {size} bytes; the limit is {MAX_FILE_BYTES}")));
    }
    fs::read_to_string(file).map_err(|error| failed(error.to_string()))
}

/// Stores templates and returns them. One with the ID of a stored template replaces it. If one is invalid, none is
/// stored.
pub(crate) fn store(state: &AppState, seeds: Vec<SeedTemplate>) -> Result<Vec<Template>, ApiError> {
    let bad_request = |message: String| ApiError::with_message(StatusCode::BAD_REQUEST, message);
    if seeds.len() > MAX_TEMPLATES {
        return Err(bad_request(format!("there are more than {MAX_TEMPLATES} templates")));
    }
    let (mut templates, mut uids): (Vec<Template>, _) = (Vec::new(), HashSet::new());
    for (index, seed) in seeds.into_iter().enumerate() {
        let template = seed.into_template(&state.now_text());
        let template = template.map_err(|error| {
            ApiError::with_message(error.status(), format!("templates[{index}]: {}", error.message()))
        })?;
        if !uids.insert(template.uid.clone()) {
            return Err(bad_request(format!("templates[{index}]: the ID {} occurs twice", template.uid)));
        }
        templates.push(template);
    }
    for template in &templates {
        let replaced = state.store.change(&template.uid, |stored: &mut Template| {
            *stored = Template { created_at: std::mem::take(&mut stored.created_at), ..template.clone() };
            Ok::<_, ApiError>(())
        })?;
        if replaced.is_none() {
            state.store.create(&template.uid, template)?;
        }
    }
    Ok(templates)
}

impl SeedTemplate {
    fn into_template(self, now: &str) -> Result<Template, ApiError> {
        let bad_request = |message: String| ApiError::with_message(StatusCode::BAD_REQUEST, message);
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_valid = |uid: &String| (1..=MAX_UID_LEN).contains(&uid.len()) && uid.bytes().all(is_allowed);
        if let Some(uid) = self.uid.as_ref().filter(|uid| !is_valid(uid)) {
            let rule = format!("is not 1 to {MAX_UID_LEN} letters, digits, `-` and `_`");
            return Err(bad_request(format!("the ID {uid} {rule}")));
        }
        let body = Value::Object(self.body);
        // The same rules as for a request.
        let error = CONTRACT.operation("createTemplate").and_then(|operation| operation.body_error(&body));
        if let Some(error) = error {
            return Err(bad_request(error));
        }
        let request: TemplateRequest = serde_json::from_value(body).map_err(|error| bad_request(error.to_string()))?;
        let (mut template, added) = Template::create(request, now)?;
        if let Some(uid) = self.uid {
            template.uid = uid;
        }
        let sample = self.sample.unwrap_or_default();
        for definition in &mut template.variable_definitions {
            let Some(name) = definition["name"].as_str() else { continue };
            let Some(value) = sample.get(name).filter(|_| definition["defaultValue"].is_null()) else { continue };
            if added.iter().any(|added| added == name) {
                definition["type"] = variable_type(value).into();
            }
            definition["defaultValue"] = value.clone();
        }
        Ok(template)
    }
}

/// Returns the type of a variable with this value.
fn variable_type(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::String(_) | Value::Null => "text",
    }
}
