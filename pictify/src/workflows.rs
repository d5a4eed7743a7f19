//! Documents for every row, delivered.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.workflows()`](crate::Client::workflows).
    Workflows
}
