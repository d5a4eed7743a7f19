//! The pages in a browser: accessibility, errors and missing files in every view, and the editor as people use it.

use crate::support::{get, ok, post, receiver::Receiver, sample_data::SampleData};
use base64::{Engine, engine::general_purpose::STANDARD};
use chromiumoxide::{
    Browser, BrowserConfig, Page,
    cdp::{
        browser_protocol::{
            emulation::{MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams},
            log::EventEntryAdded,
            network::EventResponseReceived,
            page::{CaptureScreenshotFormat, CaptureScreenshotParams, Viewport},
        },
        js_protocol::runtime::EventExceptionThrown,
    },
};
use futures_util::StreamExt;
use pictify_emulator::Emulator;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};
use test_requirements::environment::{install, install_npm};

/// Widths of the window, in pixels.
const WIDTHS: [u32; 2] = [390, 1400];

/// Rules of axe that are checked: all of the Web Content Accessibility Guidelines 2.2, levels A and AA, and good practice.
const AXE_OPTIONS: &str =
    "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations']}";

/// Source of axe, which npm installs into the target folder. npm comes with node.js in a virtual environment of Python.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/axe");
    let target = target_folder("axe");
    let npm_files = ["package.json", "package-lock.json", ".npmrc"].map(|file| source.join(file));
    install(&target, &source.join("requirements.txt"), &npm_files, |target| install_npm(target, &npm_files));
    std::fs::read_to_string(target.join("node_modules/axe-core/axe.min.js")).unwrap()
});

/// Creates a folder in the target folder.
fn target_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn browser(folder: &Path) -> Browser {
    let config = BrowserConfig::builder().user_data_dir(folder).no_sandbox().viewport(None).window_size(1400, 1000);
    let config = config.args(["disable-gpu", "disable-background-networking", "disable-component-update"]);
    let (browser, mut events) = Browser::launch(config.build().unwrap()).await.unwrap();
    tokio::spawn(async move { while events.next().await.is_some() {} });
    browser
}

/// Waits until a script returns true.
async fn until(page: &Page, script: &str) {
    let found = async {
        // A page that is just being replaced has no context to evaluate in.
        while !page.evaluate(script).await.is_ok_and(|found| found.into_value::<bool>().unwrap_or(false)) {
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), found).await;
    if found.is_err() {
        let text = page.evaluate("document.body.innerText").await.unwrap().into_value::<String>().unwrap_or_default();
        panic!("never: {script}\n{text}");
    }
}

/// Collects the errors of a page: failed requests, exceptions, and messages of the console.
async fn collect_errors(page: &Page) -> Arc<Mutex<Vec<String>>> {
    let errors = Arc::new(Mutex::new(Vec::new()));
    page.enable_log().await.unwrap();
    let (log, thrown, responses) = (
        page.event_listener::<EventEntryAdded>().await.unwrap(),
        page.event_listener::<EventExceptionThrown>().await.unwrap(),
        page.event_listener::<EventResponseReceived>().await.unwrap(),
    );
    let log = log.map(|event| Some(format!("{}: {:?}", event.entry.text, event.entry.url)));
    let thrown = thrown.map(|event| Some(format!("{:?}", event.exception_details)));
    let responses = responses.map(|event| {
        (event.response.status >= 400).then(|| format!("{} {}", event.response.status, event.response.url))
    });
    let mut all =
        futures_util::stream::select(futures_util::stream::select(log.boxed(), thrown.boxed()), responses.boxed());
    let collected = errors.clone();
    tokio::spawn(async move {
        while let Some(error) = all.next().await {
            collected.lock().unwrap().extend(error);
        }
    });
    errors
}

async fn set_size_and_theme(page: &Page, width: u32, theme: &str) {
    let size =
        SetDeviceMetricsOverrideParams::builder().width(width).height(900).device_scale_factor(1.0).mobile(false);
    page.execute(size.build().unwrap()).await.unwrap();
    let feature = MediaFeature::new("prefers-color-scheme", theme);
    page.execute(SetEmulatedMediaParams::builder().feature(feature).build()).await.unwrap();
}

/// Loads a view and waits for its images.
async fn open(page: &Page, address: &str) {
    page.goto(address).await.unwrap();
    until(page, "document.readyState === 'complete'").await;
    page.evaluate("document.querySelectorAll('img').forEach((image) => (image.loading = 'eager'))").await.unwrap();
    until(page, "[...document.images].every((image) => !image.src || image.complete)").await;
    if address.contains("/templates/") {
        until(page, "![...document.images].some((image) => !image.src && image.checkVisibility())").await;
    }
}

/// Returns the findings of axe, a line each.
async fn findings(page: &Page) -> Vec<String> {
    page.evaluate(AXE.as_str()).await.unwrap();
    let run = format!("axe.run(document, {AXE_OPTIONS}).then((found) => found.violations)");
    let violations = page.evaluate(run).await.unwrap().into_value::<Value>().unwrap();
    let line = |violation: &Value| {
        let nodes = violation["nodes"].as_array().unwrap().iter();
        let nodes: Vec<_> = nodes.map(|node| format!("\n    {} {}", node["html"], node["any"][0]["message"])).collect();
        format!("{}: {}{}", violation["id"].as_str().unwrap(), violation["help"].as_str().unwrap(), nodes.concat())
    };
    violations.as_array().unwrap().iter().map(line).collect()
}

