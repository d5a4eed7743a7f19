//! The fonts that are built in, so that text is readable on a machine that has none.
//!
//! DejaVu covers Latin, Greek, Cyrillic, Arabic and many symbols; Twemoji the emoji, in colour. The licence of Twemoji's
//! font is beside it in `assets/`, that of DejaVu comes with its crate.

use takumi::prelude::{FontResource, Fonts, GenericFamily, UnicodeRange, UnicodeRangeSet};

static TWEMOJI: &[u8] = include_bytes!("../../assets/twemoji.woff2");

/// The emoji of which DejaVu has its own, black and white: the colour font is to serve them.
const EMOJI: [u32; 2] = [0x1F300, 0x1FAFF];

/// Loads the built-in fonts. The first is what a page gets that names none.
pub(super) fn built_in() -> Fonts {
    let sans = GenericFamily::SANS_SERIF;
    let (serif, mono) = (GenericFamily::SERIF, GenericFamily::MONOSPACE);
    let mut fonts = Fonts::default();
    for (generic, bytes) in [
        (sans, dejavu::sans::regular()),
        (sans, dejavu::sans::bold()),
        (sans, dejavu::sans::oblique()),
        (sans, dejavu::sans::bold_oblique()),
        (serif, dejavu::serif::regular()),
        (serif, dejavu::serif::bold()),
        (serif, dejavu::serif::italic()),
        (mono, dejavu::sans_mono::regular()),
        (mono, dejavu::sans_mono::bold()),
    ] {
        register(&mut fonts, FontResource::new(bytes).generic_family(generic).unicode_range(without_emoji()));
    }
    register(&mut fonts, FontResource::new(TWEMOJI).generic_family(GenericFamily::EMOJI));
    fonts
}

fn register(fonts: &mut Fonts, font: FontResource<'_>) {
    fonts.register(font).expect("a built-in font, which the tests of this crate have loaded");
}

fn without_emoji() -> UnicodeRangeSet {
    [(0, EMOJI[0] - 1), (EMOJI[1] + 1, 0x0010_FFFF)].into_iter().map(|(from, to)| UnicodeRange::new(from, to)).collect()
}
