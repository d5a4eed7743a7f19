//! Who the key belongs to, plans and keys.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.account()`](crate::Client::account).
    Account
}
