//! The expression language of variables in canvas templates. HTML templates use a different language, Handlebars.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! #[derive(serde::Serialize)]
//! struct Order { price: f64, quantity: u32 }
//!
//! let order = Order { price: 29.99, quantity: 3 };
//! let tested = client.expressions().test("currency(price * quantity, 'USD')", &order).send().await?;
//! println!("{:?}", tested.result); // "$89.97"
//! # Ok(()) }
//! ```

use crate::{resources::api_request, resources::resource, variables};
use pictify_api::types::{InterpolateExpressionRequest, TestExpressionRequest, ValidateExpressionRequest};
use serde::Serialize;

pub use pictify_api::types::{
    DescribedFunction, ExpressionFunction, ExpressionFunctions, ExpressionResult, ExpressionValidation, Interpolation,
};

resource! {
    /// The expression operations of a client: [`client.expressions()`](crate::Client::expressions).
    Expressions
}

impl<C: Clone> Expressions<C> {
    /// Checks the syntax of an expression, written without braces. Bills nothing and changes nothing.
    ///
    /// `POST /templates/expression/validate`, live. An invalid expression is not an error: check `valid` in the
    /// response.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for an empty expression; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let validation = client.expressions().validate("price * quantity").send().await?;
    /// println!("{:?} {:?}", validation.valid, validation.error);
    /// # Ok(()) }
    /// ```
    pub fn validate(&self, expression: impl Into<String>) -> ValidateExpressionCall<C> {
        self.call(ValidateExpression::of(ValidateExpressionRequest::new(expression.into())))
    }

    /// Evaluates an expression, written without braces. Bills nothing and changes nothing.
    ///
    /// `POST /templates/expression/test`, documented. A failed evaluation is not an error: check `success` in the
    /// response.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `variables` does not
    /// serialise to a JSON object or the expression is empty; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let variables = serde_json::json!({"name": "ada"});
    /// let tested = client.expressions().test("capitalize(name)", &variables).send().await?;
    /// println!("{:?}", tested.result);
    /// # Ok(()) }
    /// ```
    pub fn test(&self, expression: impl Into<String>, variables: &impl Serialize) -> TestExpressionCall<C> {
        self.call_with(variables::from(variables), |variables| {
            let mut body = TestExpressionRequest::new(expression.into());
            body.variables = Some(variables);
            TestExpression::of(body)
        })
    }

    /// Evaluates the expressions in a text, written in double braces. Bills nothing and changes nothing.
    ///
    /// `POST /templates/expression/interpolate`, documented; the response format is unpublished.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `variables` does not
    /// serialise to a JSON object; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let variables = serde_json::json!({"name": "ada"});
    /// let filled = client.expressions().interpolate("Hello {{capitalize(name)}}", &variables).send().await?;
    /// println!("{:?}", filled.result);
    /// # Ok(()) }
    /// ```
    pub fn interpolate(&self, text: impl Into<String>, variables: &impl Serialize) -> InterpolateExpressionCall<C> {
        self.call_with(variables::from(variables), |variables| {
            let mut body = InterpolateExpressionRequest::new(text.into());
            body.variables = Some(variables);
            InterpolateExpression::of(body)
        })
    }

    /// Lists the functions of the expression language.
    ///
    /// `GET /templates/expression/functions`, live; reads only.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.expressions().functions().send().await?.functions);
    /// # Ok(()) }
    /// ```
    pub fn functions(&self) -> ListExpressionFunctionsCall<C> {
        self.call(ListExpressionFunctions::of())
    }
}

api_request! {
    /// The request of [`Expressions::validate`] as data.
    ValidateExpression / ValidateExpressionCall { #[serde(flatten)] body: ValidateExpressionRequest } -> ExpressionValidation = VALIDATE_EXPRESSION,
    |op, base| requests::validate_expression(base, &op.body)
}

api_request! {
    /// The request of [`Expressions::test`] as data.
    TestExpression / TestExpressionCall { #[serde(flatten)] body: TestExpressionRequest } -> ExpressionResult = TEST_EXPRESSION,
    |op, base| requests::test_expression(base, &op.body)
}

api_request! {
    /// The request of [`Expressions::interpolate`] as data.
    InterpolateExpression / InterpolateExpressionCall { #[serde(flatten)] body: InterpolateExpressionRequest } -> Interpolation = INTERPOLATE_EXPRESSION,
    |op, base| requests::interpolate_expression(base, &op.body)
}

api_request! {
    /// The request of [`Expressions::functions`] as data.
    ListExpressionFunctions / ListExpressionFunctionsCall {} -> ExpressionFunctions = LIST_EXPRESSION_FUNCTIONS,
    |op, base| requests::list_expression_functions(base)
}
