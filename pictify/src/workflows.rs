//! Workflows that render a document for each row and deliver it.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! #[derive(serde::Serialize)]
//! struct Person { name: &'static str, email: &'static str }
//!
//! let people = [Person { name: "Maya Chen", email: "maya@example.com" }];
//! let run = client
//!     .workflows()
//!     .create("XK4P2M9QZT", people)
//!     .pack_type("certificate")
//!     .map_column("recipientName", "name")
//!     .send()
//!     .await?;
//! println!("{}", run.uid);
//! # Ok(()) }
//! ```

use crate::Acknowledgement;
use crate::Deletion;
use crate::{Error, Result, resources::api_request, resources::resource, variables};
use pictify_api::{
    Secret,
    types::{
        CreateWorkflowHookRequest, CreateWorkflowRunRequest, JsonObject, PreviewWorkflowRequest,
        ResendWorkflowItemRequest,
    },
};
use serde::Serialize;

pub use pictify_api::types::{
    ResentWorkflowItem, WorkflowCounts, WorkflowHook, WorkflowHookList, WorkflowItem, WorkflowPreview,
    WorkflowPreviewStatus, WorkflowRun, WorkflowRunList, WorkflowStats,
};

resource! {
    /// The workflow operations of a client: [`client.workflows()`](crate::Client::workflows).
    Workflows
}

impl<C: Clone> Workflows<C> {
    /// Lists the newest 20 runs. This list has no pages.
    ///
    /// `GET /workflow`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// for run in client.workflows().list().send().await?.runs {
    ///     println!("{} {:?}", run.uid, run.status);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> ListWorkflowRunsCall<C> {
        self.call(ListWorkflowRuns::of())
    }

    /// Renders and delivers a document for each row. Bills one render for each row.
    ///
    /// `POST /workflow`, documented.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if there is no row, or a row
    /// does not serialise to a JSON object; `QuotaExceeded`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let rows = [serde_json::json!({"recipientName": "Maya Chen"})];
    /// let run = client.workflows().create("XK4P2M9QZT", rows).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn create(
        &self,
        template_uid: impl Into<String>,
        rows: impl IntoIterator<Item = impl Serialize>,
    ) -> CreateWorkflowRunCall<C> {
        let rows = rows.into_iter().map(|row| row_of(&row)).collect::<Result<Vec<_>>>();
        let rows = rows.and_then(|rows| {
            if rows.is_empty() { Err(Error::invalid_field("rows", "must not be empty")) } else { Ok(rows) }
        });
        self.call_with(rows, |rows| {
            let body = CreateWorkflowRunRequest::new(template_uid.into(), rows);
            CreateWorkflowRun::of(body)
        })
    }

    /// Reads the progress of a run, item by item.
    ///
    /// `GET /workflow/{uid}`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let run = client.workflows().get("RN4QWERTYU").send().await?;
    /// println!("{:?}", run.counts);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetWorkflowRunCall<C> {
        self.call(GetWorkflowRun::of(uid.into()))
    }

    /// Reads the totals of all runs.
    ///
    /// `GET /workflow/stats`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.workflows().stats().send().await?.documents_rendered);
    /// # Ok(()) }
    /// ```
    pub fn stats(&self) -> GetWorkflowStatsCall<C> {
        self.call(GetWorkflowStats::of())
    }

    /// Renders one row. Assume that it bills one render: no source says that it does not. An image is in the response;
    /// a video is queued, and [`preview_result`](Self::preview_result) reads it with the job's ID.
    ///
    /// `POST /workflow/preview`, documented.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if the row does not serialise
    /// to a JSON object; from the service, `Validation` if the template does not support the format; any error of the
    /// service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let row = serde_json::json!({"recipientName": "Maya Chen"});
    /// let preview = client.workflows().preview("XK4P2M9QZT", &row).output_format("png").send().await?;
    /// println!("{:?}", preview.url);
    /// # Ok(()) }
    /// ```
    pub fn preview(&self, template_uid: impl Into<String>, row: &impl Serialize) -> PreviewWorkflowCall<C> {
        self.call_with(row_of(row), |row| {
            let body = PreviewWorkflowRequest::new(template_uid.into(), row);
            PreviewWorkflow::of(body)
        })
    }

    /// Reads the result of a queued preview.
    ///
    /// `GET /workflow/preview/{jobId}`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for an id that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.workflows().preview_result("job-71").send().await?.status);
    /// # Ok(()) }
    /// ```
    pub fn preview_result(&self, job_id: impl Into<String>) -> GetWorkflowPreviewCall<C> {
        self.call(GetWorkflowPreview::of(job_id.into()))
    }

    /// Delivers an item of a run again, without rendering it again.
    ///
    /// `POST /workflow/{uid}/items/{index}/resend`, documented.
    ///
    /// # Errors
    /// At `send`: `NotFound`; any error of the service. If [`outcome_unknown`](crate::Error::outcome_unknown) is true,
    /// the item may have been delivered.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.workflows().resend("RN4QWERTYU", 0).email("maya.chen@example.com").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn resend(&self, uid: impl Into<String>, index: u64) -> ResendWorkflowItemCall<C> {
        self.call(ResendWorkflowItem::of(uid.into(), index, ResendWorkflowItemRequest::default()))
    }

    /// Creates a hook: a URL, with a secret in it, to which other systems send rows. Bills nothing.
    ///
    /// `POST /workflow/hooks`, documented. Store the secrets of the response; `Debug` does not show them.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let hook = client.workflows().create_hook("Course finished", "XK4P2M9QZT").send().await?;
    /// println!("{}", hook.uid);
    /// # Ok(()) }
    /// ```
    pub fn create_hook(&self, name: impl Into<String>, template_uid: impl Into<String>) -> CreateWorkflowHookCall<C> {
        self.call(CreateWorkflowHook::of(CreateWorkflowHookRequest::new(name.into(), template_uid.into())))
    }

    /// Lists the hooks, without their secrets.
    ///
    /// `GET /workflow/hooks`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// for hook in client.workflows().hooks().send().await?.hooks {
    ///     println!("{} {:?}", hook.uid, hook.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn hooks(&self) -> ListWorkflowHooksCall<C> {
        self.call(ListWorkflowHooks::of())
    }

    /// Deletes a hook.
    ///
    /// `DELETE /workflow/hooks/{uid}`, documented; safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.workflows().delete_hook("HK1QWERTYU").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete_hook(&self, uid: impl Into<String>) -> DeleteWorkflowHookCall<C> {
        self.call(DeleteWorkflowHook::of(uid.into()))
    }

    /// Sends a row to a hook, as another system would. Bills one render. No API key is sent: the secret authorises the
    /// request.
    ///
    /// `POST /workflow/hooks/{hookUid}/{secret}`, public.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if the row does not serialise
    /// to a JSON object; `Authentication` or `Permission` for a wrong secret or signature; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let secret = std::env::var("HOOK_SECRET").unwrap();
    /// let row = serde_json::json!({"recipientName": "Maya Chen"});
    /// client.workflows().send_to_hook("HK1QWERTYU", secret, &row).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn send_to_hook(
        &self,
        hook_uid: impl Into<String>,
        secret: impl Into<Secret>,
        row: &impl Serialize,
    ) -> SendWorkflowHookCall<C> {
        let (hook_uid, secret) = (hook_uid.into(), secret.into());
        self.call_with(row_of(row), |row| SendWorkflowHook::of(hook_uid, secret, None, row))
    }
}

