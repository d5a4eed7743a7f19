//! The areas of the API, as methods of either client.

use crate::{Client, images::Images};

/// Gives both clients the same areas.
macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident: $type:ident,)*) => {
        impl Client {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> $type<Self> { $type::new(self) })*
        }

        #[cfg(feature = "blocking")]
        impl crate::blocking::Client {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> $type<Self> { $type::new(self) })*
        }
    };
}

resources! {
    /// One picture from HTML, a live page or a template.
    images: Images,
}
