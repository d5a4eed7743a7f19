//! Errors of scenes.

use crate::api_error::ApiError;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Error of a scene that cannot be compiled or rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SceneError {
    /// The code has errors. Messages of the compiler or of the running scene.
    Code(Vec<String>),
    /// A value violates its definition.
    Variable(String),
    /// The code uses a feature that the emulator does not have.
    Unsupported(String),
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
            SceneError::Unsupported(feature) => {
                rendering_unsupported(format!("The emulator does not support {feature}"))
            }
        }
    }
}

/// Returns the error for a video that the emulator cannot render: 501 `render_bridge_not_installed`.
pub(crate) fn rendering_unsupported(message: impl Into<String>) -> ApiError {
    ApiError::with_message_and_code(StatusCode::NOT_IMPLEMENTED, "render_bridge_not_installed", message)
}
