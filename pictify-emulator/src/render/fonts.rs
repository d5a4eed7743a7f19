//! Built-in fonts, so that text is readable on a machine without fonts.
//!
//! DejaVu covers Latin, Greek, Cyrillic, Arabic and many symbols; Twemoji covers emoji, in colour. The licence of the
//! Twemoji font is next to it in `assets/`; the licence of DejaVu is part of its crate.

use takumi::prelude::{FontResource, Fonts, GenericFamily, UnicodeRange, UnicodeRangeSet};

static TWEMOJI: &[u8] = include_bytes!("../../assets/twemoji.woff2");

/// Range of emoji that DejaVu also has, in black and white. It is excluded there, so that the colour font is used.
const EMOJI: [u32; 2] = [0x1F300, 0x1FAFF];

/// Loads the built-in fonts. The first one is the default font of a page.
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
    fonts.register(font).expect("the built-in fonts are valid");
}

fn without_emoji() -> UnicodeRangeSet {
    [(0, EMOJI[0] - 1), (EMOJI[1] + 1, 0x0010_FFFF)].into_iter().map(|(from, to)| UnicodeRange::new(from, to)).collect()
}

/// Writes the built-in fonts into a folder, with a fontconfig configuration that prefers them. Returns the path of the
/// configuration file.
#[cfg(feature = "chromium")]
pub(super) fn write_fontconfig(folder: &std::path::Path) -> std::io::Result<std::path::PathBuf> {
    let fonts = folder.join("fonts");
    std::fs::create_dir_all(&fonts)?;
    for (name, bytes) in [
        ("sans.ttf", dejavu::sans::regular()),
        ("sans-bold.ttf", dejavu::sans::bold()),
        ("sans-oblique.ttf", dejavu::sans::oblique()),
        ("sans-bold-oblique.ttf", dejavu::sans::bold_oblique()),
        ("serif.ttf", dejavu::serif::regular()),
        ("serif-bold.ttf", dejavu::serif::bold()),
        ("serif-italic.ttf", dejavu::serif::italic()),
        ("mono.ttf", dejavu::sans_mono::regular()),
        ("mono-bold.ttf", dejavu::sans_mono::bold()),
    ] {
        std::fs::write(fonts.join(name), bytes)?;
    }
    // fontconfig does not read WOFF2 files.
    let emoji = wuff::decompress_woff2(TWEMOJI).map_err(std::io::Error::other)?;
    std::fs::write(fonts.join("emoji.ttf"), emoji)?;
    let (own, cache) = (fonts.display(), folder.join("cache"));
    let prefer = |family: &str, fonts: &[&str]| {
        let fonts: String = fonts.iter().flat_map(|font| ["<family>", font, "</family>"]).collect();
        format!("<alias binding=\"same\"><family>{family}</family><prefer>{fonts}</prefer></alias>\n")
    };
    let config = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
         <dir>{own}</dir>\n<dir>/usr/share/fonts</dir>\n<dir>/usr/local/share/fonts</dir>\n\
         <cachedir>{}</cachedir>\n{}{}{}{}</fontconfig>\n",
        cache.display(),
        prefer("sans-serif", &["DejaVu Sans", "Twemoji Mozilla"]),
        prefer("serif", &["DejaVu Serif", "DejaVu Sans", "Twemoji Mozilla"]),
        prefer("monospace", &["DejaVu Sans Mono", "DejaVu Sans", "Twemoji Mozilla"]),
        prefer("emoji", &["Twemoji Mozilla"]),
    );
    let path = folder.join("fonts.conf");
    std::fs::write(&path, config)?;
    Ok(path)
}
