//! Comparison of the pages of the gallery with their stored images. `PICTIFY_UPDATE_IMAGES=1` renders and stores the images
//! again. Look at them before you commit them.

use pictify_emulator::render::{Embedded, Format, Page, RenderedImage, Renderer};
use std::{fs, path::PathBuf};

fn folder() -> PathBuf {
    // Read at run time, because two clones may share a target directory.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    PathBuf::from(package).join("gallery")
}

/// Returns the pages with their names. The first line of each file contains the size.
fn pages() -> Vec<(String, Page)> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let mut pages: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|end| end == "html"))
        .map(|file| {
            let html = fs::read_to_string(&file).unwrap();
            let size = html.strip_prefix("<!-- ").and_then(|rest| rest.split(' ').next()).unwrap();
            let (width, height) = size.split_once('x').unwrap();
            let (width, height) = (width.parse().unwrap(), height.parse().unwrap());
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, Page { html, width, height, format: Format::Png, ..Page::default() })
        })
        .collect();
    pages.sort_by(|one, other| one.0.cmp(&other.0));
    pages
}

fn render(page: &Page) -> RenderedImage {
    // Layout needs a larger stack than that of a test thread.
    let page = page.clone();
    let thread = std::thread::Builder::new().stack_size(64 * 1024 * 1024);
    thread.spawn(move || Embedded::new().render(&page).unwrap()).unwrap().join().unwrap()
}

#[test]
fn every_page_renders_to_its_stored_image() {
    let pages = pages();
    assert_eq!(pages.len(), 12);
    let update = std::env::var_os("PICTIFY_UPDATE_IMAGES").is_some();
    let mut differences = Vec::new();
    for (name, page) in pages {
        let file = folder().join(format!("{name}.png"));
        let rendered = render(&page);
        if update {
            fs::write(&file, &rendered.bytes).unwrap();
            continue;
        }
        let [rendered, stored] = [rendered.bytes, fs::read(&file).unwrap()].map(|bytes| {
            let image = image::load_from_memory(&bytes).unwrap().to_rgb8();
            assert_eq!((image.width(), image.height()), (page.width, page.height), "{name}");
            image
        });
        // Processors round differently, so differences that are not visible are allowed.
        let (rendered, stored) = (rendered.as_raw(), stored.as_raw());
        let different = rendered.iter().zip(stored).filter(|(one, other)| one.abs_diff(**other) > 8).count();
        if different > rendered.len() / 1000 {
            differences.push(format!("{name}: {different} of {} values differ", rendered.len()));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_readme_shows_the_images_of_both_engines() {
    let text = fs::read_to_string(folder().join("README.md")).unwrap();
    for (name, _) in pages() {
        for image in [format!("{name}.png"), format!("chromium/{name}.png")] {
            assert!(text.contains(&format!("({image})")), "{image} is not in the README");
            assert!(folder().join(&image).is_file(), "{image} does not exist");
        }
    }
}
