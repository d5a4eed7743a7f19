//! Times at which a page is painted, chosen so that its animations continue seamlessly when the GIF repeats.

use super::super::GifSettings;
use std::cell::RefCell;
use takumi::{
    prelude::{AnimationDirection, AnimationIterationCount, AnimationPlayState},
    unstable::base::layout::tree::RenderNode,
};

/// CSS animation of an element. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::render) struct CssAnimation {
    pub(in crate::render) delay: f64,
    pub(in crate::render) duration: f64,
    /// Number of iterations; `None` means infinite.
    pub(in crate::render) iterations: Option<f64>,
    /// `true` if every second iteration runs backwards.
    pub(in crate::render) alternates: bool,
}

/// Interval of a page's time that a GIF shows. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timeline {
    start: f64,
    duration: f64,
    animations: Vec<CssAnimation>,
}

/// Time and duration of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameTime {
    /// Time of the page, in milliseconds.
    pub(super) at: u32,
    /// Duration of the frame, in hundredths of a second.
    pub(super) hundredths: u16,
}

/// Returns the running animations of a page.
pub(super) fn find_animations(page: &RenderNode) -> Vec<CssAnimation> {
    let found = RefCell::new(Vec::new());
    page.path_where(|node| {
        let style = &node.context.style.misc1_data;
        // A list that is shorter than the list of names is repeated.
        for (index, _) in style.animation_name.iter().enumerate().filter(|(_, name)| name.is_some()) {
            let state = repeated(&style.animation_play_state, index).unwrap_or_default();
            let animation = CssAnimation {
                delay: round_time(repeated(&style.animation_delay, index).unwrap_or_default().milliseconds),
                duration: round_time(repeated(&style.animation_duration, index).unwrap_or_default().milliseconds),
                iterations: match repeated(&style.animation_iteration_count, index).unwrap_or_default() {
                    AnimationIterationCount::Number(count) => Some(round_time(count)),
                    _ => None,
                },
                alternates: matches!(
                    repeated(&style.animation_direction, index).unwrap_or_default(),
                    AnimationDirection::Alternate | AnimationDirection::AlternateReverse
                ),
            };
            if state != AnimationPlayState::Paused && animation.duration > 0.0 && animation.iterations != Some(0.0) {
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

/// Rounds to hundredths and clamps to a day. Styles have single precision, in which 0.1 s is not exactly 100 ms.
fn round_time(value: f32) -> f64 {
    const DAY: f64 = 86_400_000.0;
    if value.is_nan() { 0.0 } else { ((f64::from(value) * 100.0).round() / 100.0).clamp(-DAY, DAY) }
}

impl Timeline {
    /// Chooses the interval, or returns `None` if no animation runs.
    ///
    /// With infinite animations only, it is their common period, beginning when all of them run. With finite animations it
    /// begins at time zero and ends when they have ended and the infinite animations are at the start of a period.
    pub(super) fn new(animations: &[CssAnimation], settings: GifSettings) -> Option<Self> {
        let max_duration = settings.max_duration.as_secs_f64() * 1000.0;
        let (infinite, finite): (Vec<CssAnimation>, Vec<CssAnimation>) =
            animations.iter().copied().partition(|animation| animation.iterations.is_none());
        let delay = infinite.iter().map(|animation| animation.delay).fold(0.0, f64::max);
        let end = finite.iter().map(CssAnimation::end).fold(0.0, f64::max);
        let period = f64::from(infinite.iter().map(CssAnimation::period).fold(0, least_common_multiple));
        let (start, duration) = match (period > 0.0, end > 0.0) {
            (false, false) => return None,
            // One additional frame shows the state after the end of all animations.
            (false, true) => (0.0, end + 1000.0 / settings.frame_rate()),
            (true, false) => (delay, period),
            (true, true) => (0.0, (end.max(delay) / period).ceil() * period),
        };
        Some(Self { start, duration: duration.min(max_duration), animations: animations.to_vec() })
    }

    pub(super) fn frames(&self, settings: GifSettings) -> Vec<FrameTime> {
        let count = (self.duration * settings.frame_rate() / 1000.0).round().max(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no longer than two days")]
        let round = |number: f64| number.round() as u32;
        let at = |frame: f64| self.duration * frame / count;
        let hundredths = |frame: f64| round(at(frame) / 10.0);
        (0..round(count))
            .map(|frame| {
                let frame = f64::from(frame);
                let duration = hundredths(frame + 1.0) - hundredths(frame);
                FrameTime {
                    at: self.after_iteration_end(round(self.start + at(frame))),
                    hundredths: duration.try_into().unwrap_or(u16::MAX),
                }
            })
            .collect()
    }

    /// Adds a millisecond if an iteration of an animation ends at this time and another follows. At exactly that time the
    /// engine shows the end of the first iteration, but a browser shows the start of the second.
    fn after_iteration_end(&self, at: u32) -> u32 {
        let is_iteration_end = |animation: &CssAnimation| {
            let active = f64::from(at) - animation.delay;
            active > 0.0
                && active % animation.duration == 0.0
                && animation.iterations.is_none_or(|count| active < animation.duration * count)
        };
        at + u32::from(self.animations.iter().any(is_iteration_end))
    }
}

impl CssAnimation {
    fn end(&self) -> f64 {
        self.delay + self.duration * self.iterations.unwrap_or_default()
    }

    /// Returns the time after which the animation repeats, in milliseconds.
    fn period(&self) -> u32 {
        let iterations = if self.alternates { 2.0 } else { 1.0 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most two days")]
        let period = (self.duration * iterations).round() as u32;
        period.max(1)
    }
}

impl GifSettings {
    /// Returns the number of frames per second, clamped to the range that viewers show correctly.
    fn frame_rate(self) -> f64 {
        f64::from(self.frames_per_second.clamp(1, 50))
    }
}

/// Returns the least common multiple. Zero is the neutral element, for use in a fold.
fn least_common_multiple(one: u32, other: u32) -> u32 {
    let (mut divisor, mut remainder) = (one, other);
    while remainder != 0 {
        (divisor, remainder) = (remainder, divisor % remainder);
    }
    if one == 0 { other } else { (one / divisor).saturating_mul(other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infinite(duration: f64, delay: f64) -> CssAnimation {
        CssAnimation { delay, duration, iterations: None, alternates: false }
    }

    fn finite(duration: f64, delay: f64, iterations: f64) -> CssAnimation {
        CssAnimation { iterations: Some(iterations), ..infinite(duration, delay) }
    }

    #[test]
    fn the_loop_is_the_common_period_of_the_animations() {
        let alternating = CssAnimation { alternates: true, ..infinite(1000.0, 0.0) };
        for (case, animations, expected) in [
            ("no animation", &[][..], None),
            ("one", &[infinite(2000.0, 0.0)], Some((0.0, 2000.0))),
            ("alternating", &[alternating], Some((0.0, 2000.0))),
            ("two", &[infinite(2000.0, 0.0), infinite(3000.0, 0.0)], Some((0.0, 6000.0))),
            (
                "a common period that is too long",
                &[infinite(7001.0, 0.0), infinite(5003.0, 0.0)],
                Some((0.0, 15_000.0)),
            ),
            ("different delays", &[infinite(900.0, 0.0), infinite(900.0, 300.0)], Some((300.0, 900.0))),
            ("negative delay", &[infinite(900.0, -300.0)], Some((0.0, 900.0))),
            ("finite", &[finite(1000.0, 0.0, 1.0)], Some((0.0, 1000.0 + 1000.0 / 15.0))),
            ("one and a half iterations", &[finite(1000.0, 500.0, 1.5)], Some((0.0, 2000.0 + 1000.0 / 15.0))),
            ("already ended", &[finite(1000.0, -2000.0, 1.0)], None),
            ("infinite and finite", &[infinite(800.0, 0.0), finite(1000.0, 0.0, 1.0)], Some((0.0, 1600.0))),
            ("too long", &[infinite(60_000.0, 0.0)], Some((0.0, 15_000.0))),
        ] {
            let timeline = Timeline::new(animations, GifSettings::MEDIUM);
            assert_eq!(timeline.map(|timeline| (timeline.start, timeline.duration)), expected, "{case}");
        }
    }

    #[test]
    fn the_durations_of_the_frames_add_up_to_the_loop() {
        for (settings, frames) in [(GifSettings::LOW, 20), (GifSettings::MEDIUM, 30), (GifSettings::HIGH, 48)] {
            let times = Timeline::new(&[infinite(2000.0, 0.0)], settings).unwrap().frames(settings);
            let hundredths: u64 = times.iter().map(|time| u64::from(time.hundredths)).sum();
            assert_eq!((times.len(), hundredths), (frames, 200));
        }
    }

    #[test]
    fn a_frame_at_the_end_of_an_iteration_is_moved_by_a_millisecond() {
        let timeline = Timeline::new(&[infinite(500.0, 0.0), infinite(1000.0, 0.0)], GifSettings::LOW).unwrap();
        let times = timeline.frames(GifSettings::LOW);
        let at: Vec<_> = times.iter().map(|time| time.at).collect();
        assert_eq!(at, [0, 100, 200, 300, 400, 501, 600, 700, 800, 900]);
    }
}
