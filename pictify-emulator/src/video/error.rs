//! Why a scene cannot be drawn.

use crate::api_error::ApiError;
use axum::http::StatusCode;
use serde_json::json;

/// Why a scene cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SceneError {
    /// The code is at fault: what a compiler says.
    Code(Vec<String>),
    /// A value breaks its definition.
    Variable(String),
    /// The code needs what this server does not have.
    Missing(String),
}

impl SceneError {
    pub(crate) fn code(message: impl Into<String>) -> Self {
        Self::Code(vec![message.into()])
    }
}

impl From<SceneError> for ApiError {
    fn from(error: SceneError) -> Self {
        match error {
            SceneError::Code(errors) => Self::with_body(StatusCode::UNPROCESSABLE_ENTITY, json!({"errors": errors})),
            SceneError::Variable(message) => {
                Self::with_message_and_code(StatusCode::UNPROCESSABLE_ENTITY, "invalid_variable", message)
            }
            SceneError::Missing(what) => not_rendered(format!("The emulator cannot draw {what}")),
        }
    }
}

/// What is said of videos that cannot be made here.
pub(crate) fn not_rendered(message: impl Into<String>) -> ApiError {
    ApiError::with_message_and_code(StatusCode::NOT_IMPLEMENTED, "render_bridge_not_installed", message)
}
