//! Pictures that follow a source of data.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.bindings()`](crate::Client::bindings).
    Bindings
}
