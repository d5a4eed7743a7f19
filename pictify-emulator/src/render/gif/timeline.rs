//! When a page is to be painted, so that its animations meet where the picture begins again.

use super::super::GifSettings;
use std::cell::RefCell;
use takumi::{
    prelude::{AnimationDirection, AnimationIterationCount, AnimationPlayState},
    unstable::base::layout::tree::RenderNode,
};

/// An animation of an element, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::render) struct Animation {
    pub(in crate::render) delay: f64,
    pub(in crate::render) duration: f64,
    /// How often it runs; for ever if nothing is given.
    pub(in crate::render) count: Option<f64>,
    /// Whether every second run goes backwards.
    pub(in crate::render) alternates: bool,
}

/// The part of the time of a page that a picture shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timeline {
    start: f64,
    length: f64,
    animations: Vec<Animation>,
}

/// A frame: the time of the page, and how long it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    /// In milliseconds.
    pub(super) at: u32,
    pub(super) hundredths: u16,
}

/// The animations that run on a page.
pub(super) fn animations(page: &RenderNode) -> Vec<Animation> {
    let found = RefCell::new(Vec::new());
    page.path_where(|node| {
        let style = &node.context.style.misc1_data;
        // A list that is shorter than that of the names begins again.
        for (index, _) in style.animation_name.iter().enumerate().filter(|(_, name)| name.is_some()) {
            let state = repeated(&style.animation_play_state, index).unwrap_or_default();
            let animation = Animation {
                delay: time(repeated(&style.animation_delay, index).unwrap_or_default().milliseconds),
                duration: time(repeated(&style.animation_duration, index).unwrap_or_default().milliseconds),
                count: match repeated(&style.animation_iteration_count, index).unwrap_or_default() {
                    AnimationIterationCount::Number(count) => Some(time(count)),
                    _ => None,
                },
                alternates: matches!(
                    repeated(&style.animation_direction, index).unwrap_or_default(),
                    AnimationDirection::Alternate | AnimationDirection::AlternateReverse
                ),
            };
            if state != AnimationPlayState::Paused && animation.duration > 0.0 && animation.count != Some(0.0) {
                found.borrow_mut().push(animation);
            }
        }
        false
    });
    found.into_inner()
}

fn repeated<T: Copy>(list: &[T], index: usize) -> Option<T> {
    list.get(index % list.len().max(1)).copied()
}

/// Styles hold single precision, in which 0.1 s is not quite 100 ms; and a day is long enough for a picture.
fn time(value: f32) -> f64 {
    const DAY: f64 = 86_400_000.0;
    if value.is_nan() { 0.0 } else { ((f64::from(value) * 100.0).round() / 100.0).clamp(-DAY, DAY) }
}

impl Timeline {
    /// What endless animations repeat together, from when all of them run. Those that end are shown from the beginning,
    /// and the picture lasts until the endless ones are where they began.
    pub(super) fn of(animations: &[Animation], pace: GifSettings) -> Option<Self> {
        let longest = pace.longest.as_secs_f64() * 1000.0;
        let (endless, ending): (Vec<Animation>, Vec<Animation>) =
            animations.iter().copied().partition(|animation| animation.count.is_none());
        let delay = endless.iter().map(|animation| animation.delay).fold(0.0, f64::max);
        let end = ending.iter().map(Animation::end).fold(0.0, f64::max);
        let period = f64::from(endless.iter().map(Animation::period).fold(0, least_common_multiple));
        let (start, length) = match (period > 0.0, end > 0.0) {
            (false, false) => return None,
            // One frame more, for what is left when all have ended.
            (false, true) => (0.0, end + 1000.0 / pace.frames()),
            (true, false) => (delay, period),
            (true, true) => (0.0, (end.max(delay) / period).ceil() * period),
        };
        Some(Self { start, length: length.min(longest), animations: animations.to_vec() })
    }

