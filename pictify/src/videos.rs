//! Video templates and renders.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.videos()`](crate::Client::videos).
    Videos
}
