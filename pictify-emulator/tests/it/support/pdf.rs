//! What is on the pages of a PDF, in points from the lower left.

use super::{Answer, file_path, get};
use lopdf::{Document, Object, content::Content};
use pictify_emulator::Emulator;

/// The file that a render answered with.
pub async fn pdf(emulator: &Emulator, answer: &Answer) -> Document {
    let file = get(emulator, &file_path(emulator, answer)).await;
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/pdf")));
    Document::load_mem(&file.body).unwrap()
}

/// The size of each page.
pub fn sizes(pdf: &Document) -> Vec<(f32, f32)> {
    let size = |page| {
        let corners = numbers(pdf.get_dictionary(page).unwrap().get(b"MediaBox").unwrap().as_array().unwrap());
        (corners[2] - corners[0], corners[3] - corners[1])
    };
    pdf.get_pages().into_values().map(size).collect()
}

/// The words of a page, the first of which is 1.
pub fn words(pdf: &Document, page: u32) -> String {
    pdf.extract_text(&[page]).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many pictures a page has.
pub fn pictures(pdf: &Document, page: u32) -> usize {
    pdf.get_page_images(pdf.get_pages()[&page]).unwrap().len()
}

/// Where a link of the first page is: left, bottom, right, top.
pub fn link(pdf: &Document) -> Vec<f32> {
    let annotations = pdf.get_page_annotations(pdf.get_pages()[&1]).unwrap();
    numbers(annotations[0].get(b"Rect").unwrap().as_array().unwrap())
}

/// The title that viewers show.
pub fn title(pdf: &Document) -> Option<String> {
    let about = pdf.get_dictionary(pdf.trailer.get(b"Info").unwrap().as_reference().unwrap()).unwrap();
    about.get(b"Title").ok().map(|title| lopdf::decode_text_string(title).unwrap())
}

/// What is filled on the first page, as left, bottom, right, top.
pub fn blocks(pdf: &Document) -> Vec<[f32; 4]> {
    let content = pdf.get_page_content(pdf.get_pages()[&1]);
    let mut matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let (mut kept, mut path, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
    for operation in Content::decode(&content).unwrap().operations {
        let values = numbers(&operation.operands);
        match (operation.operator.as_str(), values.as_slice()) {
            ("q", _) => kept.push(matrix),
            ("Q", _) => matrix = kept.pop().unwrap(),
            ("cm", inner) => matrix = inside(matrix, inner.try_into().unwrap()),
            ("re", &[left, bottom, width, height]) => {
                path.extend([at(matrix, left, bottom), at(matrix, left + width, bottom + height)]);
            }
            ("m" | "l", &[x, y]) => path.push(at(matrix, x, y)),
            ("n" | "S", _) => path.clear(),
            ("f" | "f*", _) => blocks.push(around(path.drain(..))),
            _ => {}
        }
    }
    blocks
}

fn around(points: impl Iterator<Item = [f32; 2]>) -> [f32; 4] {
    points.fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |[left, bottom, right, top], [x, y]| {
        [left.min(x), bottom.min(y), right.max(x), top.max(y)]
    })
}

/// Whether each is within half a point.
pub fn near(found: &[f32], expected: &[f32]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.5)
}

/// A matrix within another.
fn inside(outer: [f32; 6], inner: [f32; 6]) -> [f32; 6] {
    let origin = at(outer, 0.0, 0.0);
    let turned = |x, y| {
        let [to_x, to_y] = at(outer, x, y);
        [to_x - origin[0], to_y - origin[1]]
    };
    let [[xx, xy], [yx, yy]] = [turned(inner[0], inner[1]), turned(inner[2], inner[3])];
    let [x, y] = at(outer, inner[4], inner[5]);
    [xx, xy, yx, yy, x, y]
}

fn at(matrix: [f32; 6], x: f32, y: f32) -> [f32; 2] {
    [matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]]
}

fn numbers(of: &[Object]) -> Vec<f32> {
    of.iter().filter_map(|number| number.as_float().ok()).collect()
}
