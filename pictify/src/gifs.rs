//! Animated GIFs from HTML, a live page or a template.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.gifs()`](crate::Client::gifs).
    Gifs
}
