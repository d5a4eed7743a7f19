//! Which picture works better.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.experiments()`](crate::Client::experiments).
    Experiments
}
