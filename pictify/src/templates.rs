//! Designs with variables, stored and rendered.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.templates()`](crate::Client::templates).
    Templates
}
