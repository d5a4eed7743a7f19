//! Images that are updated from a data source.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::bindings::BindingSource;
//! use std::time::Duration;
//!
//! let source = BindingSource::http("https://api.github.com/repos/octo/demo")?.bearer_token("example-token");
//! let binding = client
//!     .bindings()
//!     .create("XK4P2M9QZT", source, [("stars", "stargazers_count"), ("forks", "forks_count")])
//!     .name("GitHub stats")
//!     .refresh_every(Duration::from_secs(3600))
//!     .send()
//!     .await?;
//! println!("{:?}", binding.render_url);
//! # Ok(()) }
//! ```
//!
//! The service's dashboard removed bindings in July 2026, and the endpoints may follow: a call then fails with
//! [`NotFound`](crate::ErrorKind::NotFound) or [`Gone`](crate::ErrorKind::Gone).

#[cfg(feature = "cron")]
mod schedule;
mod source;

use crate::Acknowledgement;
use crate::Deletion;
use crate::{pagination::paged, resources::api_request, resources::resource, variables};
use pictify_api::{
    ValidationErrors,
    types::{ActiveOrPaused, CreateBindingRequest, JsonObject, ListBindingsQuery, UpdateBindingRequest, Variables},
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

pub use pictify_api::types::{
    Binding, BindingFetchTest, BindingFormat, BindingList, BindingMappingTest, BindingOutput, BindingRefresh,
    BindingStatus, BindingTest, DataSource, DataSourceType, RefreshErrorPolicy, RefreshPolicy, RefreshPolicyType,
};
pub use source::BindingSource;

resource! {
    /// The bindings of a client: [`client.bindings()`](crate::Client::bindings).
    Bindings
}

impl<C: Clone> Bindings<C> {
    /// Lists the bindings. `send` reads one page, [`items`](ListBindingsCall::items) reads all pages.
    ///
    /// `GET /bindings`, documented; reads only. The service returns 20 bindings a page unless a
    /// [`limit`](ListBindingsCall::limit) is set.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a limit outside 1 to 100; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::bindings::BindingStatus;
    ///
    /// let mut broken = client.bindings().list().status(BindingStatus::Error).items();
    /// while let Some(binding) = broken.try_next().await? {
    ///     println!("{:?}: {:?}", binding.uid, binding.last_error);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> ListBindingsCall<C> {
        self.call(ListBindings::default())
    }

    /// Connects a template to a data source. The image at the response's `render_url` stays up to date.
    ///
    /// `POST /bindings`, documented. `mapping` sets the path of each variable's value in the data, such as `name`,
    /// `user.name`, `items[0].name` or `items.length`. Creating bills nothing; the images rendered from it are billed.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a name of more than 255 characters, a refresh time outside
    /// one minute to one week, a quality outside 1 to 100, or a header that contains a secret; `NotFound` for the
    /// template; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::bindings::BindingSource;
    ///
    /// let source = BindingSource::http("https://example.com/data.json")?;
    /// let binding = client.bindings().create("XK4P2M9QZT", source, [("title", "post.title")]).send().await?;
    /// println!("{:?}", binding.render_url);
    /// # Ok(()) }
    /// ```
    pub fn create<K: Into<String>, V: Into<String>>(
        &self,
        template_uid: impl Into<String>,
        source: BindingSource,
        mapping: impl IntoIterator<Item = (K, V)>,
    ) -> CreateBindingCall<C> {
        let body = CreateBindingRequest::new(template_uid.into(), source.into_data_source(), texts(mapping));
        self.call(CreateBinding::of(body))
    }

    /// Reads one binding. Its credentials are not returned.
    ///
    /// `GET /bindings/{uid}`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.bindings().get("BN6T1VH2PA").send().await?.last_fetch_at);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetBindingCall<C> {
        self.call(GetBinding::of(uid.into()))
    }

    /// Changes a binding. Fields that are not set stay unchanged.
    ///
    /// `PUT /bindings/{uid}`, documented; safe to repeat.
    ///
    /// # Errors
    /// At `send`: as [`create`](Self::create).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use std::time::Duration;
    ///
    /// client.bindings().update("BN6T1VH2PA").refresh_every(Duration::from_secs(1800)).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, uid: impl Into<String>) -> UpdateBindingCall<C> {
        self.call(UpdateBinding::of(uid.into(), UpdateBindingRequest::default()))
    }

    /// Pauses a binding: it keeps its current data until [`resume`](Self::resume). Sends an [`update`](Self::update) of
    /// the status, which works with API keys. [`pause_via_endpoint`](Self::pause_via_endpoint) uses the service's
    /// endpoint for it.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.bindings().pause("BN6T1VH2PA").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn pause(&self, uid: impl Into<String>) -> UpdateBindingCall<C> {
        self.update(uid).with(|op| op.body.status = Some(ActiveOrPaused::Paused))
    }

    /// Resumes a paused binding, by an [`update`](Self::update) of the status.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.bindings().resume("BN6T1VH2PA").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn resume(&self, uid: impl Into<String>) -> UpdateBindingCall<C> {
        self.update(uid).with(|op| op.body.status = Some(ActiveOrPaused::Active))
    }

    /// Pauses a binding through the service's pause endpoint, which may accept dashboard logins only: it then returns
    /// 401 or 404. Prefer [`pause`](Self::pause).
    ///
    /// `POST /bindings/{uid}/pause`, documented by one source and contradicted by another; safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Authentication` or `NotFound` if the endpoint does not accept API keys; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.bindings().pause_via_endpoint("BN6T1VH2PA").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn pause_via_endpoint(&self, uid: impl Into<String>) -> PauseBindingCall<C> {
        self.call(PauseBinding::of(uid.into()))
    }

    /// Resumes a binding through the service's resume endpoint, which may accept dashboard logins only: it then returns
    /// 401 or 404. Prefer [`resume`](Self::resume).
    ///
    /// `POST /bindings/{uid}/resume`, documented by one source and contradicted by another; safe to repeat.
    ///
    /// # Errors
    /// As [`pause_via_endpoint`](Self::pause_via_endpoint).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.bindings().resume_via_endpoint("BN6T1VH2PA").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn resume_via_endpoint(&self, uid: impl Into<String>) -> ResumeBindingCall<C> {
        self.call(ResumeBinding::of(uid.into()))
    }

    /// Deletes a binding.
    ///
    /// `DELETE /bindings/{uid}`, documented; safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.bindings().delete("BN6T1VH2PA").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, uid: impl Into<String>) -> DeleteBindingCall<C> {
        self.call(DeleteBinding::of(uid.into()))
    }

    /// Fetches the data of a binding now.
    ///
    /// `POST /bindings/{uid}/refresh`, documented by one source and contradicted by another. If the endpoint accepts
    /// dashboard logins only, it returns 401 or 404. Reading the binding's `render_url` applies the refresh policy too,
    /// and needs no key; see [`Links::binding`](crate::links::Links::binding).
    ///
    /// # Errors
    /// At `send`: `Authentication` or `NotFound` if the endpoint does not accept API keys; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.bindings().refresh("BN6T1VH2PA").send().await?.image_url);
    /// # Ok(()) }
    /// ```
    pub fn refresh(&self, uid: impl Into<String>) -> RefreshBindingCall<C> {
        self.call(RefreshBinding::of(uid.into()))
    }

    /// Tests a binding's source and mapping. Returns the fetched data, the values of the variables and the paths that
    /// exist.
    ///
    /// `POST /bindings/{uid}/test`, documented by one source and contradicted by another. If the endpoint accepts
    /// dashboard logins only, it returns 401 or 404.
    ///
    /// # Errors
    /// At `send`: `Authentication` or `NotFound` if the endpoint does not accept API keys; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.bindings().test("BN6T1VH2PA").send().await?.available_paths);
    /// # Ok(()) }
    /// ```
    pub fn test(&self, uid: impl Into<String>) -> TestBindingCall<C> {
        self.call(TestBinding::of(uid.into()))
    }

    /// Pushes data to a binding that is [refreshed by pushes](CreateBindingCall::refresh_on_push).
    ///
    /// `POST /webhooks/{bindingUid}`, public: it takes a [`signature`](PushBindingDataCall::signature) instead of an
    /// API key. Only design notes of the service describe it.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `data` does not serialise
    /// to a JSON object; `Authentication` or `Permission` for a wrong signature; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let data = serde_json::json!({"stargazers_count": 513});
    /// client.bindings().push("BN6T1VH2PA", &data).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn push(&self, binding_uid: impl Into<String>, data: &impl Serialize) -> PushBindingDataCall<C> {
        let data = variables::object(data, "data").map(JsonObject::from);
        self.call_with(data, |data| PushBindingData::of(binding_uid.into(), None, data))
    }
}

