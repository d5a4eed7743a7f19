//! URLs that answer with a picture.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.links()`](crate::Client::links).
    Links
}
