//! Renders of one template with many sets of variables.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! #[derive(serde::Serialize)]
//! struct Badge { name: String }
//!
//! let people = ["Maya", "Ada"].map(|name| Badge { name: name.to_owned() });
//! let mut job = client.batches().create("XK4P2M9QZT", people).into_job();
//! job.start(&client).send().await?;
//! for row in job.wait(&client).send().await? {
//!     println!("{} {:?}", row.index, row.urls());
//! }
//! # Ok(()) }
//! ```
//!
//! A [`BatchJob`] splits the rows into requests of a size that the service accepts. It can be stored and resumed. To
//! render rows with concurrent single calls, with the images in the responses, see
//! [`Templates::render_many`](crate::templates::Templates::render_many).

mod cancel;
mod job;
mod row;
mod start;
mod wait;
#[cfg(feature = "webhook")]
mod webhook_join;

use crate::templates::RasterFormat;
use crate::{resources::api_request, resources::resource, source::web_url, variables};
use pictify_api::types::BatchRenderTemplateRequest;
use serde::Serialize;

pub use cancel::CancelJob;
pub use job::{BatchJob, BatchProgress};
pub use pictify_api::types::{Batch, BatchAccepted, BatchCancellation, BatchItem, BatchItemError, BatchStatus};
pub use row::BatchRow;
pub use start::StartJob;
pub use wait::WaitForJob;

resource! {
    /// The batch operations of a client: [`client.batches()`](crate::Client::batches).
    Batches
}

impl<C: Clone> Batches<C> {
    /// Renders a template once for each set of variables. Bills one render for each set and layout.
    ///
    /// `POST /templates/{uid}/batch-render`, live. `send` makes a single request. The plan limits the number of sets in
    /// it: documented limits are 100 to 1,000. [`into_job`](BatchRenderTemplateCall::into_job) splits the sets into
    /// several requests and tracks them.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, for an empty list of sets, a
    /// set that does not serialise to a JSON object, a quality outside 0.1 to 1 or a concurrency outside 1 to 10;
    /// `NotFound` for the template; `QuotaExceeded`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let posts = ["Post 1", "Post 2"].map(|title| serde_json::json!({"title": title}));
    /// let accepted = client.batches().create("XK4P2M9QZT", posts).send().await?;
    /// println!("{}", accepted.batch_id);
    /// # Ok(()) }
    /// ```
    pub fn create(
        &self,
        template_uid: impl Into<String>,
        variable_sets: impl IntoIterator<Item = impl Serialize>,
    ) -> BatchRenderTemplateCall<C> {
        let sets = variables::sets(variable_sets);
        self.call_with(sets, |sets| {
            let body = BatchRenderTemplateRequest { variable_sets: Some(sets), ..Default::default() };
            BatchRenderTemplate::of(template_uid.into(), body)
        })
    }

    /// Renders a template once for each row of a public CSV file, which the service downloads once. Bills one render
    /// for each row and layout.
    ///
    /// `POST /templates/{uid}/batch-render`, live. Set the column of each variable with
    /// [`map_column`](BatchRenderTemplateCall::map_column).
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation) if `csv_url` is not an absolute http or https URL; else
    /// as [`create`](Self::create).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let call = client.batches().create_from_csv("XK4P2M9QZT", "https://example.com/people.csv");
    /// let accepted = call.map_column("name", "attendee_name").send().await?;
    /// println!("{}", accepted.batch_id);
    /// # Ok(()) }
    /// ```
    pub fn create_from_csv(
        &self,
        template_uid: impl Into<String>,
        csv_url: impl AsRef<str>,
    ) -> BatchRenderTemplateCall<C> {
        let csv_url = web_url("csv_url", csv_url.as_ref()).map(String::from);
        self.call_with(csv_url, |csv_url| {
            let body = BatchRenderTemplateRequest { csv_url: Some(csv_url), ..Default::default() };
            BatchRenderTemplate::of(template_uid.into(), body)
        })
    }

    /// Reads the progress and the results of a batch.
    ///
    /// `GET /templates/batch/{batchId}/results`, live; reads only. The service sometimes omits the URLs of the images;
    /// they then arrive only by the `render.completed` webhook. Results are documented to be stored for seven days.
    ///
    /// # Errors
    /// At `send`: `Validation` for an id that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let batch = client.batches().get("BT7Q2LM4XR").send().await?;
    /// println!("{:?}: {:?} of {:?}", batch.status, batch.completed_items, batch.total_items);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, batch_id: impl Into<String>) -> GetBatchResultsCall<C> {
        self.call(GetBatchResults::of(batch_id.into()))
    }

    /// Cancels a batch. Rows that are already rendered stay rendered and billed.
    ///
    /// `POST /templates/batch/{batchId}/cancel`, live; safe to repeat.
    ///
    /// # Errors
    /// At `send`: `NotFound`; `Conflict` or `Validation` when it has already ended (which of the two is unpublished); any
    /// error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.batches().cancel("BT7Q2LM4XR").send().await?.status);
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self, batch_id: impl Into<String>) -> CancelBatchCall<C> {
        self.call(CancelBatch::of(batch_id.into()))
    }
}

