//! Rendered files, whatever they hold.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.media()`](crate::Client::media).
    Media
}
