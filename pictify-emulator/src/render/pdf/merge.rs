//! Merging of single-page PDFs into one file.

use super::{
    super::{RenderError, embedded::failed},
    PageSetup,
    page::PagePdf,
};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary, text_string};

/// Name of the producing program in the metadata.
const PRODUCER: &str = concat!("pictify-emulator ", env!("CARGO_PKG_VERSION"));

/// Merges pages into one file, one page at a time.
pub(super) struct PdfMerger {
    file: Document,
    setup: PageSetup,
    root: ObjectId,
    pages: Vec<Object>,
    size: usize,
}

impl PdfMerger {
    pub(super) fn new(setup: PageSetup) -> Self {
        let mut file = Document::with_version("1.7");
        let root = file.new_object_id();
        Self { file, setup, root, pages: Vec::new(), size: 0 }
    }

    /// Returns the total size of the added pages in bytes, which is approximately the size of the merged file.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn add(&mut self, page_pdf: &PagePdf) -> Result<(), RenderError> {
        self.size += page_pdf.bytes.len();
        let mut source = Document::load_mem(&page_pdf.bytes).map_err(failed)?;
        source.renumber_objects_with(self.file.max_id + 1);
        let page = *source.get_pages().get(&1).ok_or_else(|| failed("the PDF of a page is empty"))?;
        let placement = Placement::new(page_pdf, &source, page, &self.setup).map_err(failed)?;
        self.file.max_id = source.max_id;
        let [before, after] = [placement.operators(&self.setup), b"\nQ".to_vec()].map(|content| {
            let content = Stream::new(Dictionary::new(), content);
            self.file.add_object(content)
        });
        let wrap = |content: Vec<Object>| [vec![before.into()], content, vec![after.into()]].concat();
        placement.move_links(&mut source, page).map_err(failed)?;
        let [width, height] = [self.setup.width, self.setup.height].map(real);
        let dictionary = source.get_dictionary_mut(page).map_err(failed)?;
        let content = match dictionary.remove(b"Contents") {
            Some(Object::Array(parts)) => parts,
            Some(part) => vec![part],
            None => Vec::new(),
        };
        dictionary.set("Contents", wrap(content));
        dictionary.set("MediaBox", vec![0.into(), 0.into(), width, height]);
        dictionary.set("Parent", self.root);
        for name in ["CropBox", "BleedBox", "TrimBox", "ArtBox", "StructParents"] {
            dictionary.remove(name.as_bytes());
        }
        self.file.objects.extend(source.objects);
        self.pages.push(page.into());
        Ok(())
    }

    pub(super) fn finish(mut self, title: Option<&str>) -> Result<Vec<u8>, RenderError> {
        let count = i64::try_from(self.pages.len()).unwrap_or(i64::MAX);
        let pages = dictionary! { "Type" => "Pages", "Kids" => self.pages, "Count" => count };
        self.file.objects.insert(self.root, pages.into());
        let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => self.root };
        let mut info = dictionary! { "Producer" => text_string(PRODUCER) };
        if let Some(title) = title {
            info.set("Title", text_string(title));
            catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
        }
        let (catalog, info) = (self.file.add_object(catalog), self.file.add_object(info));
        self.file.trailer.set("Root", catalog);
        self.file.trailer.set("Info", info);
        // Removes the catalogs of the merged files, and all objects that only they refer to.
        self.file.prune_objects();
        let mut bytes = Vec::new();
        self.file.save_modern(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }
}

/// Position and scale of content on the final page.
struct Placement {
    x: f64,
    y: f64,
    scale: f64,
}

impl Placement {
    fn new(page_pdf: &PagePdf, source: &Document, page: ObjectId, setup: &PageSetup) -> lopdf::Result<Self> {
        let corners = numbers(source.get_dictionary(page)?.get(b"MediaBox")?.as_array()?)?;
        let &[_, _, width, height] = corners.as_slice() else { return Err(lopdf::Error::PageNumberNotFound(1)) };
        let (rect, scale) = (setup.content_rect(), page_pdf.scale);
        let free = (rect.width - width * scale, rect.height - height * scale);
        let (x, y) = if page_pdf.is_centred { (free.0 / 2.0, free.1 / 2.0) } else { (0.0, free.1) };
        Ok(Self { x: rect.x + x, y: rect.y + y, scale })
    }

    /// Returns the PDF operators before the content, which move and scale it and clip it to the margins.
    fn operators(&self, setup: &PageSetup) -> Vec<u8> {
        let (rect, Self { x, y, scale }) = (setup.content_rect(), self);
        let [left, bottom, width, height] = [rect.x, rect.y, rect.width, rect.height];
        format!("q {left:.4} {bottom:.4} {width:.4} {height:.4} re W n {scale:.6} 0 0 {scale:.6} {x:.4} {y:.4} cm\n")
            .into_bytes()
    }

    /// Moves the links with the content. Links are annotations, to which the operators do not apply.
    fn move_links(&self, source: &mut Document, page: ObjectId) -> lopdf::Result<()> {
        let Ok(links) = source.get_dictionary(page)?.get(b"Annots") else { return Ok(()) };
        let (_, links) = source.dereference(links)?;
        for link in links.as_array()?.clone() {
            let link = match link {
                Object::Reference(id) => source.get_dictionary_mut(id)?,
                _ => continue,
            };
            for name in [b"Rect".as_slice(), b"QuadPoints"] {
                let Ok(corners) = link.get(name).and_then(Object::as_array) else { continue };
                let moved = numbers(corners)?.into_iter().enumerate().map(|(index, number)| {
                    let start = if index % 2 == 0 { self.x } else { self.y };
                    real(start + number * self.scale)
                });
                let moved: Vec<Object> = moved.collect();
                link.set(name, moved);
            }
        }
        Ok(())
    }
}

fn numbers(objects: &[Object]) -> lopdf::Result<Vec<f64>> {
    objects.iter().map(|number| number.as_float().map(f64::from)).collect()
}

#[allow(clippy::cast_possible_truncation, reason = "PDF files use single precision")]
fn real(number: f64) -> Object {
    Object::Real(number as f32)
}
