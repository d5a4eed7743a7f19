//! Notification of changed documents.

use super::Store;
use serde_json::Value;
use std::sync::OnceLock;

/// Function that is called after each change, in the order of the changes. It must not use the store, which is locked.
type OnChange = Box<dyn Fn(&Change<'_>) + Send + Sync>;

/// Observer of changes, if there is one.
#[derive(Default)]
pub(super) struct Observer(OnceLock<OnChange>);

/// Change of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) kind: &'a str,
    pub(crate) id: &'a str,
    /// `created`, `updated` or `deleted`.
    pub(crate) name: &'static str,
    /// Document, if it is new.
    pub(crate) inserted: Option<&'a Value>,
}

impl Store {
    /// Sets the function that is called after each change of a document. Only the first call has an effect.
    pub(crate) fn observe(&self, observer: impl Fn(&Change<'_>) + Send + Sync + 'static) {
        // Fails if there is one already.
        let _ = self.observer.0.set(Box::new(observer));
    }

    pub(super) fn notify_inserted(&self, kind: &str, id: &str, body: &Value) {
        self.notify(&Change { kind, id, name: "created", inserted: Some(body) });
    }

    pub(super) fn notify_changed(&self, kind: &str, id: &str, name: &'static str) {
        self.notify(&Change { kind, id, name, inserted: None });
    }

    fn notify(&self, change: &Change<'_>) {
        if let Some(observer) = self.observer.0.get() {
            observer(change);
        }
    }
}