/// Setters of [`Bindings::list`].
impl<C> ListBindingsCall<C> {
    /// Returns only bindings of the template with this uid.
    pub fn template(self, uid: impl Into<String>) -> Self {
        self.with(|op| op.query.template_id = Some(uid.into()))
    }

    /// Returns only bindings with this status.
    pub fn status(self, status: BindingStatus) -> Self {
        self.with(|op| op.query.status = Some(status))
    }
}

api_request! {
    /// The request of [`Bindings::list`] as data.
    #[derive(Default)]
    ListBindings / ListBindingsCall { #[serde(flatten)] query: ListBindingsQuery } -> BindingList = LIST_BINDINGS,
    |op, base| {
        let query = &op.query;
        requests::list_bindings(base, query.limit, query.page, query.status.clone(), query.template_id.as_deref())
    }
}

paged!(ListBindings / ListBindingsCall, bindings: Binding, id in uid, by page, 20 a page);

api_request! {
    /// The request of [`Bindings::create`] as data. It contains the credentials of the source.
    CreateBinding / CreateBindingCall { #[serde(flatten)] body: CreateBindingRequest } -> Binding = CREATE_BINDING,
    |op, base| requests::create_binding(base, &op.body),
    rules |op, found| check_headers(&op.body.data_source, found)
}

api_request! {
    /// The request of [`Bindings::get`] as data.
    GetBinding / GetBindingCall { uid: String } -> Binding = GET_BINDING,
    |op, base| requests::get_binding(base, &op.uid)
}

/// Setters of [`Bindings::update`] alone.
impl<C> UpdateBindingCall<C> {
    /// Replaces the data source.
    pub fn source(self, source: BindingSource) -> Self {
        self.with(|op| op.body.data_source = Some(source.into_data_source()))
    }

    /// Replaces the mapping: the path of each variable's value in the data.
    pub fn mapping<K: Into<String>, V: Into<String>>(self, mapping: impl IntoIterator<Item = (K, V)>) -> Self {
        self.with(|op| op.body.mapping = Some(texts(mapping)))
    }
}

api_request! {
    /// The request of [`Bindings::update`], [`pause`](Bindings::pause) and [`resume`](Bindings::resume) as data.
    UpdateBinding / UpdateBindingCall { uid: String, body: UpdateBindingRequest } -> Binding = UPDATE_BINDING,
    |op, base| requests::update_binding(base, &op.uid, &op.body),
    rules |op, found| op.body.data_source.iter().for_each(|source| check_headers(source, found))
}

api_request! {
    /// The request of [`Bindings::delete`] as data.
    DeleteBinding / DeleteBindingCall { uid: String } -> Deletion = DELETE_BINDING,
    |op, base| requests::delete_binding(base, &op.uid)
}

api_request! {
    /// The request of [`Bindings::refresh`] as data.
    RefreshBinding / RefreshBindingCall { uid: String } -> BindingRefresh = REFRESH_BINDING,
    |op, base| requests::refresh_binding(base, &op.uid)
}

api_request! {
    /// The request of [`Bindings::pause_via_endpoint`] as data.
    PauseBinding / PauseBindingCall { uid: String } -> Binding = PAUSE_BINDING,
    |op, base| requests::pause_binding(base, &op.uid)
}

api_request! {
    /// The request of [`Bindings::resume_via_endpoint`] as data.
    ResumeBinding / ResumeBindingCall { uid: String } -> Binding = RESUME_BINDING,
    |op, base| requests::resume_binding(base, &op.uid)
}

api_request! {
    /// The request of [`Bindings::test`] as data.
    TestBinding / TestBindingCall { uid: String } -> BindingTest = TEST_BINDING,
    |op, base| requests::test_binding(base, &op.uid)
}

/// Setters of [`Bindings::push`].
impl<C> PushBindingDataCall<C> {
    /// Sets the signature: `sha256=` and the HMAC-SHA256 of the body in hexadecimal.
    pub fn signature(self, signature: impl Into<String>) -> Self {
        self.with(|op| op.signature = Some(signature.into()))
    }
}

api_request! {
    /// The request of [`Bindings::push`] as data.
    PushBindingData / PushBindingDataCall { binding_uid: String, signature: Option<String>, data: JsonObject } -> Acknowledgement
        = PUSH_BINDING_DATA,
    |op, base| requests::push_binding_data(base, &op.binding_uid, op.signature.as_deref(), &op.data)
}

/// Names of headers that usually contain secrets. Responses and logs show headers, but not credentials.
const SECRET_HEADERS: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "x-api-key"];

fn check_headers(source: &DataSource, found: &mut ValidationErrors) {
    for name in source.headers.iter().flatten().map(|(name, _)| name) {
        if SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
            found.push("dataSource.headers", format!("must not contain {name}: use the credentials of the source"));
        }
    }
}

