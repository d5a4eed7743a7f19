//! Who the key belongs to, plans and keys.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! let plan = client.account().plan().send().await?;
//! println!("{:?} of {:?} renders", plan.usage, plan.monthly_limit);
//! # Ok(()) }
//! ```

use crate::{Call, operation::operation, resources::resource};
use pictify_api::types::EmptyRequest;

pub use pictify_api::types::{ApiToken, ApiTokenList, PlanDetails, PlanUsage, User};

resource! {
    /// The operations of the account: [`client.account()`](crate::Client::account).
    Account
}

impl<C: Clone> Account<C> {
    /// Reads who the key belongs to.
    ///
    /// `GET /api/users`, live; reads only. What else the answer holds is unpublished and kept in `extra`.
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
    pub fn user(&self) -> Call<GetCurrentUser, C> {
        self.call(GetCurrentUser {})
    }

    /// Reads the plan's monthly limit and what is used of it.
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
    pub fn plan(&self) -> Call<GetPlanDetails, C> {
        self.call(GetPlanDetails {})
    }

    /// Lists the account's API keys. The answer holds whole keys; `Debug` does not show them.
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
    pub fn tokens(&self) -> Call<ListApiTokens, C> {
        self.call(ListApiTokens {})
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
    /// let other = pictify::Client::new(key.expose())?;
    /// # Ok(()) }
    /// ```
    pub fn create_token(&self) -> Call<CreateApiToken, C> {
        self.call(CreateApiToken {})
    }

    /// Revokes an API key.
    ///
    /// `DELETE /api/users/api-tokens/{uid}`, documented; safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot stand in a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.account().delete_token("TK2QWERTYU").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete_token(&self, uid: impl Into<String>) -> Call<DeleteApiToken, C> {
        self.call(DeleteApiToken { uid: uid.into() })
    }
}

operation! {
    /// The request of [`Account::user`] as data.
    GetCurrentUser {} -> User = GET_CURRENT_USER,
    |op, api| api.get_current_user()
}

operation! {
    /// The request of [`Account::plan`] as data.
    GetPlanDetails {} -> PlanDetails = GET_PLAN_DETAILS,
    |op, api| api.get_plan_details()
}

operation! {
    /// The request of [`Account::tokens`] as data.
    ListApiTokens {} -> ApiTokenList = LIST_API_TOKENS,
    |op, api| api.list_api_tokens()
}

operation! {
    /// The request of [`Account::create_token`] as data.
    CreateApiToken {} -> ApiToken = CREATE_API_TOKEN,
    |op, api| api.create_api_token(&EmptyRequest {})
}

operation! {
    /// The request of [`Account::delete_token`] as data.
    DeleteApiToken { uid: String } -> ApiToken = DELETE_API_TOKEN,
    |op, api| api.delete_api_token(&op.uid)
}
