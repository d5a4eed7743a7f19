//! What a page is printed on.

/// How many points a pixel has: 72 to the inch, where pixels are 96.
const POINTS: f64 = 0.75;

/// How long a side may be, in points. PDF knows no longer ones.
const LONGEST: f64 = 14_400.0;

/// A size that has a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// As `/pdf/render` spells it.
    pub name: &'static str,
    /// In points, upright.
    pub width: f64,
    /// In points, upright.
    pub height: f64,
}

/// Paper of some size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageSetup {
    /// In points.
    pub width: f64,
    /// In points.
    pub height: f64,
    /// What stays white.
    pub margins: Margins,
    /// How much larger than usual everything is, 0.1 to 2.
    pub scale: f64,
    /// Whether backgrounds are printed.
    pub backgrounds: bool,
}

/// What stays white, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Margins {
    /// In pixels.
    pub top: f64,
    /// In pixels.
    pub right: f64,
    /// In pixels.
    pub bottom: f64,
    /// In pixels.
    pub left: f64,
}

impl Preset {
    /// All sizes that have a name.
    pub const ALL: [Self; 6] = [
        Self::new("A4", 595.28, 841.89),
        Self::new("Letter", 612.0, 792.0),
        Self::new("Legal", 612.0, 1008.0),
        Self::new("A3", 841.89, 1190.55),
        Self::new("A5", 419.53, 595.28),
        Self::new("Tabloid", 792.0, 1224.0),
    ];

    const fn new(name: &'static str, width: f64, height: f64) -> Self {
        Self { name, width, height }
    }

    /// The size of that name in any case, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name.eq_ignore_ascii_case(name))
    }
}

impl From<Preset> for PageSetup {
    fn from(preset: Preset) -> Self {
        Self::of(preset.width, preset.height)
    }
}

impl PageSetup {
    fn of(width: f64, height: f64) -> Self {
        Self { width, height, margins: Margins::default(), scale: 1.0, backgrounds: true }
    }

    /// Paper of that many pixels.
    #[must_use]
    pub fn in_pixels(width: u32, height: u32) -> Self {
        Self::of(f64::from(width) * POINTS, f64::from(height) * POINTS)
    }

    /// Turned by a quarter. The margins stay on their sides.
    #[must_use]
    pub fn turned(self) -> Self {
        Self { width: self.height, height: self.width, ..self }
    }

    /// Its size in pixels, as answers tell it that count in them.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no side is negative or that long")]
    pub fn size_in_pixels(&self) -> (u32, u32) {
        ((self.width / POINTS).round() as u32, (self.height / POINTS).round() as u32)
    }

    /// Whether it can be printed on.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        let (width, height) = (self.width, self.height);
        if ![width, height].iter().all(|side| (POINTS..=LONGEST).contains(side)) {
            let longest = LONGEST / POINTS;
            return Err(format!(
                "A page has 1 to {longest} pixels a side: {} by {} is not",
                width / POINTS,
                height / POINTS
            ));
        }
        if !(0.1..=2.0).contains(&self.scale) {
            return Err(format!("The scale is 0.1 to 2, not {}", self.scale));
        }
        let inside = self.inside();
        if inside.width < POINTS || inside.height < POINTS {
            let (width, height) = self.size_in_pixels();
            return Err(format!("The margins leave no room on a page of {width} by {height} pixels"));
        }
        Ok(())
    }

    /// What is inside the margins, in points from the lower left.
    pub(super) fn inside(&self) -> Area {
        let Margins { top, right, bottom, left } = self.margins;
        Area {
            x: left * POINTS,
            y: bottom * POINTS,
            width: self.width - (left + right) * POINTS,
            height: self.height - (top + bottom) * POINTS,
        }
    }
}

/// A part of a page, in points from the lower left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    /// Its size in pixels, for content that is drawn `scale` times as large.
    pub(super) fn pixels(&self, scale: f64) -> (f64, f64) {
        (self.width / POINTS / scale, self.height / POINTS / scale)
    }
}