/// Setters of [`Batches::create`] and [`Batches::create_from_csv`].
impl<C> BatchRenderTemplateCall<C> {
    /// Sets the file format. The service's default is PNG.
    pub fn format(self, format: RasterFormat) -> Self {
        self.with(|op| op.body.format = Some(format))
    }

    /// Sets the quality of lossy formats, 0.1 to 1. The service's default is 0.9.
    pub fn quality(self, quality: f64) -> Self {
        self.with(|op| op.body.quality = Some(quality))
    }

    /// Sets the number of concurrent renders at the service, 1 to 10; the plan may allow fewer. The service's default
    /// is 5.
    pub fn concurrency(self, renders: u64) -> Self {
        self.with(|op| op.body.concurrency = Some(renders))
    }

    /// Sets the key of the layout to render.
    pub fn layout(self, key: impl Into<String>) -> Self {
        self.with(|op| op.body.layout = Some(key.into()))
    }

    /// Sets the keys of up to 20 layouts. Each set of variables is rendered, and billed, once for each layout.
    pub fn layouts(self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|op| op.body.layouts = Some(keys.into_iter().map(Into::into).collect()))
    }

    /// Sets the column of the CSV file that contains the values of a variable of the template.
    pub fn map_column(self, variable: impl Into<String>, column: impl Into<String>) -> Self {
        self.with(|op| drop(op.body.mappings.get_or_insert_default().insert(variable.into(), column.into())))
    }

    /// Sets the URL that receives a delivery when the batch has ended: http or https. Only early documents of the
    /// service describe it, and a delivery is not guaranteed;
    /// [subscribe](crate::webhooks::Webhooks::create) to `render.completed` to receive the images.
    ///
    /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if `url` is not an absolute http or https URL.
    pub fn webhook_url(self, url: impl AsRef<str>) -> Self {
        self.try_with(web_url("webhookUrl", url.as_ref()), |op, url| op.body.webhook_url = Some(url.into()))
    }

    /// Splits the sets into requests of at most 100 sets, which every plan with batches should accept, and returns a
    /// job that tracks them.
    ///
    /// The options of this call (`with_*`) are dropped: a job is plain data.
    pub fn into_job(self) -> BatchJob {
        self.into_job_with_chunk_size(BatchJob::PART)
    }

    /// Splits the sets as [`into_job`](Self::into_job), into requests of at most `sets` sets.
    pub fn into_job_with_chunk_size(self, sets: usize) -> BatchJob {
        BatchJob::split(self.into_request(), sets)
    }
}

api_request! {
    /// The request of [`Batches::create`] and [`create_from_csv`](Batches::create_from_csv) as data.
    BatchRenderTemplate / BatchRenderTemplateCall { uid: String, body: BatchRenderTemplateRequest } -> BatchAccepted = BATCH_RENDER_TEMPLATE,
    |op, base| requests::batch_render_template(base, &op.uid, &op.body),
    rules |op, found| {
        if op.body.csv_url.is_some() == op.body.variable_sets.is_some() {
            found.push("", "exactly one of variableSets and csvUrl must be set");
        }
        if op.body.csv_url.is_none() && op.body.mappings.is_some() {
            found.push("mappings", "needs csvUrl: it maps variables to columns of the CSV file");
        }
        if op.body.layout.is_some() && op.body.layouts.is_some() {
            found.push("layouts", "cannot be set together with layout");
        }
    },
    renders |op| {
        let sets = op.body.variable_sets.as_ref().map_or(1, Vec::len);
        let layouts = op.body.layouts.as_ref().map_or(1, |layouts| layouts.len().max(1));
        sets.saturating_mul(layouts) as u64
    }
}

api_request! {
    /// The request of [`Batches::get`] as data.
    GetBatchResults / GetBatchResultsCall { batch_id: String } -> Batch = GET_BATCH_RESULTS,
    |op, base| requests::get_batch_results(base, &op.batch_id)
}

api_request! {
    /// The request of [`Batches::cancel`] as data.
    CancelBatch / CancelBatchCall { batch_id: String } -> BatchCancellation = CANCEL_BATCH,
    |op, base| requests::cancel_batch(base, &op.batch_id)
}