    pub(super) fn frames(&self, pace: GifSettings) -> Vec<Time> {
        let count = (self.length * pace.frames() / 1000.0).round().max(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no longer than two days")]
        let whole = |number: f64| number.round() as u32;
        let at = |frame: f64| self.length * frame / count;
        let hundredths = |frame: f64| whole(at(frame) / 10.0);
        (0..whole(count))
            .map(|frame| {
                let frame = f64::from(frame);
                let shown = hundredths(frame + 1.0) - hundredths(frame);
                Time {
                    at: self.after_edges(whole(self.start + at(frame))),
                    hundredths: shown.try_into().unwrap_or(u16::MAX),
                }
            })
            .collect()
    }

    /// At the very moment when one run follows another, the engine still shows the end of the first; a browser shows the
    /// beginning of the second, as a millisecond later.
    fn after_edges(&self, at: u32) -> u32 {
        let is_edge = |animation: &Animation| {
            let active = f64::from(at) - animation.delay;
            active > 0.0
                && active % animation.duration == 0.0
                && animation.count.is_none_or(|count| active < animation.duration * count)
        };
        at + u32::from(self.animations.iter().any(is_edge))
    }
}

impl Animation {
    fn end(&self) -> f64 {
        self.delay + self.duration * self.count.unwrap_or_default()
    }

    /// After how many milliseconds it is where it was.
    fn period(&self) -> u32 {
        let runs = if self.alternates { 2.0 } else { 1.0 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most two days")]
        let period = (self.duration * runs).round() as u32;
        period.max(1)
    }
}

impl GifSettings {
    /// Frames a second, as many as viewers show.
    fn frames(self) -> f64 {
        f64::from(self.frames_per_second.clamp(1, 50))
    }
}

/// Zero stands for no number yet.
fn least_common_multiple(one: u32, other: u32) -> u32 {
    let (mut divisor, mut rest) = (one, other);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    if one == 0 { other } else { (one / divisor).saturating_mul(other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endless(duration: f64, delay: f64) -> Animation {
        Animation { delay, duration, count: None, alternates: false }
    }

    fn ending(duration: f64, delay: f64, count: f64) -> Animation {
        Animation { count: Some(count), ..endless(duration, delay) }
    }

    #[test]
    fn a_picture_begins_again_where_its_animations_do() {
        let back_and_forth = Animation { alternates: true, ..endless(1000.0, 0.0) };
        for (what, animations, expected) in [
            ("none", &[][..], None),
            ("one", &[endless(2000.0, 0.0)], Some((0.0, 2000.0))),
            ("one that alternates", &[back_and_forth], Some((0.0, 2000.0))),
            ("two", &[endless(2000.0, 0.0), endless(3000.0, 0.0)], Some((0.0, 6000.0))),
            ("two that never meet", &[endless(7001.0, 0.0), endless(5003.0, 0.0)], Some((0.0, 15_000.0))),
            ("one after the other", &[endless(900.0, 0.0), endless(900.0, 300.0)], Some((300.0, 900.0))),
            ("begun before", &[endless(900.0, -300.0)], Some((0.0, 900.0))),
            ("one that ends", &[ending(1000.0, 0.0, 1.0)], Some((0.0, 1000.0 + 1000.0 / 15.0))),
            ("half a run more", &[ending(1000.0, 500.0, 1.5)], Some((0.0, 2000.0 + 1000.0 / 15.0))),
            ("one that has ended", &[ending(1000.0, -2000.0, 1.0)], None),
            ("one of each", &[endless(800.0, 0.0), ending(1000.0, 0.0, 1.0)], Some((0.0, 1600.0))),
            ("too long", &[endless(60_000.0, 0.0)], Some((0.0, 15_000.0))),
        ] {
            let found = Timeline::of(animations, GifSettings::MEDIUM).map(|timeline| (timeline.start, timeline.length));
            assert_eq!(found, expected, "{what}");
        }
    }

    #[test]
    fn frames_take_exactly_the_time_of_the_loop() {
        for (pace, frames) in [(GifSettings::LOW, 20), (GifSettings::MEDIUM, 30), (GifSettings::HIGH, 48)] {
            let times = Timeline::of(&[endless(2000.0, 0.0)], pace).unwrap().frames(pace);
            let hundredths: u64 = times.iter().map(|time| u64::from(time.hundredths)).sum();
            assert_eq!((times.len(), hundredths), (frames, 200));
        }
    }

    #[test]
    fn no_frame_falls_on_the_edge_between_two_runs() {
        let times = Timeline::of(&[endless(500.0, 0.0), endless(1000.0, 0.0)], GifSettings::LOW)
            .unwrap()
            .frames(GifSettings::LOW);
        let at: Vec<_> = times.iter().map(|time| time.at).collect();
        assert_eq!(at, [0, 100, 200, 300, 400, 501, 600, 700, 800, 900]);
    }
}