/// Serialises a row to a JSON object.
fn row_of(row: &impl Serialize) -> Result<JsonObject> {
    let object: serde_json::Map<_, _> = variables::object(row, "row")?;
    Ok(object.into())
}

api_request! {
    /// The request of [`Workflows::list`] as data.
    ListWorkflowRuns / ListWorkflowRunsCall {} -> WorkflowRunList = LIST_WORKFLOW_RUNS,
    |op, base| requests::list_workflow_runs(base)
}

/// Setters of [`Workflows::create`].
impl<C> CreateWorkflowRunCall<C> {
    /// Sets the kind of documents, for example `certificate`. The possible values are unpublished.
    pub fn pack_type(self, pack_type: impl Into<String>) -> Self {
        self.with(|op| op.body.pack_type = Some(pack_type.into()))
    }
}

api_request! {
    /// The request of [`Workflows::create`] as data.
    CreateWorkflowRun / CreateWorkflowRunCall { #[serde(flatten)] body: CreateWorkflowRunRequest } -> WorkflowRun = CREATE_WORKFLOW_RUN,
    |op, base| requests::create_workflow_run(base, &op.body),
    renders |op| op.body.rows.len() as u64
}

/// Implements the setters that runs and hooks have in common.
macro_rules! delivery_setters {
    ($($operation:ident),*) => {$(
        /// Setters of the column mapping and the delivery.
        impl<C> $operation<C> {
            /// Fills a variable of the template from a column of the rows. Call it once for each variable.
            pub fn map_column(self, variable: impl Into<String>, column: impl Into<String>) -> Self {
                self.with(|op| {
                    op.body.column_mapping.get_or_insert_default().insert(variable.into(), column.into());
                })
            }

            /// Sets the delivery of the documents. Its members are unpublished, except `email` (true or false) and
            /// `subject`.
            pub fn delivery(self, delivery: impl Into<JsonObject>) -> Self {
                self.with(|op| op.body.delivery = Some(delivery.into()))
            }
        }
    )*};
}

delivery_setters!(CreateWorkflowRunCall, CreateWorkflowHookCall);

api_request! {
    /// The request of [`Workflows::get`] as data.
    GetWorkflowRun / GetWorkflowRunCall { uid: String } -> WorkflowRun = GET_WORKFLOW_RUN,
    |op, base| requests::get_workflow_run(base, &op.uid)
}

api_request! {
    /// The request of [`Workflows::stats`] as data.
    GetWorkflowStats / GetWorkflowStatsCall {} -> WorkflowStats = GET_WORKFLOW_STATS,
    |op, base| requests::get_workflow_stats(base)
}

/// Setters of [`Workflows::preview`].
impl<C> PreviewWorkflowCall<C> {
    /// Fills a variable of the template from a column of the row. Call it once for each variable.
    pub fn map_column(self, variable: impl Into<String>, column: impl Into<String>) -> Self {
        self.with(|op| {
            op.body.column_mapping.get_or_insert_default().insert(variable.into(), column.into());
        })
    }

    /// Sets the file format, for example `png` or `mp4`.
    pub fn output_format(self, format: impl Into<String>) -> Self {
        self.with(|op| op.body.output_format = Some(format.into()))
    }
}

api_request! {
    /// The request of [`Workflows::preview`] as data.
    PreviewWorkflow / PreviewWorkflowCall { #[serde(flatten)] body: PreviewWorkflowRequest } -> WorkflowPreview = PREVIEW_WORKFLOW,
    |op, base| requests::preview_workflow(base, &op.body)
}

api_request! {
    /// The request of [`Workflows::preview_result`] as data.
    GetWorkflowPreview / GetWorkflowPreviewCall { job_id: String } -> WorkflowPreview = GET_WORKFLOW_PREVIEW,
    |op, base| requests::get_workflow_preview(base, &op.job_id)
}

/// Setters of [`Workflows::resend`].
impl<C> ResendWorkflowItemCall<C> {
    /// Sets another email address to deliver to.
    pub fn email(self, address: impl Into<String>) -> Self {
        self.with(|op| op.body.email = Some(address.into()))
    }
}

api_request! {
    /// The request of [`Workflows::resend`] as data.
    ResendWorkflowItem / ResendWorkflowItemCall { uid: String, index: u64, body: ResendWorkflowItemRequest } -> ResentWorkflowItem
        = RESEND_WORKFLOW_ITEM,
    |op, base| requests::resend_workflow_item(base, &op.uid, op.index, &op.body)
}

api_request! {
    /// The request of [`Workflows::create_hook`] as data.
    CreateWorkflowHook / CreateWorkflowHookCall { #[serde(flatten)] body: CreateWorkflowHookRequest } -> WorkflowHook = CREATE_WORKFLOW_HOOK,
    |op, base| requests::create_workflow_hook(base, &op.body)
}

api_request! {
    /// The request of [`Workflows::hooks`] as data.
    ListWorkflowHooks / ListWorkflowHooksCall {} -> WorkflowHookList = LIST_WORKFLOW_HOOKS,
    |op, base| requests::list_workflow_hooks(base)
}

api_request! {
    /// The request of [`Workflows::delete_hook`] as data.
    DeleteWorkflowHook / DeleteWorkflowHookCall { uid: String } -> Deletion = DELETE_WORKFLOW_HOOK,
    |op, base| requests::delete_workflow_hook(base, &op.uid)
}

/// Setters of [`Workflows::send_to_hook`].
impl<C> SendWorkflowHookCall<C> {
    /// Sets the signature of the row, if the hook requires one: `t=SECONDS,v1=HEX` over the bytes that are sent.
    pub fn signature(self, signature: impl Into<String>) -> Self {
        self.with(|op| op.signature = Some(signature.into()))
    }
}

api_request! {
    /// The request of [`Workflows::send_to_hook`] as data. Its serialised form contains the secret; `Debug` does not
    /// show it.
    SendWorkflowHook / SendWorkflowHookCall { hook_uid: String, secret: Secret, signature: Option<String>, row: JsonObject } -> Acknowledgement
        = SEND_WORKFLOW_HOOK,
    |op, base| requests::send_workflow_hook(base, &op.hook_uid, op.secret.expose(), op.signature.as_deref(), &op.row)
}
