//! Which row a delivered picture belongs to. Deliveries name no batch: what they have in common with a row is the
//! template and the values.

use super::{BatchJob, BatchRow};
use crate::{
    Clock, Deadline, Result,
    race::within,
    webhooks::{Inbox, Reader, RenderCompleted},
};
use pictify_api::types::{RenderedLayout, Variables};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
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
    pub(super) fn new(inbox: &Inbox, job: &BatchJob) -> Self {
        Self { reader: Arc::new(Mutex::new(inbox.reader())), expected: Expected::of(job), grace: GRACE }
    }

    /// Until when pictures of a job that has ended are waited for.
    pub(super) fn deadline(&self, deadline: Deadline, clock: &dyn Clock) -> Deadline {
        Deadline::after(self.grace.min(deadline.left(clock)), clock)
    }

    /// Takes what was delivered. While pictures are missing and there is time, returns the waiting for more.
    pub(super) fn take(
        &mut self,
        job: &mut BatchJob,
        deadline: Deadline,
        clock: &Arc<dyn Clock>,
    ) -> Option<impl Future<Output = Result<()>> + Send + use<>> {
        let Self { reader, expected, .. } = self;
        reader.lock().unwrap_or_else(PoisonError::into_inner).take(|render| expected.give(job, render));
        let left = deadline.left(&**clock);
        if left.is_zero() || !Expected::is_missing(job) {
            return None;
        }
        let (reader, clock) = (reader.clone(), clock.clone());
        let more = std::future::poll_fn(move |context| {
            reader.lock().unwrap_or_else(PoisonError::into_inner).poll_more(context)
        });
        // Whether it came in time is seen at the next turn.
        Some(async move { within(&*clock, left, more).await.map_or(Ok(()), Ok) })
    }
}

/// The rows of a job by what their deliveries will say.
struct Expected {
    rows: HashMap<(String, String), Vec<Row>>,
}

/// A row: its part, its place there, and how many pictures it may still get.
struct Row {
    part: usize,
    row: u64,
    wants: usize,
}

impl Expected {
    fn of(job: &BatchJob) -> Self {
        let mut rows: HashMap<_, Vec<Row>> = HashMap::new();
        for (index, part) in job.parts.iter().enumerate() {
            let body = &part.operation.body;
            let pictures = body.layouts.as_ref().map_or(1, |layouts| layouts.len().max(1));
            for (row, set) in (0..).zip(body.variable_sets.iter().flatten()) {
                let has = part.delivered.get(&row).map_or(0, Vec::len);
                let key = (part.operation.uid.clone(), canonical(set));
                rows.entry(key).or_default().push(Row { part: index, row, wants: pictures.saturating_sub(has) });
            }
        }
        Self { rows }
    }

    /// Gives a picture to the first row that it fits and that still wants one; says whether there was one.
    fn give(&mut self, job: &mut BatchJob, render: &RenderCompleted) -> bool {
        let (Some(template), Some(variables), Some(url)) = (&render.template_id, &render.variables, &render.url) else {
            return false;
        };
        let exact = (template.clone(), canonical(variables));
        let row = match self.rows.get_mut(&exact).and_then(|rows| rows.iter_mut().find(|row| row.wants > 0)) {
            Some(row) => row,
            // The service may add the template's defaults to what was sent.
            None => {
                let fits = |part: usize, row: u64| {
                    let operation = &job.parts[part].operation;
                    let sets = operation.body.variable_sets.as_deref().unwrap_or_default();
                    let set = usize::try_from(row).ok().and_then(|row| sets.get(row));
                    operation.uid == *template && set.is_some_and(|set| is_within(set, variables))
                };
                let rows = self.rows.values_mut().flatten().filter(|row| row.wants > 0);
                let Some(row) = rows.filter(|row| fits(row.part, row.row)).min_by_key(|row| (row.part, row.row)) else {
                    return false;
                };
                row
            }
        };
        row.wants -= 1;
        job.parts[row.part].delivered.entry(row.row).or_default().push(picture(url, render));
        true
    }

    /// Whether a row that is reported as rendered has no picture yet.
    fn is_missing(job: &BatchJob) -> bool {
        job.parts.iter().any(|part| {
            let layouts = part.operation.body.layouts.as_ref().map_or(1, |layouts| layouts.len().max(1));
            let knows_rows = part.operation.body.variable_sets.is_some();
            knows_rows && part.reported_rows().iter().any(|row| row.ok != Some(false) && lacks(row, layouts))
        })
    }
}

fn lacks(row: &BatchRow, pictures: usize) -> bool {
    row.results.len() + row.errors.len() < pictures
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

/// Whether everything that was sent came back.
fn is_within(sent: &Variables, delivered: &Variables) -> bool {
    sent.iter().all(|(name, value)| delivered.get(name).is_some_and(|other| ordered(other) == ordered(value)))
}
