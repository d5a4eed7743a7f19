//! Handlers for the account: its user, plan and API tokens.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    ledger::{billed_this_month, month_bounds},
    response::ApiResult,
    store::{Filter, Order},
    uid,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "getCurrentUser" => sync user,
    "getPlanDetails" => sync plan,
    "listApiTokens" => sync list_tokens,
    "createApiToken" => sync create_token,
    "deleteApiToken" => sync delete_token,
}

/// Document kind of API tokens.
const TOKEN: &str = "token";

fn user(_: &RequestContext) -> ApiResult {
    Ok(json!({"user": {"email": "dev@example.com", "currentPlan": "standard", "isEmailVerified": true}}).into())
}

fn plan(context: &RequestContext) -> ApiResult {
    let now = context.state.now();
    let (_, next) = month_bounds(now).map_err(|error| ApiError::internal(error.to_string()))?;
    let (count, limit) = (billed_this_month(&context.state.store, now)?, context.state.monthly_limit());
    Ok(json!({
        "monthlyLimit": limit,
        "hasExceededMonthlyLimit": count >= limit,
        "usage": {"count": count},
        "nextReset": format!("{next:.3}"),
    })
    .into())
}

fn list_tokens(context: &RequestContext) -> ApiResult {
    Ok(json!({"apiTokens": context.state.store.all(TOKEN, &Filter::default(), Order::Newest)?}).into())
}

fn create_token(context: &RequestContext) -> ApiResult {
    let secret: String = (0..64).filter_map(|_| char::from_digit(fastrand::u32(..16), 16)).collect();
    let uid = uid::new(10);
    let token = json!({"uid": uid, "token": secret, "active": true, "createdAt": context.state.now_text()});
    context.state.store.insert(TOKEN, &uid, &token)?;
    Ok(json!({"apiToken": token}).into())
}

fn delete_token(context: &RequestContext) -> ApiResult {
    let uid = context.parameter("uid");
    let token: Option<Value> = context.state.store.get(TOKEN, uid)?;
    if token.is_none() {
        return Err(ApiError::with_message(StatusCode::NOT_FOUND, "Token not found"));
    }
    context.state.store.remove(TOKEN, uid)?;
    Ok(json!({"apiToken": {"uid": uid, "active": false}}).into())
}
