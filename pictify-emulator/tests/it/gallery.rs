//! Pages of the kind that people make, and how they are drawn. `PICTIFY_UPDATE_PICTURES=1` draws them anew; then look at
//! them before you commit them.

use pictify_emulator::render::{Embedded, Format, Page, RenderedImage, Renderer};
use std::{fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("gallery")
}

/// The pages by name, each with its size, which its first line says.
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

fn draw(page: &Page) -> RenderedImage {
    // Layout wants more room than a test's thread has.
    let page = page.clone();
    let thread = std::thread::Builder::new().stack_size(64 * 1024 * 1024);
    thread.spawn(move || Embedded::new().render(&page).unwrap()).unwrap().join().unwrap()
}

#[test]
fn every_page_is_drawn_as_it_was_when_somebody_looked() {
    let pages = pages();
    assert_eq!(pages.len(), 12);
    let update = std::env::var_os("PICTIFY_UPDATE_PICTURES").is_some();
    let mut other = Vec::new();
    for (name, page) in pages {
        let file = folder().join(format!("{name}.png"));
        let drawn = draw(&page);
        if update {
            fs::write(&file, &drawn.bytes).unwrap();
            continue;
        }
        let [drawn, stored] = [drawn.bytes, fs::read(&file).unwrap()].map(|bytes| {
            let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
            assert_eq!((picture.width(), picture.height()), (page.width, page.height), "{name}");
            picture
        });
        // Other processors may round another way; what a person would see is another thing.
        let far = drawn.as_raw().iter().zip(stored.as_raw()).filter(|(one, other)| one.abs_diff(**other) > 8).count();
        if far > drawn.as_raw().len() / 1000 {
            other.push(format!("{name}: {far} of {} values differ", drawn.as_raw().len()));
        }
    }
    assert!(other.is_empty(), "{other:#?}");
}

#[test]
fn the_document_shows_every_page_by_both_engines() {
    let text = fs::read_to_string(folder().join("README.md")).unwrap();
    for (name, _) in pages() {
        for picture in [format!("{name}.png"), format!("chromium/{name}.png")] {
            assert!(text.contains(&format!("({picture})")), "{picture} is not shown");
            assert!(folder().join(&picture).is_file(), "{picture} is not there");
        }
    }
}
