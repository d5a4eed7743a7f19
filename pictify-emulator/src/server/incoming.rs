//! A request for an operation: within the rules of the house, with the faults that are set, to its handler.

use super::{
    faulty::{Dropped, cut, late_and_wrong},
    reading::{query, read_body},
    replay::Replay,
    service::{Call, Service},
};
use crate::{
    answer::{Answer, Refusal},
    areas,
    contract::Operation,
    house,
};
use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, Response,
        header::{AUTHORIZATION, HOST},
        request::Parts,
    },
};
use bytes::Bytes;
use std::{collections::BTreeMap, sync::Arc};

/// A request for an operation, before anything of it is looked at.
pub(super) struct Incoming<'a> {
    pub(super) service: Arc<Service>,
    pub(super) operation: &'static Operation,
    pub(super) path: BTreeMap<String, String>,
    pub(super) parts: Parts,
    pub(super) body: Result<Bytes, Refusal>,
    pub(super) request_id: &'a str,
}

impl Incoming<'_> {
    /// Does what is asked, within the rules of the house, and with the faults that are set.
    pub(super) async fn answer(self) -> Result<Response<Body>, Dropped> {
        let service = self.service.clone();
        let standing = service.rules.per_minute.map(|limit| {
            let key = self.parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
            service.windows.count(&String::from_utf8_lossy(key), limit, service.now())
        });
        let fault = service.faults.next(&self.operation.id);
        let (before, after) = match &fault {
            Some(fault) if fault.is_after_work() => (None, Some(fault)),
            fault => (fault.as_ref(), None),
        };
        let wait = standing.and_then(|standing| standing.wait);
        let mut response = match (late_and_wrong(before).await?, wait) {
            (Some(wrong), _) => wrong,
            (None, Some(wait)) => service.refuse(house::too_soon(wait), self.parts.uri.path(), self.request_id),
            (None, None) => {
                let (path, request_id) = (self.parts.uri.path().to_owned(), self.request_id);
                service.respond(self.call().await, &path, request_id)
            }
        };
        if let Some(wrong) = late_and_wrong(after).await? {
            response = wrong;
        }
        if let Some(bytes) = fault.and_then(|fault| fault.cut_after()) {
            response = cut(response, bytes).await;
        }
        for (name, value) in standing.into_iter().flat_map(house::Standing::headers) {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        Ok(response)
    }

    async fn call(self) -> Answer {
        let Self { service, operation, path, parts, body, request_id } = self;
        let query = query(operation, parts.uri.query().unwrap_or_default())?;
        service.check_key(operation, &parts.headers, &query)?;
        let body = read_body(operation, &parts, body)?;
        let Some(handler) = areas::handler(&operation.id) else {
            // A test holds that each operation has one.
            return Err(Refusal::internal(format!("{} has no handler", operation.id)));
        };
        let base = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let base = base.map_or_else(|| service.url.clone(), |host| format!("http://{host}"));
        let (headers, request_id) = (parts.headers, request_id.to_owned());
        let call = Call { service, operation, path, query, body, headers, base, request_id };
        let service = call.service.clone();
        let again = if service.rules.replays { Replay::of(&call) } else { None };
        let _turn = match &again {
            Some(again) => Some(again.turn(&service).await),
            None => None,
        };
        if let Some(stored) = again.as_ref().and_then(|again| again.stored(&service)) {
            return Ok(stored);
        }
        if operation.is_billed && service.has_used_up() {
            return Err(house::used_up(operation));
        }
        let reply = handler(call).await?.checked(operation)?;
        if let Some(again) = again {
            again.store(&service, &reply)?;
        }
        Ok(reply)
    }
}