/// Keeps an image of the page in the target folder, for people to look at.
async fn keep_screenshot(page: &Page, name: &str) {
    let height = page.evaluate("document.documentElement.scrollHeight").await.unwrap().into_value::<f64>().unwrap();
    let width = page.evaluate("innerWidth").await.unwrap().into_value::<f64>().unwrap();
    let clip = Viewport { x: 0.0, y: 0.0, width, height: height.min(4000.0), scale: 1.0 };
    let screenshot = CaptureScreenshotParams::builder()
        .format(CaptureScreenshotFormat::Png)
        .clip(clip)
        .capture_beyond_viewport(true)
        .build();
    let screenshot = page.execute(screenshot).await.unwrap().result.data;
    let bytes = STANDARD.decode(AsRef::<str>::as_ref(&screenshot)).unwrap();
    std::fs::write(target_folder("page-screenshots").join(format!("{name}.png")), bytes).unwrap();
}

#[tokio::test]
async fn every_view_is_accessible_and_complete_in_two_widths_and_both_themes() {
    if !test_requirements::require("chromium") || !test_requirements::require("python") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut browser = browser(folder.path()).await;
    let (empty, emulator) = (Emulator::start().await.unwrap(), Emulator::start().await.unwrap());
    let receiver = Receiver::accepting_all().await;
    let data = SampleData::create(&emulator, &receiver.url).await;
    let page = browser.new_page("about:blank").await.unwrap();
    let errors = collect_errors(&page).await;
    let mut all = Vec::new();
    for (name, path) in data.views() {
        for (server, state) in [(&emulator, "full"), (&empty, "empty")] {
            if state == "empty" && path.matches('/').count() > 3 && !path.ends_with("/new") {
                continue;
            }
            for width in WIDTHS {
                for theme in ["light", "dark"] {
                    set_size_and_theme(&page, width, theme).await;
                    open(&page, &format!("{}{path}", server.url())).await;
                    let view = format!("{name}-{state}-{width}-{theme}");
                    keep_screenshot(&page, &view).await;
                    all.extend(findings(&page).await.into_iter().map(|finding| format!("{view}: {finding}")));
                    let overflow = "document.documentElement.scrollWidth > innerWidth";
                    if page.evaluate(overflow).await.unwrap().into_value::<bool>().unwrap() {
                        all.push(format!("{view}: wider than the window"));
                    }
                    let failed = std::mem::take(&mut *errors.lock().unwrap());
                    all.extend(failed.into_iter().map(|error| format!("{view}: {error}")));
                }
            }
        }
    }
    browser.close().await.unwrap();
    browser.wait().await.unwrap();
    assert!(all.is_empty(), "{} findings:\n{}", all.len(), all.join("\n"));
}

