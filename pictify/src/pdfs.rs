//! PDFs from templates, with one page or many.

use crate::resources::resource;

resource! {
    /// The operations of this area: [`client.pdfs()`](crate::Client::pdfs).
    Pdfs
}
