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
    let content = pdf.get_page_content(pdf.get_pages()[&1]).unwrap();
    let (mut matrix, mut kept, mut path, mut blocks) =
        ([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], Vec::new(), Vec::new(), Vec::new());
    for operation in Content::decode(&content).unwrap().operations {
        let values = numbers(&operation.operands);
        match (operation.operator.as_str(), values.as_slice()) {
            ("q", _) => kept.push(matrix),
            ("Q", _) => matrix = kept.pop().unwrap(),
            ("cm", &[a, b, c, d, e, f]) => {
                let (x, y) = at(matrix, e, f);
                let [m, n, o, p, ..] = matrix;
                matrix = [a * m + b * o, a * n + b * p, c * m + d * o, c * n + d * p, x, y];
            }
            ("re", &[x, y, width, height]) => path.extend([at(matrix, x, y), at(matrix, x + width, y + height)]),
            ("m" | "l", &[x, y]) => path.push(at(matrix, x, y)),
            ("n" | "S", _) => path.clear(),
            ("f" | "f*", _) => {
                let around = |block: [f32; 4], (x, y): (f32, f32)| {
                    [block[0].min(x), block[1].min(y), block[2].max(x), block[3].max(y)]
                };
                let none = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
                blocks.push(path.drain(..).fold(none, around));
            }
            _ => {}
        }
    }
    blocks
}

/// Whether each is within half a point.
pub fn near(found: &[f32], expected: &[f32]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.5)
}

fn at([a, b, c, d, e, f]: [f32; 6], x: f32, y: f32) -> (f32, f32) {
    (a * x + c * y + e, b * x + d * y + f)
}

fn numbers(of: &[Object]) -> Vec<f32> {
    of.iter().filter_map(|number| number.as_float().ok()).collect()
}
