//! The HTML dashboard in a browser.

use crate::support::{create, get, post, receiver::Receiver};
use chromiumoxide::{
    Browser, BrowserConfig, Page,
    cdp::browser_protocol::page::{CaptureScreenshotFormat, CaptureScreenshotParams},
};
use futures_util::StreamExt;
use pictify_emulator::Emulator;
use serde_json::json;
use std::time::Duration;

async fn browser(folder: &std::path::Path) -> Option<Browser> {
    if !test_requirements::require("chromium") {
        return None;
    }
    let config = BrowserConfig::builder().user_data_dir(folder).no_sandbox().viewport(None).window_size(1100, 1600);
    let config = config.args(["disable-gpu", "disable-background-networking", "disable-component-update"]);
    let config = config.build().unwrap();
    let (browser, mut events) = Browser::launch(config).await.unwrap();
    tokio::spawn(async move { while events.next().await.is_some() {} });
    Some(browser)
}

/// Waits until a script returns true.
async fn until(page: &Page, script: &str) {
    let found = async {
        while !page.evaluate(script).await.unwrap().into_value::<bool>().unwrap_or(false) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), found).await.unwrap_or_else(|_| panic!("never: {script}"));
}

#[tokio::test]
async fn previews_update_while_typing_and_deliveries_can_be_resent() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut browser) = browser(folder.path()).await else { return };
    let emulator = Emulator::start().await.unwrap();
    let mut receiver = Receiver::accepting_all().await;
    let subscription = json!({"event": "render.completed", "targetUrl": receiver.url});
    assert_eq!(post(&emulator, "/webhook-subscriptions", &subscription).await.status, 201);
    create(&emulator, "<h1 style='color:#667eea'>Hello", 600, 315).await;
    receiver.next().await;
    let template = json!({
        "name": "Card", "width": 600, "height": 315,
        "html": "<body style='margin:0;background:{{colour}};color:white;font:48px sans-serif'>{{name}}",
        "variableDefinitions": [{"name": "name", "defaultValue": "Ada"}, {"name": "colour", "defaultValue": "#667eea"}],
    });
    let template =
        post(&emulator, "/templates", &template).await.json()["template"]["uid"].as_str().unwrap().to_owned();
    let batch = json!({"variableSets": [{"name": "Grace"}, {"name": "Ada"}, {"name": "Edsger"}]});
    assert_eq!(post(&emulator, &format!("/templates/{template}/batch-render"), &batch).await.status, 202);
    for _ in 0..3 {
        receiver.next().await;
    }

    let page = browser.new_page(emulator.url()).await.unwrap();
    until(&page, "document.querySelector('.template img').complete && document.images.length >= 5").await;
    page.find_element("input[name=colour]").await.unwrap().click().await.unwrap().type_str("#00ff00").await.unwrap();
    until(&page, "document.querySelector('.template img').src.includes('colour=%2300ff00')").await;
    let pixel = "(() => { const image = document.querySelector('.template img'); if (!image.complete) return false;
        const canvas = document.createElement('canvas'); canvas.width = 1; canvas.height = 1;
        const context = canvas.getContext('2d'); context.drawImage(image, 599, 314, 1, 1, 0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data.join() === '0,255,0,255' })()";
    until(&page, pixel).await;
    until(&page, "document.querySelector('progress').value === 3").await;

    page.find_element("#deliveries details summary").await.unwrap().click().await.unwrap();
    page.find_element("#deliveries details button").await.unwrap().click().await.unwrap();
    receiver.next().await;
    until(&page, "document.querySelectorAll('#deliveries details li').length === 5").await;
    assert_eq!(get(&emulator, "/_emulator/deliveries").await.json()["deliveries"].as_array().unwrap().len(), 4);

    let rendered = CaptureScreenshotParams::builder().format(CaptureScreenshotFormat::Png).build();
    let rendered = page.execute(rendered).await.unwrap().result.data;
    if let Some(path) = std::env::var_os("PICTIFY_DASHBOARD_SCREENSHOT") {
        use base64::{Engine, engine::general_purpose::STANDARD};
        std::fs::write(path, STANDARD.decode(AsRef::<str>::as_ref(&rendered)).unwrap()).unwrap();
    }
    browser.close().await.unwrap();
    browser.wait().await.unwrap();
    emulator.shutdown().await;
}
