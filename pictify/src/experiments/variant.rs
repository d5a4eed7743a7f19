//! A variant: what is shown, to how many, when, and to whom.

use super::When;
use crate::{Error, Result, variables};
use pictify_api::{
    Timestamp,
    types::{ExperimentVariant, Recurrence, RecurrenceType, VariantSchedule},
};
use serde::Serialize;

/// How much of the visitors sees a variant. All weights of an experiment sum to 100 percent.
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

    /// In percent, 0 to 100, rounded to a hundredth of a percent.
    #[must_use]
    pub fn percent(percent: f64) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast keeps to what fits")]
        Self((percent * 100.0).round() as u64)
    }

    /// In hundredths of a percent, 0 to 10,000.
    #[must_use]
    pub fn basis_points(points: u64) -> Self {
        Self(points)
    }

    /// The same for each of `variants`, as far as hundredths of a percent can be: the first ones get what is left over.
    pub fn even(variants: usize) -> impl Iterator<Item = Self> {
        let count = variants.max(1) as u64;
        let share = move |index| Self(Self::ALL.0 / count + u64::from(index < Self::ALL.0 % count));
        (0..variants as u64).map(share)
    }

    /// Hundredths of a percent.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// One of the pictures that an experiment compares.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant(ExperimentVariant);

impl Variant {
    /// A variant. Its id is letters, digits, `_` and `-`, and no other variant of the experiment has it.
    pub fn new(id: impl Into<String>, weight: Weight) -> Self {
        Self(ExperimentVariant::new(id.into(), weight.get()))
    }

    /// A name for people.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = Some(name.into());
        self
    }

    /// The template that it shows, if it is not the experiment's.
    #[must_use]
    pub fn template(mut self, uid: impl Into<String>) -> Self {
        self.0.template_uid = Some(uid.into());
        self
    }

    /// Values for the template's variables.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when they do not serialise to a JSON object.
    pub fn variables(mut self, variables: &impl Serialize) -> Result<Self> {
        self.0.variables = Some(variables::from(variables)?);
        Ok(self)
    }

    /// Shows this one to whom no other is for.
    #[must_use]
    pub fn fallback(mut self) -> Self {
        self.0.is_default = Some(true);
        self
    }

    /// In a smart link: which of several variants counts that a visitor fits. Only older code of the service knows it.
    #[must_use]
    pub fn priority(mut self, priority: i64) -> Self {
        self.0.priority = Some(priority);
        self
    }

    /// In a smart link: whom it is for.
    #[must_use]
    pub fn when(mut self, condition: When) -> Self {
        self.0.conditions = Some(condition.into_wire());
        self
    }

    /// In a scheduled experiment: when it is shown.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.0.schedule = Some(schedule.0);
        self
    }

    pub(super) fn into_wire(self) -> ExperimentVariant {
        self.0
    }
}

/// When a variant is shown.
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
    /// From one point in time to another: dates with time and offset as in RFC 3339, or anything else that makes a
    /// [`Timestamp`].
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when one of them is no date, or the end does not come after the start.
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

    /// Again every day.
    #[must_use]
    pub fn daily(self) -> Self {
        self.again(RecurrenceType::Daily, None)
    }

    /// Again every week.
    #[must_use]
    pub fn weekly(self) -> Self {
        self.again(RecurrenceType::Weekly, None)
    }

    /// Again whenever this cron expression fires. The service reads it.
    #[must_use]
    pub fn cron(self, expression: impl Into<String>) -> Self {
        self.again(RecurrenceType::Cron, Some(expression.into()))
    }

    /// The time zone of the recurrence, for example `Europe/Paris`. The service's default is UTC.
    #[must_use]
    pub fn timezone(mut self, name: impl Into<String>) -> Self {
        self.recurrence().timezone = Some(name.into());
        self
    }

    fn again(mut self, kind: RecurrenceType, cron: Option<String>) -> Self {
        let recurrence = self.recurrence();
        (recurrence.type_, recurrence.cron_expression) = (Some(kind), cron);
        self
    }

    fn recurrence(&mut self) -> &mut Recurrence {
        self.0.recurrence.get_or_insert_default()
    }
}
