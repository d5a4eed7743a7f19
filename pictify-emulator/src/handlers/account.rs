//! Handlers for the account: its user, plan and API tokens.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    ledger::{billed_this_month, next_month},
    response::ApiResult,
    secret::Secret,
    store::{Document, Filter, Order},
    uid,
};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

handlers! {
    "getCurrentUser" => sync user,
    "getPlanDetails" => sync plan,
    "listApiTokens" => sync list_tokens,
    "createApiToken" => sync create_token,
    "deleteApiToken" => sync delete_token,
}

fn user(_: &RequestContext) -> ApiResult {
    Ok(json!({"user": {"email": "dev@example.com", "currentPlan": "standard", "isEmailVerified": true}}).into())
}

fn plan(context: &RequestContext) -> ApiResult {
    let now = context.state.now();
    let next = next_month(now).map_err(|error| ApiError::internal(error.to_string()))?;
    let (count, limit) = (billed_this_month(&context.state.store, now)?, context.state.monthly_limit());
    Ok(json!({
        "monthlyLimit": limit,
        "hasExceededMonthlyLimit": count >= limit,
        "usage": {"count": count},
        "nextReset": format!("{next:.3}"),
    })
    .into())
}

/// API token of the account. The emulator accepts it as it accepts any key, unless it was started with keys of its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiToken {
    uid: String,
    token: Secret,
    active: bool,
    created_at: String,
}

impl Document for ApiToken {
    const KIND: &'static str = "token";
}

fn list_tokens(context: &RequestContext) -> ApiResult {
    let tokens: Vec<ApiToken> = context.state.store.list_all(&Filter::default(), Order::Newest)?;
    Ok(json!({"apiTokens": tokens}).into())
}

fn create_token(context: &RequestContext) -> ApiResult {
    let secret: String = (0..64).filter_map(|_| char::from_digit(fastrand::u32(..16), 16)).collect();
    let created_at = context.state.now_text();
    let token = ApiToken { uid: uid::new(10), token: Secret::new(secret), active: true, created_at };
    context.state.store.create(&token.uid, &token)?;
    Ok(json!({"apiToken": token}).into())
}

fn delete_token(context: &RequestContext) -> ApiResult {
    let uid = context.parameter("uid");
    if !context.state.store.delete::<ApiToken>(uid)? {
        return Err(ApiError::with_message(StatusCode::NOT_FOUND, "Token not found"));
    }
    Ok(json!({"apiToken": {"uid": uid, "active": false}}).into())
}
