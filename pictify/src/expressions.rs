//! The language of the variables in canvas templates.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.expressions()`](crate::Client::expressions).
    Expressions
}
