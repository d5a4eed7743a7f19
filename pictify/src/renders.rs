//! Everything that the account has rendered.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.renders()`](crate::Client::renders).
    Renders
}
