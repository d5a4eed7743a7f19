use crate::contract::{Row, row};
use pictify::{pdfs::PdfPreset, renders::RenderFormatFilter};
use serde_json::json;

const TEMPLATE: &str = "XK4P2M9QZT";

pub fn rows() -> Vec<Row> {
    vec![
        row("renderPdf", |client| {
            let items = [json!({"name": "Service", "price": 99.0})];
            let invoice = json!({"invoiceNumber": "INV-001", "items": items, "total": 99.0});
            let call = client.pdfs().render(TEMPLATE, &invoice).unwrap().preset(PdfPreset::A4);
            call.margins_each_px(40.0, 30.0, 40.0, 30.0).title("Invoice INV-001")
        }),
        row("renderMultiPagePdf", |client| {
            let pages = ["Introduction", "Analysis", "Conclusion"].map(|title| json!({"pageTitle": title}));
            client.pdfs().render_pages(TEMPLATE, pages).unwrap().size_px(800, 600).landscape(true).scale(0.5)
        }),
        row("getPdfPresets", |client| client.pdfs().presets()),
        row("listRenders", |client| {
            let call = client.renders().list().format(RenderFormatFilter::All).template(TEMPLATE).source("api");
            call.limit(24).offset(0)
        }),
    ]
}
