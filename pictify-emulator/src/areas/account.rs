//! Whose account it is, its plan and its keys.

use super::handlers;
use crate::{
    answer::{Answer, Refusal},
    renders::BILLED,
    server::Call,
    store::{Filter, Order},
    uid,
};
use axum::http::StatusCode;
use jiff::{ToSpan, tz::TimeZone};
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

/// How many renders the plan has in a month.
const MONTHLY_LIMIT: u64 = 10_000;

fn user(_: &Call) -> Answer {
    Ok(json!({"user": {"email": "dev@example.com", "currentPlan": "standard", "isEmailVerified": true}}).into())
}

fn plan(call: &Call) -> Answer {
    let month = call.service.now().to_zoned_datetime(TimeZone::UTC).first_of_month();
    let start = month.and_then(|day| day.start_of_day()).map_err(|error| Refusal::internal(error.to_string()))?;
    let next = start.checked_add(1.month()).map_err(|error| Refusal::internal(error.to_string()))?;
    let since = format!("{:.3}", start.timestamp());
    let billed = call.service.store.all(BILLED, &Filter::default(), Order::Newest)?;
    let of_month = billed.iter().filter(|entry| entry["at"].as_str().is_some_and(|at| *at >= *since));
    let count: u64 = of_month.filter_map(|entry| entry["renders"].as_u64()).sum();
    Ok(json!({
        "monthlyLimit": MONTHLY_LIMIT,
        "hasExceededMonthlyLimit": count >= MONTHLY_LIMIT,
        "usage": {"count": count},
        "nextReset": format!("{:.3}", next.timestamp()),
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
