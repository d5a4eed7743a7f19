//! Access to the content of PDF files. Coordinates are in points from the lower left corner.

use super::{Response, file_path, get};
use lopdf::{Document, Object, content::Content};
use pictify_emulator::Emulator;

/// Downloads and parses the PDF of a render response.
pub async fn pdf(emulator: &Emulator, response: &Response) -> Document {
    let file = get(emulator, &file_path(emulator, response)).await;
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/pdf")));
    Document::load_mem(&file.body).unwrap()
}

/// Returns the size of each page.
pub fn sizes(pdf: &Document) -> Vec<(f32, f32)> {
    let size = |page| {
        let corners = numbers(pdf.get_dictionary(page).unwrap().get(b"MediaBox").unwrap().as_array().unwrap());
        (corners[2] - corners[0], corners[3] - corners[1])
    };
    pdf.get_pages().into_values().map(size).collect()
}

/// Returns the text of a page with single spaces. The first page has the number 1.
pub fn text(pdf: &Document, page: u32) -> String {
    pdf.extract_text(&[page]).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the number of images on a page.
pub fn image_count(pdf: &Document, page: u32) -> usize {
    pdf.get_page_images(pdf.get_pages()[&page]).unwrap().len()
}

/// Returns the rectangle of the first link of the first page: left, bottom, right, top.
pub fn link_rect(pdf: &Document) -> Vec<f32> {
    let annotations = pdf.get_page_annotations(pdf.get_pages()[&1]).unwrap();
    numbers(annotations[0].get(b"Rect").unwrap().as_array().unwrap())
}

/// Returns the title in the metadata.
pub fn title(pdf: &Document) -> Option<String> {
    let info = pdf.get_dictionary(pdf.trailer.get(b"Info").unwrap().as_reference().unwrap()).unwrap();
    info.get(b"Title").ok().map(|title| lopdf::decode_text_string(title).unwrap())
}

/// Returns the bounding boxes of all filled shapes of the first page: left, bottom, right, top.
pub fn filled_rects(pdf: &Document) -> Vec<[f32; 4]> {
    let content = pdf.get_page_content(pdf.get_pages()[&1]);
    let mut matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let (mut saved, mut path, mut rects) = (Vec::new(), Vec::new(), Vec::new());
    for operation in Content::decode(&content).unwrap().operations {
        let values = numbers(&operation.operands);
        match (operation.operator.as_str(), values.as_slice()) {
            ("q", _) => saved.push(matrix),
            ("Q", _) => matrix = saved.pop().unwrap(),
            ("cm", inner) => matrix = multiply(matrix, inner.try_into().unwrap()),
            ("re", &[left, bottom, width, height]) => {
                path.extend([apply(matrix, left, bottom), apply(matrix, left + width, bottom + height)]);
            }
            ("m" | "l", &[x, y]) => path.push(apply(matrix, x, y)),
            ("n" | "S", _) => path.clear(),
            ("f" | "f*", _) => rects.push(bounding_box(path.drain(..))),
            _ => {}
        }
    }
    rects
}

fn bounding_box(points: impl Iterator<Item = [f32; 2]>) -> [f32; 4] {
    points.fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |[left, bottom, right, top], [x, y]| {
        [left.min(x), bottom.min(y), right.max(x), top.max(y)]
    })
}

/// Returns `true` if all numbers differ by less than half a point.
pub fn near(found: &[f32], expected: &[f32]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.5)
}

/// Multiplies two matrices: the result applies `inner` first.
fn multiply(outer: [f32; 6], inner: [f32; 6]) -> [f32; 6] {
    let origin = apply(outer, 0.0, 0.0);
    let apply_linear = |x, y| {
        let [to_x, to_y] = apply(outer, x, y);
        [to_x - origin[0], to_y - origin[1]]
    };
    let [[xx, xy], [yx, yy]] = [apply_linear(inner[0], inner[1]), apply_linear(inner[2], inner[3])];
    let [x, y] = apply(outer, inner[4], inner[5]);
    [xx, xy, yx, yy, x, y]
}

fn apply(matrix: [f32; 6], x: f32, y: f32) -> [f32; 2] {
    [matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]]
}

fn numbers(objects: &[Object]) -> Vec<f32> {
    objects.iter().filter_map(|number| number.as_float().ok()).collect()
}
