//! Invoices as PDF: a file with one page, and a file with one page for each set of values.
//!
//! `cargo run --example invoice_pdf`, with `PICTIFY_API_KEY` set.

use pictify::{Client, Result, pdfs::PdfPreset};
use std::path::Path;

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Invoice {
    invoice_number: String,
    total: f64,
}

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let template = "XK4P2M9QZT";
    let invoice = Invoice { invoice_number: "INV-001".to_owned(), total: 99.0 };
    let pdf = client.pdfs().render(template, &invoice).preset(PdfPreset::A4).margins_px(40.0).send().await?;
    client.download(&pdf).to_file(folder.join("invoice.pdf")).await?;

    let months = (1..=3).map(|month| Invoice { invoice_number: format!("INV-{month:03}"), total: 99.0 });
    let year = client.pdfs().render_pages(template, months).preset(PdfPreset::A4).title("2026").send().await?;
    println!("{}", year.url);
    // The service may leave out the number of pages.
    if let Some(pages) = year.page_count {
        println!("{pages} pages");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