/// Implements the setters that creating and changing have in common.
macro_rules! setters {
    ($($call:ident of $method:ident),*) => {$(
        #[doc = concat!("Setters of [`Bindings::", stringify!($method), "`].")]
        impl<C> $call<C> {
            /// Sets a display name, up to 255 characters.
            pub fn name(self, name: impl Into<String>) -> Self {
                self.with(|op| op.body.name = Some(name.into()))
            }

            /// Sets the values of variables whose path finds nothing in the data.
            ///
            /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if they do not serialise to a JSON
            /// object.
            pub fn defaults(self, values: &impl Serialize) -> Self {
                let values = variables::object(values, "defaults").map(Variables::from);
                self.try_with(values, |op, values| op.body.defaults = Some(values))
            }

            /// Fetches the data again when it is older than `time`: one minute to one week, in whole seconds. The
            /// service's default is five minutes.
            pub fn refresh_every(self, time: Duration) -> Self {
                // Fractions are rounded up, so that the data is not fetched more often than requested.
                let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
                self.refresh(RefreshPolicyType::Ttl, Some(seconds))
            }

            /// Fetches the data again as often as a cron expression fires: `0 * * * *` is hourly. The service does not
            /// support cron, so the refresh time is the shortest time between two firings, limited to one minute to one
            /// week. The service chooses the minute within the hour.
            ///
            /// `send` fails with [`Validation`](crate::ErrorKind::Validation) for an expression that does not have five
            /// cron fields, or fires once or never.
            #[cfg(feature = "cron")]
            pub fn schedule(self, cron: &str) -> Self {
                match schedule::shortest_gap(cron) {
                    Ok(gap) => self.refresh_every(gap),
                    Err(error) => self.try_with(Err(error), |_, ()| ()),
                }
            }

            /// Fetches the data again when its `ETag` has changed at the source.
            pub fn refresh_on_change(self) -> Self {
                self.refresh(RefreshPolicyType::Etag, None)
            }

            /// Updates the data only when it is [pushed](Bindings::push).
            pub fn refresh_on_push(self) -> Self {
                self.refresh(RefreshPolicyType::Webhook, None)
            }

            /// Fetches the data only when [`refresh`](Bindings::refresh) is called.
            pub fn refresh_manually(self) -> Self {
                self.refresh(RefreshPolicyType::Manual, None)
            }

            /// Sets the image to show when the data cannot be fetched. The service's default is the last image.
            pub fn on_error(self, policy: RefreshErrorPolicy) -> Self {
                self.with(|op| op.body.refresh_policy.get_or_insert_default().on_error = Some(policy))
            }

            /// Sets the file format. The service's default is PNG.
            pub fn format(self, format: BindingFormat) -> Self {
                self.with(|op| op.body.output_config.get_or_insert_default().format = Some(format))
            }

            /// Sets the quality of lossy formats, 1 to 100. The service's default is 90.
            pub fn quality(self, quality: f64) -> Self {
                self.with(|op| op.body.output_config.get_or_insert_default().quality = Some(quality))
            }

            /// Sets the width and height in pixels. The default is the template's size.
            pub fn size(self, width: u32, height: u32) -> Self {
                self.with(|op| {
                    let output = op.body.output_config.get_or_insert_default();
                    (output.width, output.height) = (Some(width.into()), Some(height.into()));
                })
            }

            fn refresh(self, kind: RefreshPolicyType, ttl_seconds: Option<u64>) -> Self {
                self.with(|op| {
                    let policy = op.body.refresh_policy.get_or_insert_default();
                    (policy.type_, policy.ttl_seconds) = (Some(kind), ttl_seconds);
                })
            }
        }
    )*};
}

setters!(CreateBindingCall of create, UpdateBindingCall of update);

fn texts<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}
