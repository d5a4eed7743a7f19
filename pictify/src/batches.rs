//! One template, many sets of variables.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.batches()`](crate::Client::batches).
    Batches
}