#[tokio::test]
async fn a_template_is_made_changed_compared_rendered_and_its_delivery_is_sent_again() {
    if !test_requirements::require("chromium") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut browser = browser(folder.path()).await;
    let emulator = Emulator::start().await.unwrap();
    let mut receiver = Receiver::accepting_all().await;
    let subscription = json!({"event": "render.completed", "targetUrl": receiver.url});
    assert_eq!(post(&emulator, "/webhook-subscriptions", &subscription).await.status, 201);

    let page = browser.new_page(format!("{}/_emulator/ui/templates/new", emulator.url())).await.unwrap();
    let pixel = |x: u32, y: u32, colour: &str| {
        format!(
            "(() => {{ const image = document.getElementById('preview'); if (!image.complete || !image.naturalWidth) return false;
            const canvas = document.createElement('canvas'); canvas.width = 1; canvas.height = 1;
            const context = canvas.getContext('2d'); context.drawImage(image, {x}, {y}, 1, 1, 0, 0, 1, 1);
            return context.getImageData(0, 0, 1, 1).data.join() === '{colour}' }})()"
        )
    };
    // The example of a new template has a background of its own.
    until(&page, &pixel(1199, 5, "18,18,43,255")).await;
    let write = |source: &str| {
        format!(
            "(() => {{ const area = document.querySelector('textarea[name=source]'); area.value = {};
            area.dispatchEvent(new InputEvent('input', {{bubbles: true}})) }})()",
            Value::from(source)
        )
    };
    let source = "<body style='margin:0;background:{{background}}'>\n<p>{{headline}}</p>\n{{#each points}}<b>{{this}}</b>{{/each}}";
    page.evaluate(write(source)).await.unwrap();
    // A field appears for each variable that the source uses.
    until(&page, "['background', 'headline', 'points'].every((name) => document.getElementById(`value-${name}`))")
        .await;

    // The control follows the type, and a list that is no JSON has its error beside it.
    let choose = |name: &str, kind: &str| {
        format!(
            "(() => {{ const select = document.querySelector('select[aria-label=\"Type of {name}\"]'); select.value = '{kind}';
            select.dispatchEvent(new Event('change', {{bubbles: true}})) }})()"
        )
    };
    page.evaluate(choose("background", "color")).await.unwrap();
    page.evaluate(choose("points", "array")).await.unwrap();
    until(&page, "document.querySelector('input[type=color][aria-label^=background]') !== null").await;
    let type_into = async |selector: &str, text: &str| {
        page.find_element(selector).await.unwrap().click().await.unwrap().type_str(text).await.unwrap();
    };
    type_into("#value-background", "#00ff00").await;
    until(&page, &pixel(1199, 5, "0,255,0,255")).await;
    type_into("#value-points", "{\"a\": 1}").await;
    until(&page, "document.getElementById('value-points-error').textContent.includes('begin with [')").await;
    until(&page, "document.getElementById('validity').textContent === '1 error'").await;
    page.evaluate("document.getElementById('reset-values').click()").await.unwrap();
    until(&page, "document.getElementById('validity').textContent === 'valid'").await;

    page.evaluate("document.querySelector('input[name=name]').value = 'Poster'").await.unwrap();
    page.evaluate("document.getElementById('save').click()").await.unwrap();
    // The script fills the source, and listens from then on.
    until(&page, "document.title.startsWith('Poster') && document.querySelector('textarea[name=source]').value !== ''")
        .await;
    let template = ok(&emulator, "GET /templates", Value::Null).await["templates"][0].clone();
    assert_eq!((&template["name"], &template["variableDefinitions"][3]["type"]), (&json!("Poster"), &json!("color")));
    let uid = template["uid"].as_str().unwrap();

    // A change is shown before it is saved, and afterwards.
    page.evaluate(write(&source.replace("<p>", "<h1>"))).await.unwrap();
    until(&page, "document.getElementById('saved').textContent === 'not saved'").await;
    page.evaluate("document.getElementById('compare').click()").await.unwrap();
    until(&page, "document.querySelector('#comparison[open] .added')?.textContent.includes('<h1>')").await;
    until(&page, "document.getElementById('comparison-after').naturalWidth === 1200").await;
    page.evaluate("document.getElementById('comparison').close()").await.unwrap();
    page.evaluate("document.getElementById('save').click()").await.unwrap();
    until(&page, "document.getElementById('save')?.textContent === 'Save as version 3'").await;
    page.goto(format!("{}/_emulator/ui/templates/{uid}/changes", emulator.url())).await.unwrap();
    until(&page, "document.querySelector('.removed')?.textContent.includes('<p>{{headline}}')").await;
    until(&page, "[...document.querySelectorAll('.before-after img')].every((image) => image.naturalWidth === 1200)")
        .await;

    // Only the render is billed.
    assert_eq!(emulator.billed_renders(), 0);
    page.goto(format!("{}/_emulator/ui/templates/{uid}", emulator.url())).await.unwrap();
    until(&page, "document.getElementById('preview')?.naturalWidth === 1200").await;
    page.evaluate("document.getElementById('render').click()").await.unwrap();
    until(&page, "document.title.startsWith('Render ')").await;
    assert_eq!(emulator.billed_renders(), 1);
    receiver.next().await;

    // Every page shows what happens elsewhere.
    page.goto(format!("{}/_emulator/ui/webhooks", emulator.url())).await.unwrap();
    until(&page, "document.querySelectorAll('[data-live-part=deliveries] tbody tr').length === 1").await;
    post(&emulator, "/image", &json!({"html": "<p>x", "width": 20, "height": 20})).await;
    receiver.next().await;
    until(&page, "document.querySelectorAll('[data-live-part=deliveries] .tag.delivered').length === 2").await;
    page.evaluate("document.querySelector('[data-live-part=deliveries] tbody a').click()").await.unwrap();
    until(&page, "document.querySelectorAll('.attempts li').length === 1").await;
    page.evaluate("document.querySelector('form[action$=resend] button').click()").await.unwrap();
    receiver.next().await;
    until(&page, "document.querySelectorAll('.attempts .tag.ok').length === 2").await;
    assert_eq!(get(&emulator, "/_emulator/deliveries").await.json()["deliveries"].as_array().unwrap().len(), 2);

    // A request is sent again as it was, with its API key.
    page.goto(format!("{}/_emulator/ui/requests", emulator.url())).await.unwrap();
    until(&page, "document.querySelector('[data-live-part=requests] tbody a')?.textContent === 'POST /image'").await;
    page.evaluate("document.querySelector('[data-live-part=requests] tbody a').click()").await.unwrap();
    until(&page, "document.querySelector('[data-replay]') !== null").await;
    page.evaluate("document.querySelector('[data-replay]').click()").await.unwrap();
    receiver.next().await;
    assert_eq!(emulator.billed_renders(), 3);

    browser.close().await.unwrap();
    browser.wait().await.unwrap();
    emulator.shutdown().await;
}
