//! Join of webhook deliveries with the rows of a job. Deliveries do not name their batch; a row and its deliveries have
//! the same template and values.

use super::{BatchJob, BatchRow, job::Part};
use crate::{
    Deadline, Result,
    clock::Clock,
    timeout::timeout,
    webhooks::{Reader, RenderCompleted, RenderInbox},
};
use pictify_api::types::{RenderedLayout, Variables};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// Webhook deliveries for a job that is waited for.
pub(super) struct Deliveries {
    /// Shared with the future that waits for more, which may run on another thread.
    reader: Arc<Mutex<Reader>>,
    expected: Expected,
}

impl Deliveries {
    pub(super) fn new(inbox: &RenderInbox, job: &BatchJob) -> Self {
        Self { reader: Arc::new(Mutex::new(inbox.reader())), expected: Expected::of(job) }
    }

    /// Takes the deliveries that have arrived, before the inbox drops them.
    pub(super) fn take(&mut self, job: &mut BatchJob) {
        let Self { reader, expected, .. } = self;
        reader.lock().unwrap_or_else(PoisonError::into_inner).take(|render| expected.assign(job, render));
    }

    /// Takes the deliveries that have arrived. While images are missing and time is left, returns a future that waits
    /// for more.
    pub(super) fn take_or_wait(
        &mut self,
        job: &mut BatchJob,
        deadline: Deadline,
        clock: &Arc<dyn Clock>,
    ) -> Option<impl Future<Output = Result<()>> + Send + use<>> {
        self.take(job);
        let left = deadline.left(&**clock);
        if left.is_zero() || !Expected::is_missing(job) {
            return None;
        }
        let (reader, clock) = (self.reader.clone(), clock.clone());
        let more = std::future::poll_fn(move |context| {
            reader.lock().unwrap_or_else(PoisonError::into_inner).poll_more(context)
        });
        // The next call of `take_or_wait` finds out whether the wait timed out.
        Some(async move { timeout(&*clock, left, more).await.map_or(Ok(()), Ok) })
    }
}

/// Rows of a job, indexed by template and values.
struct Expected {
    rows: Vec<Row>,
    /// Indexes into `rows`, by template and canonical values.
    indexes: HashMap<(String, String), Vec<usize>>,
    /// Names of the variables that the rows of a template set, usually the same in every row.
    variable_names: HashMap<String, BTreeSet<Vec<String>>>,
}

/// A row: its part, its number in the part, and the number of images it still lacks.
struct Row {
    part: usize,
    number: u64,
    missing: usize,
}

impl Expected {
    fn of(job: &BatchJob) -> Self {
        let mut expected = Self { rows: Vec::new(), indexes: HashMap::new(), variable_names: HashMap::new() };
        for (index, part) in job.parts.iter().enumerate() {
            for (number, set) in (0..).zip(part.operation.body.variable_sets.iter().flatten()) {
                let mut names: Vec<_> = set.keys().cloned().collect();
                names.sort_unstable();
                expected.variable_names.entry(part.operation.uid.clone()).or_default().insert(names);
                let key = (part.operation.uid.clone(), canonical(set));
                expected.indexes.entry(key).or_default().push(expected.rows.len());
                let delivered = part.delivered.get(&number).map_or(0, Vec::len);
                let missing = images_per_row(part).saturating_sub(delivered);
                expected.rows.push(Row { part: index, number, missing });
            }
        }
        expected
    }

    /// Adds an image to the first row that it matches and that lacks one. Returns true if there was such a row.
    fn assign(&mut self, job: &mut BatchJob, render: &RenderCompleted) -> bool {
        let (Some(template), Some(variables), Some(url)) = (&render.template_id, &render.variables, &render.url) else {
            return false;
        };
        // The service may add the template's default values to the values that were sent.
        let index = self.exact(template, variables).or_else(|| self.similar(template, variables));
        let Some(row) = index.and_then(|index| self.rows.get_mut(index)) else { return false };
        row.missing -= 1;
        job.parts[row.part].delivered.entry(row.number).or_default().push(delivered_image(url, render));
        true
    }

    /// Returns the index of the first row that lacks an image and has exactly these values.
    fn exact(&self, template: &str, variables: &Variables) -> Option<usize> {
        let indexes = self.indexes.get(&(template.to_owned(), canonical(variables)))?;
        indexes.iter().copied().find(|index| self.rows[*index].missing > 0)
    }

    /// Returns the index of the first row that lacks an image and whose values are all among these. It looks rows up by
    /// the names of their variables: an inbox may be full of other jobs' images, and comparing each with every row
    /// would be slow.
    fn similar(&self, template: &str, variables: &Variables) -> Option<usize> {
        let variable_names = self.variable_names.get(template)?;
        variable_names.iter().filter_map(|names| self.exact(template, &only(names, variables)?)).min()
    }

    /// Returns true if a row that is reported as rendered lacks an image.
    fn is_missing(job: &BatchJob) -> bool {
        job.parts.iter().any(|part| {
            let images = images_per_row(part);
            let lacks = |row: &BatchRow| row.ok != Some(false) && row.results.len() + row.errors.len() < images;
            // Only the service knows the rows of a CSV file.
            part.operation.body.variable_sets.is_some() && part.reported_rows().iter().any(lacks)
        })
    }
}

/// Returns the number of images that each row of this request gets.
fn images_per_row(part: &Part) -> usize {
    part.operation.body.layouts.as_ref().map_or(1, |layouts| layouts.len().max(1))
}

fn delivered_image(url: &str, render: &RenderCompleted) -> RenderedLayout {
    let mut image = RenderedLayout::new(url.to_owned());
    (image.width, image.height) = (render.width, render.height);
    image.id.clone_from(&render.image_id);
    image.format = render.format.as_deref().map(Into::into);
    image.created_at.clone_from(&render.rendered_at);
    image.user_storage_url.clone_from(&render.user_storage_url);
    image
}

/// Returns the values as text that is equal for equal values: sorted members, whole numbers without a decimal point.
fn canonical(variables: &Variables) -> String {
    ordered(&Value::Object(variables.0.clone())).to_string()
}

fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().collect();
            sorted.into_iter().map(|(name, value)| (name.clone(), ordered(value))).collect()
        }
        Value::Array(items) => items.iter().map(ordered).collect(),
        Value::Number(number) => match number.as_f64() {
            #[allow(clippy::cast_possible_truncation, reason = "the range is exact in f64")]
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Value::from(float as i64),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

/// Returns the values with these names, if all of them exist.
fn only(names: &[String], variables: &Variables) -> Option<Variables> {
    let values = names.iter().map(|name| Some((name.clone(), variables.get(name)?.clone())));
    values.collect::<Option<serde_json::Map<_, _>>>().map(Variables::from)
}
