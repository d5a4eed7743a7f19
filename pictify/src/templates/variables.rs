//! Variables of a template, read from the service.

use super::{TemplateVariables, Templates, ValidateVariables};
use crate::{Error, resources::api_request, variables};
use pictify_api::types::JsonObject;
use serde::Serialize;

impl<C: Clone> Templates<C> {
    /// Reads the variables of a template.
    ///
    /// `GET /templates/{uid}/variables`, live; reads only. [`ValidateVariables`] checks values against the response;
    /// [`validate_variables`](Self::validate_variables) does both in one call.
    ///
    /// # Errors
    /// At `send`: as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::ValidateVariables;
    ///
    /// let definitions = client.templates().variables("XK4P2M9QZT").send().await?;
    /// for row in [serde_json::json!({"title": "Ada"}), serde_json::json!({"title": "Grace"})] {
    ///     definitions.validate(&row)?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn variables(&self, uid: impl Into<String>) -> GetTemplateVariablesCall<C> {
        self.call(GetTemplateVariables::of(uid.into()))
    }

    /// Reads the variables of a template and checks values against them, so that no render is spent on a mistake.
    ///
    /// `GET /templates/{uid}/variables`, live; reads only. Returns the definitions if all values are valid.
    /// [`ValidateVariables`] lists the checks.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `variables` does not
    /// serialise to a JSON object; after the response, `Validation` with all problems, as
    /// [`validation_errors`](Error::validation_errors) and as a [`VariableErrors`](super::VariableErrors) that is the
    /// error's source; else as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let values = serde_json::json!({"titel": "My post"});
    /// if let Err(error) = client.templates().validate_variables("XK4P2M9QZT", &values).send().await {
    ///     for problem in error.validation_errors() {
    ///         eprintln!("{}: {}", problem.field, problem.message);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn validate_variables(
        &self,
        uid: impl Into<String>,
        variables: &impl Serialize,
    ) -> ValidateTemplateVariablesCall<C> {
        let variables = variables::object(variables, "variables").map(JsonObject::from);
        self.call_with(variables, |variables| ValidateTemplateVariables::of(uid.into(), variables))
    }
}

api_request! {
    /// The request of [`Templates::variables`] as data.
    GetTemplateVariables / GetTemplateVariablesCall { uid: String } -> TemplateVariables = GET_TEMPLATE_VARIABLES,
    |op, base| requests::get_template_variables(base, &op.uid)
}

api_request! {
    /// The request of [`Templates::validate_variables`] as data.
    ValidateTemplateVariables / ValidateTemplateVariablesCall { uid: String, variables: JsonObject } -> TemplateVariables = GET_TEMPLATE_VARIABLES,
    |op, base| requests::get_template_variables(base, &op.uid),
    read |definitions, _response| definitions.validate(&op.variables).map(|()| definitions).map_err(Error::from)
}
