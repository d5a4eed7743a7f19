//! The user, plan and API keys of the account.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! let plan = client.account().plan().send().await?;
//! println!("{:?} of {:?} renders", plan.usage, plan.monthly_limit);
//! # Ok(()) }
//! ```

use crate::{resources::api_request, resources::resource};

pub use pictify_api::types::{ApiToken, ApiTokenList, PlanDetails, PlanUsage, User};

resource! {
    /// The operations of the account: [`client.account()`](crate::Client::account).
    Account
}

impl<C: Clone> Account<C> {
    /// Reads the user that the API key belongs to.
    ///
    /// `GET /api/users`, live; reads only. Further fields of the response are unpublished and stored in `extra`.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let user = client.account().user().send().await?;
    /// println!("{:?}", user.current_plan);
    /// # Ok(()) }
    /// ```
    pub fn user(&self) -> GetCurrentUserCall<C> {
        self.call(GetCurrentUser::of())
    }

    /// Reads the plan's monthly limit and the renders used so far.
    ///
    /// `GET /api/users/plans`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let plan = client.account().plan().send().await?;
    /// if plan.has_exceeded_monthly_limit == Some(true) {
    ///     println!("renders are used up until {:?}", plan.next_reset);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn plan(&self) -> GetPlanDetailsCall<C> {
        self.call(GetPlanDetails::of())
    }

    /// Lists the account's API keys. The response contains complete keys; `Debug` does not show them.
    ///
    /// `GET /api/users/api-tokens`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// for token in client.account().tokens().send().await?.api_tokens {
    ///     println!("{} {:?}", token.uid, token.active);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn tokens(&self) -> ListApiTokensCall<C> {
        self.call(ListApiTokens::of())
    }

    /// Creates an API key. Bills nothing.
    ///
    /// `POST /api/users/api-tokens`, documented.
    ///
    /// # Errors
    /// At `send`: any error of the service; with [`outcome_unknown`](crate::Error::outcome_unknown) the key may exist.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let token = client.account().create_token().send().await?;
    /// let key = token.token.expect("a new key is shown once");
    /// let second_client = pictify::Client::new(key.expose())?;
    /// # Ok(()) }
    /// ```
    pub fn create_token(&self) -> CreateApiTokenCall<C> {
        self.call(CreateApiToken::of())
    }

    /// Revokes an API key.
    ///
    /// `DELETE /api/users/api-tokens/{uid}`, documented; safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.account().delete_token("TK2QWERTYU").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete_token(&self, uid: impl Into<String>) -> DeleteApiTokenCall<C> {
        self.call(DeleteApiToken::of(uid.into()))
    }
}

api_request! {
    /// The request of [`Account::user`] as data.
    GetCurrentUser / GetCurrentUserCall {} -> User = GET_CURRENT_USER,
    |op, base| requests::get_current_user(base)
}

api_request! {
    /// The request of [`Account::plan`] as data.
    GetPlanDetails / GetPlanDetailsCall {} -> PlanDetails = GET_PLAN_DETAILS,
    |op, base| requests::get_plan_details(base)
}

api_request! {
    /// The request of [`Account::tokens`] as data.
    ListApiTokens / ListApiTokensCall {} -> ApiTokenList = LIST_API_TOKENS,
    |op, base| requests::list_api_tokens(base)
}

api_request! {
    /// The request of [`Account::create_token`] as data.
    CreateApiToken / CreateApiTokenCall {} -> ApiToken = CREATE_API_TOKEN,
    |op, base| requests::create_api_token(base)
}

api_request! {
    /// The request of [`Account::delete_token`] as data.
    DeleteApiToken / DeleteApiTokenCall { uid: String } -> ApiToken = DELETE_API_TOKEN,
    |op, base| requests::delete_api_token(base, &op.uid).map(pictify_api::Request::or_empty),
    read |token, _response| Ok(token.unwrap_or_else(|| ApiToken::new(op.uid.as_str())))
}
