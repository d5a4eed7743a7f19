//! Whose account it is, its plan and its keys.

use super::handlers;
use crate::{
    answer::{Answer, Refusal},
    renders::{billed_this_month, month},
    server::Call,
    store::{Filter, Order},
    uid,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "getCurrentUser" => now user,
    "getPlanDetails" => now plan,
    "listApiTokens" => now list_tokens,
    "createApiToken" => now create_token,
    "deleteApiToken" => now delete_token,
}

/// The kind of the documents that this file keeps.
const TOKEN: &str = "token";

fn user(_: &Call) -> Answer {
    Ok(json!({"user": {"email": "dev@example.com", "currentPlan": "standard", "isEmailVerified": true}}).into())
}

fn plan(call: &Call) -> Answer {
    let now = call.service.now();
    let (_, next) = month(now).map_err(|error| Refusal::internal(error.to_string()))?;
    let (count, limit) = (billed_this_month(&call.service.store, now)?, call.service.monthly_limit());
    Ok(json!({
        "monthlyLimit": limit,
        "hasExceededMonthlyLimit": count >= limit,
        "usage": {"count": count},
        "nextReset": format!("{next:.3}"),
    })
    .into())
}

fn list_tokens(call: &Call) -> Answer {
    Ok(json!({"apiTokens": call.service.store.all(TOKEN, &Filter::default(), Order::Newest)?}).into())
}

fn create_token(call: &Call) -> Answer {
    let secret: String = (0..64).filter_map(|_| char::from_digit(fastrand::u32(..16), 16)).collect();
    let uid = uid::new(10);
    let token = json!({"uid": uid, "token": secret, "active": true, "createdAt": call.service.now_text()});
    call.service.store.insert(TOKEN, &uid, &token)?;
    Ok(json!({"apiToken": token}).into())
}

fn delete_token(call: &Call) -> Answer {
    let uid = call.parameter("uid");
    let token: Option<Value> = call.service.store.get(TOKEN, uid)?;
    if token.is_none() {
        return Err(Refusal::message(StatusCode::NOT_FOUND, "Token not found"));
    }
    call.service.store.remove(TOKEN, uid)?;
    Ok(json!({"apiToken": {"uid": uid, "active": false}}).into())
}
