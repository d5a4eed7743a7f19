//! A state for each API key: tests that run side by side with keys of their own do not see each other's data.
//!
//! The first request with a key creates its state: a key in the header `X-Emulator-Key`, or in `Authorization`. A request without a key belongs to the state that has its file or its link. All other requests
//! have the common state of the server.

use super::{ServerState, access, routes};
use crate::{
    bindings::Binding,
    context::{AppState, MEDIA, bearer_key},
    experiments::SlugOwner,
    query_string::query_pairs,
    snapshots,
    store::{Document, Store, StoreError},
    workflows::WorkflowHook,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::Response,
    middleware::from_fn_with_state,
};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tower::ServiceExt;

/// Maximum number of states. A new one replaces the one that was not used for longest.
const MAX_STATES: usize = 256;

/// Maximum number of segments of a path that are searched for the ID of a link.
const MAX_LINK_SEGMENTS: usize = 8;

/// Request header that names the API key of a state.
const KEY_HEADER: &str = "x-emulator-key";

/// States by API key.
pub(crate) struct IsolatedStates {
    common: ServerState,
    common_router: Router,
    by_key: Mutex<States>,
}

#[derive(Default)]
struct States {
    by_key: HashMap<String, IsolatedState>,
    /// Number of uses so far.
    uses: u64,
}

struct IsolatedState {
    app: Arc<AppState>,
    router: Router,
    /// Number of its last use.
    last_use: u64,
}

impl fmt::Debug for IsolatedStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // API keys must not appear in logs.
        f.debug_struct("IsolatedStates").field("states", &self.lock().by_key.len()).finish_non_exhaustive()
    }
}

/// Returns the service for all requests to a server that isolates API keys.
pub(crate) fn router(states: Arc<IsolatedStates>) -> Router {
    // Before a state is created: pages of other sites must not use up the states.
    let check_host = from_fn_with_state(states.common.clone(), access::check_host);
    Router::new().fallback(dispatch).layer(check_host).with_state(states)
}

/// Passes a request to the router of its state.
async fn dispatch(State(states): State<Arc<IsolatedStates>>, request: Request) -> Response<Body> {
    match states.router(&request) {
        Ok(router) => match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Err(error) => states.common.error_response(error.into(), &request),
    }
}

impl IsolatedStates {
    pub(crate) fn new(common: ServerState) -> Self {
        Self { common_router: routes::router(common.clone()), common, by_key: Mutex::default() }
    }

    /// Returns the state of an API key, which is created if needed.
    pub(crate) fn of_key(&self, key: &str) -> Result<Arc<AppState>, StoreError> {
        let mut states = self.lock();
        states.uses += 1;
        let uses = states.uses;
        if let Some(state) = states.by_key.get_mut(key) {
            state.last_use = uses;
            return Ok(state.app.clone());
        }
        if states.by_key.len() >= MAX_STATES {
            states.remove_least_used();
        }
        let app = self.common.app.isolated()?;
        snapshots::insert_initial_data(&app)?;
        let router = routes::router(self.common.with_app(app.clone()));
        states.by_key.insert(key.to_owned(), IsolatedState { app: app.clone(), router, last_use: uses });
        Ok(app)
    }

    /// Ends the event streams of all states.
    pub(crate) fn close_events(&self) {
        for state in self.lock().by_key.values() {
            state.app.events.close();
        }
    }

    /// Returns the router for a request.
    fn router(&self, request: &Request) -> Result<Router, StoreError> {
        let (headers, path) = (request.headers(), request.uri().path());
        let named = headers.get(KEY_HEADER).and_then(|key| key.to_str().ok());
        let key = named.or_else(|| bearer_key(headers)).filter(|key| self.common.app.is_known_key(key));
        if let Some(key) = key {
            self.of_key(key)?;
        }
        let states = self.lock();
        // A key in the query string creates no state, because a page of another site can send it.
        let token = query_pairs(request.uri().query().unwrap_or_default()).find(|(name, _)| name == "token");
        let token = token.map(|(_, token)| token);
        if let Some(state) = key.or(token.as_deref()).and_then(|key| states.by_key.get(key)) {
            return Ok(state.router.clone());
        }
        if key.is_none() && !owns(&self.common.app.store, path)? {
            for state in states.by_key.values() {
                if owns(&state.app.store, path)? {
                    return Ok(state.router.clone());
                }
            }
        }
        Ok(self.common_router.clone())
    }

    fn lock(&self) -> MutexGuard<'_, States> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    fn remove_least_used(&mut self) {
        let least = self.by_key.iter().min_by_key(|(_, state)| state.last_use).map(|(key, _)| key.clone());
        if let Some(state) = least.and_then(|key| self.by_key.remove(&key)) {
            state.app.events.close();
            state.app.stop();
            // Frees the memory of its files. If this fails, they leave when they are the oldest.
            let _ = state.app.store.clear();
        }
    }
}

/// Returns true if a store has the file, or the document of the link, at a path.
fn owns(store: &Store, path: &str) -> Result<bool, StoreError> {
    if let Some(name) = path.strip_prefix(MEDIA) {
        return store.has_file(name);
    }
    for segment in path.split('/').filter(|segment| !segment.is_empty()).take(MAX_LINK_SEGMENTS) {
        let id = segment.split_once('.').map_or(segment, |(id, _)| id);
        for kind in [Binding::KIND, SlugOwner::KIND, WorkflowHook::KIND] {
            if store.get(kind, id)?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
