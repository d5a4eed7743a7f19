//! Which row a delivered picture belongs to. Deliveries name no batch: what they have in common with a row is the
//! template and the values.

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
    time::Duration,
};

/// How long pictures are waited for after a job has ended.
const GRACE: Duration = Duration::from_secs(60);

/// What comes by webhook for a job that is waited for.
pub(super) struct Deliveries {
    /// Shared with the waiting for more, which may run on another thread.
    reader: Arc<Mutex<Reader>>,
    expected: Expected,
    pub(super) grace: Duration,
}

impl Deliveries {
    pub(super) fn new(inbox: &RenderInbox, job: &BatchJob) -> Self {
        Self { reader: Arc::new(Mutex::new(inbox.reader())), expected: Expected::of(job), grace: GRACE }
    }

    /// Until when pictures of a job that has ended are waited for.
    pub(super) fn deadline(&self, deadline: Deadline, clock: &dyn Clock) -> Deadline {
        Deadline::after(self.grace.min(deadline.left(clock)), clock)
    }

    /// Takes what was delivered, before the inbox forgets it.
    pub(super) fn take(&mut self, job: &mut BatchJob) {
        let Self { reader, expected, .. } = self;
        reader.lock().unwrap_or_else(PoisonError::into_inner).take(|render| expected.give(job, render));
    }

    /// Takes what was delivered. While pictures are missing and there is time, returns the waiting for more.
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
        // Whether it came in time is seen at the next turn.
        Some(async move { timeout(&*clock, left, more).await.map_or(Ok(()), Ok) })
    }
}

/// The rows of a job by what their deliveries will say.
struct Expected {
    rows: Vec<Row>,
    /// The places of the rows with a template and values, in text.
    places: HashMap<(String, String), Vec<usize>>,
    /// Which names the rows of a template have values for: most often the same in every row.
    shapes: HashMap<String, BTreeSet<Vec<String>>>,
}

/// A row: its part, its number there, and how many pictures it may still get.
struct Row {
    part: usize,
    number: u64,
    wants: usize,
}

impl Expected {
    fn of(job: &BatchJob) -> Self {
        let mut expected = Self { rows: Vec::new(), places: HashMap::new(), shapes: HashMap::new() };
        for (index, part) in job.parts.iter().enumerate() {
            for (number, set) in (0..).zip(part.operation.body.variable_sets.iter().flatten()) {
                let mut names: Vec<_> = set.keys().cloned().collect();
                names.sort_unstable();
                expected.shapes.entry(part.operation.uid.clone()).or_default().insert(names);
                let key = (part.operation.uid.clone(), canonical(set));
                expected.places.entry(key).or_default().push(expected.rows.len());
                let has = part.delivered.get(&number).map_or(0, Vec::len);
                expected.rows.push(Row { part: index, number, wants: pictures_per_row(part).saturating_sub(has) });
            }
        }
        expected
    }

    /// Gives a picture to the first row that it fits and that still wants one; says whether there was one.
    fn give(&mut self, job: &mut BatchJob, render: &RenderCompleted) -> bool {
        let (Some(template), Some(variables), Some(url)) = (&render.template_id, &render.variables, &render.url) else {
            return false;
        };
        // The service may add the template's defaults to what was sent.
        let place = self.exact(template, variables).or_else(|| self.similar(template, variables));
        let Some(row) = place.and_then(|place| self.rows.get_mut(place)) else { return false };
        row.wants -= 1;
        job.parts[row.part].delivered.entry(row.number).or_default().push(picture(url, render));
        true
    }

    /// The first row that wants a picture and has just these values.
    fn exact(&self, template: &str, variables: &Variables) -> Option<usize> {
        let places = self.places.get(&(template.to_owned(), canonical(variables)))?;
        places.iter().copied().find(|place| self.rows[*place].wants > 0)
    }

    /// The first row that wants a picture and whose values are among these. By way of what the rows have values for: an inbox
    /// may be full of other jobs' pictures, and must not be held against every row.
    fn similar(&self, template: &str, variables: &Variables) -> Option<usize> {
        let shapes = self.shapes.get(template)?;
        shapes.iter().filter_map(|names| self.exact(template, &only(names, variables)?)).min()
    }

    /// Whether a row that is reported as rendered has no picture yet.
    fn is_missing(job: &BatchJob) -> bool {
        job.parts.iter().any(|part| {
            let pictures = pictures_per_row(part);
            let lacks = |row: &BatchRow| row.ok != Some(false) && row.results.len() + row.errors.len() < pictures;
            // Which rows a CSV file has only the service knows.
            part.operation.body.variable_sets.is_some() && part.reported_rows().iter().any(lacks)
        })
    }
}

/// How many pictures a row of this request gets.
fn pictures_per_row(part: &Part) -> usize {
    part.operation.body.layouts.as_ref().map_or(1, |layouts| layouts.len().max(1))
}

fn picture(url: &str, render: &RenderCompleted) -> RenderedLayout {
    let mut picture = RenderedLayout::new(url.to_owned());
    (picture.width, picture.height) = (render.width, render.height);
    picture.id.clone_from(&render.image_id);
    picture.format = render.format.as_deref().map(Into::into);
    picture.created_at.clone_from(&render.rendered_at);
    picture.user_storage_url.clone_from(&render.user_storage_url);
    picture
}

/// Values as text that is the same for equal values: members in order, whole numbers without a point.
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
            #[allow(clippy::cast_possible_truncation, reason = "within what is exact")]
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Value::from(float as i64),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

/// The values of these names, if all of them have one.
fn only(names: &[String], variables: &Variables) -> Option<Variables> {
    let values = names.iter().map(|name| Some((name.clone(), variables.get(name)?.clone())));
    values.collect::<Option<serde_json::Map<_, _>>>().map(Variables::from)
}
