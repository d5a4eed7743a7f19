//! Being told what happened: subscriptions to events.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.webhooks()`](crate::Client::webhooks).
    Webhooks
}
