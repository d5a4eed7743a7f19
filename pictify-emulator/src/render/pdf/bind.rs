//! Sheets on paper, in one file.

use super::{
    super::{RenderError, embedded::failed},
    PageSetup,
    sheet::Drawn,
};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary, text_string};

/// What viewers are told made the file.
const PRODUCER: &str = concat!("pictify-emulator ", env!("CARGO_PKG_VERSION"));

/// A file that grows by a page at a time.
pub(super) struct Book {
    file: Document,
    page_setup: PageSetup,
    root: ObjectId,
    pages: Vec<Object>,
    size: usize,
}

impl Book {
    pub(super) fn new(page_setup: PageSetup) -> Self {
        let mut file = Document::with_version("1.7");
        let root = file.new_object_id();
        Self { file, page_setup, root, pages: Vec::new(), size: 0 }
    }

    /// How many bytes went into it so far, which is about what it will have.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn add(&mut self, drawn: &Drawn) -> Result<(), RenderError> {
        self.size += drawn.bytes.len();
        let mut sheet = Document::load_mem(&drawn.bytes).map_err(failed)?;
        sheet.renumber_objects_with(self.file.max_id + 1);
        let page = *sheet.get_pages().get(&1).ok_or_else(|| failed("a sheet became no page"))?;
        let place = Place::of(drawn, &sheet, page, &self.page_setup).map_err(failed)?;
        self.file.max_id = sheet.max_id;
        let [before, after] = [place.before(&self.page_setup), b"\nQ".to_vec()].map(|content| {
            let content = Stream::new(Dictionary::new(), content);
            self.file.add_object(content)
        });
        let around = |content: Vec<Object>| [vec![before.into()], content, vec![after.into()]].concat();
        place.links(&mut sheet, page).map_err(failed)?;
        let [width, height] = [self.page_setup.width, self.page_setup.height].map(real);
        let found = sheet.get_dictionary_mut(page).map_err(failed)?;
        let content = match found.remove(b"Contents") {
            Some(Object::Array(parts)) => parts,
            Some(part) => vec![part],
            None => Vec::new(),
        };
        found.set("Contents", around(content));
        found.set("MediaBox", vec![0.into(), 0.into(), width, height]);
        found.set("Parent", self.root);
        for name in ["CropBox", "BleedBox", "TrimBox", "ArtBox", "StructParents"] {
            found.remove(name.as_bytes());
        }
        self.file.objects.extend(sheet.objects);
        self.pages.push(page.into());
        Ok(())
    }

    pub(super) fn finish(mut self, title: Option<&str>) -> Result<Vec<u8>, RenderError> {
        let count = i64::try_from(self.pages.len()).unwrap_or(i64::MAX);
        let pages = dictionary! { "Type" => "Pages", "Kids" => self.pages, "Count" => count };
        self.file.objects.insert(self.root, pages.into());
        let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => self.root };
        let mut about = dictionary! { "Producer" => text_string(PRODUCER) };
        if let Some(title) = title {
            about.set("Title", text_string(title));
            catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
        }
        let (catalog, about) = (self.file.add_object(catalog), self.file.add_object(about));
        self.file.trailer.set("Root", catalog);
        self.file.trailer.set("Info", about);
        // The catalogues of the sheets, and all that hung on them alone.
        self.file.prune_objects();
        let mut bytes = Vec::new();
        self.file.save_modern(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }
}

/// Where a sheet lies on the paper.
struct Place {
    x: f64,
    y: f64,
    scale: f64,
}

impl Place {
    fn of(drawn: &Drawn, sheet: &Document, page: ObjectId, page_setup: &PageSetup) -> lopdf::Result<Self> {
        let corners = numbers(sheet.get_dictionary(page)?.get(b"MediaBox")?.as_array()?)?;
        let &[_, _, width, height] = corners.as_slice() else { return Err(lopdf::Error::PageNumberNotFound(1)) };
        let (inside, scale) = (page_setup.inside(), drawn.scale);
        let rest = (inside.width - width * scale, inside.height - height * scale);
        let (x, y) = if drawn.is_centred { (rest.0 / 2.0, rest.1 / 2.0) } else { (0.0, rest.1) };
        Ok(Self { x: inside.x + x, y: inside.y + y, scale })
    }

    /// What stands before the content: it moves there and cuts what is outside of the margins.
    fn before(&self, page_setup: &PageSetup) -> Vec<u8> {
        let (inside, Self { x, y, scale }) = (page_setup.inside(), self);
        let [left, bottom, width, height] = [inside.x, inside.y, inside.width, inside.height];
        format!("q {left:.4} {bottom:.4} {width:.4} {height:.4} re W n {scale:.6} 0 0 {scale:.6} {x:.4} {y:.4} cm\n")
            .into_bytes()
    }

    /// Moves the links along, which are no content.
    fn links(&self, sheet: &mut Document, page: ObjectId) -> lopdf::Result<()> {
        let Ok(links) = sheet.get_dictionary(page)?.get(b"Annots") else { return Ok(()) };
        let (_, links) = sheet.dereference(links)?;
        for link in links.as_array()?.clone() {
            let link = match link {
                Object::Reference(id) => sheet.get_dictionary_mut(id)?,
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

fn numbers(of: &[Object]) -> lopdf::Result<Vec<f64>> {
    of.iter().map(|number| number.as_float().map(f64::from)).collect()
}

#[allow(clippy::cast_possible_truncation, reason = "the file counts in single precision")]
fn real(number: f64) -> Object {
    Object::Real(number as f32)
}
