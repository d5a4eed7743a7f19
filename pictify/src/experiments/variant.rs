//! A variant of an experiment: its template, weight, conditions and schedule.

use super::Condition;
use crate::{Error, Result, variables};
use pictify_api::{
    Timestamp,
    types::{ExperimentVariant, Recurrence, RecurrenceType, VariantSchedule},
};
use serde::Serialize;

/// Share of the visitors that see a variant. All weights of an experiment sum to 100 percent.
///
/// ```
/// use pictify::experiments::Weight;
///
/// assert_eq!(Weight::percent(12.5), Weight::basis_points(1250));
/// assert_eq!(Weight::even(3).map(Weight::get).sum::<u64>(), 10_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u64);

impl Weight {
    /// All visitors.
    pub const ALL: Self = Self(10_000);

    /// Creates a weight in percent, 0 to 100, rounded to a hundredth of a percent.
    #[must_use]
    pub fn percent(percent: f64) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
        Self((percent * 100.0).round() as u64)
    }

    /// Creates a weight in hundredths of a percent, 0 to 10,000.
    #[must_use]
    pub fn basis_points(points: u64) -> Self {
        Self(points)
    }

    /// Returns equal weights for `variants` variants, in hundredths of a percent. The first variants get the remainder.
    pub fn even(variants: usize) -> impl Iterator<Item = Self> {
        let count = variants.max(1) as u64;
        let share = move |index| Self(Self::ALL.0 / count + u64::from(index < Self::ALL.0 % count));
        (0..variants as u64).map(share)
    }

    /// Returns the weight in hundredths of a percent.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// One of the images that an experiment compares.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant(ExperimentVariant);

impl Variant {
    /// Creates a variant. The ID consists of letters, digits, `_` and `-`, and is unique in the experiment.
    pub fn new(id: impl Into<String>, weight: Weight) -> Self {
        Self(ExperimentVariant::new(id.into(), weight.get()))
    }

    /// Sets a display name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = Some(name.into());
        self
    }

    /// Sets the template to show, if it is not the experiment's.
    #[must_use]
    pub fn template(mut self, uid: impl Into<String>) -> Self {
        self.0.template_uid = Some(uid.into());
        self
    }

    /// Sets the values of the template's variables.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if they do not serialise to a JSON object.
    pub fn variables(mut self, variables: &impl Serialize) -> Result<Self> {
        self.0.variables = Some(variables::from(variables)?);
        Ok(self)
    }

    /// Shows this variant if no other matches the visitor.
    #[must_use]
    pub fn fallback(mut self) -> Self {
        self.0.is_default = Some(true);
        self
    }

    /// Sets the priority in a smart link: it decides if several variants match. Only older code of the service supports
    /// it.
    #[must_use]
    pub fn priority(mut self, priority: i64) -> Self {
        self.0.priority = Some(priority);
        self
    }

    /// Sets the condition on visitors in a smart link.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.0.conditions = Some(condition.into_wire());
        self
    }

    /// Sets the time in which a scheduled experiment shows the variant.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.0.schedule = Some(schedule.0);
        self
    }

    pub(super) fn into_wire(self) -> ExperimentVariant {
        self.0
    }
}

/// Time in which a variant is shown.
///
/// ```
/// # fn run() -> pictify::Result<()> {
/// use pictify::experiments::Schedule;
///
/// let weekend = Schedule::between("2026-03-14T00:00:00Z", "2026-03-16T00:00:00Z")?;
/// assert!(Schedule::between("2026-03-16T00:00:00Z", "2026-03-14T00:00:00Z").is_err());
/// # Ok(()) }
/// # run().unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(VariantSchedule);

impl Schedule {
    /// Creates a schedule from a start and an end: dates with time and offset as in RFC 3339, or any other value that
    /// converts to a [`Timestamp`].
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) if one of them is not a date, or the end is not after the start.
    pub fn between(start: impl Into<Timestamp>, end: impl Into<Timestamp>) -> Result<Self> {
        let (start, end) = (start.into(), end.into());
        for (field, at) in [("start", &start), ("end", &end)] {
            if at.get().is_none() {
                return Err(Error::invalid_field(field, format!("must be a date and time, is {at}")));
            }
        }
        if end.get() <= start.get() {
            return Err(Error::invalid_field("end", "must come after the start"));
        }
        let mut schedule = VariantSchedule::default();
        (schedule.start_at, schedule.end_at) = (Some(start), Some(end));
        Ok(Self(schedule))
    }

    /// Repeats the schedule every day.
    #[must_use]
    pub fn daily(self) -> Self {
        self.repeat(RecurrenceType::Daily, None)
    }

    /// Repeats the schedule every week.
    #[must_use]
    pub fn weekly(self) -> Self {
        self.repeat(RecurrenceType::Weekly, None)
    }

    /// Repeats the schedule whenever a cron expression fires. The service parses it.
    #[must_use]
    pub fn cron(self, expression: impl Into<String>) -> Self {
        self.repeat(RecurrenceType::Cron, Some(expression.into()))
    }

    /// Sets the time zone of the recurrence, for example `Europe/Paris`. The service's default is UTC.
    #[must_use]
    pub fn timezone(mut self, name: impl Into<String>) -> Self {
        self.recurrence().timezone = Some(name.into());
        self
    }

    fn repeat(mut self, kind: RecurrenceType, cron: Option<String>) -> Self {
        let recurrence = self.recurrence();
        (recurrence.type_, recurrence.cron_expression) = (Some(kind), cron);
        self
    }

    fn recurrence(&mut self) -> &mut Recurrence {
        self.0.recurrence.get_or_insert_default()
    }
}
