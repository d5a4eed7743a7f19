//! What variables a template has, read from the service.

use super::{CheckVariables, TemplateVariables, Templates};
use crate::{Error, resources::api_request, variables};
use pictify_api::types::JsonObject;
use serde::Serialize;

impl<C: Clone> Templates<C> {
    /// Reads what variables a template has.
    ///
    /// `GET /templates/{uid}/variables`, live; reads only. [`CheckVariables`] holds values against the answer, and
    /// [`check`](Self::check) does both.
    ///
    /// # Errors
    /// At `send`: as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::CheckVariables;
    ///
    /// let definitions = client.templates().variables("XK4P2M9QZT").send().await?;
    /// for row in [serde_json::json!({"title": "Ada"}), serde_json::json!({"title": "Grace"})] {
    ///     definitions.check(&row)?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn variables(&self, uid: impl Into<String>) -> GetTemplateVariablesCall<C> {
        self.call(GetTemplateVariables { uid: uid.into() })
    }

    /// Reads what variables a template has and holds values against them, so that mistakes cost no render.
    ///
    /// `GET /templates/{uid}/variables`, live; reads only. Gives back the definitions when all is well. What is looked at
    /// is told by [`CheckVariables`].
    ///
    /// # Errors
    /// Here: [`Validation`](crate::ErrorKind::Validation) when `variables` does not serialise to a JSON object. At `send`:
    /// `Validation` with every problem at once, as [`violations`](Error::violations) and as a
    /// [`VariableProblems`](super::VariableProblems) that is the error's source; else as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let values = serde_json::json!({"titel": "My post"});
    /// if let Err(error) = client.templates().check("XK4P2M9QZT", &values)?.send().await {
    ///     for violation in error.validation_errors() {
    ///         eprintln!("{}: {}", violation.field, violation.message);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn check(&self, uid: impl Into<String>, variables: &impl Serialize) -> CheckTemplateVariablesCall<C> {
        let variables = variables::object(variables, "variables").map(JsonObject::from);
        self.call_with(variables, |variables| CheckTemplateVariables { uid: uid.into(), variables })
    }
}

api_request! {
    /// The request of [`Templates::variables`] as data.
    GetTemplateVariables / GetTemplateVariablesCall { uid: String } -> TemplateVariables = GET_TEMPLATE_VARIABLES,
    |op, base| requests::get_template_variables(base, &op.uid)
}

api_request! {
    /// The request of [`Templates::check`] as data.
    CheckTemplateVariables / CheckTemplateVariablesCall { uid: String, variables: JsonObject } -> TemplateVariables = GET_TEMPLATE_VARIABLES,
    |op, base| requests::get_template_variables(base, &op.uid),
    read |definitions, _response| definitions.check(&op.variables).map(|()| definitions).map_err(Error::from)
}
