//! Counting for experiments.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.events()`](crate::Client::events).
    Events
}
