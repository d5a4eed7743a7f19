//! Subscriptions to webhook events.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::webhooks::WebhookEventType;
//!
//! let subscription = client
//!     .webhooks()
//!     .create(WebhookEventType::RenderCompleted, "https://hooks.example.net/pictify")
//!     .template("XK4P2M9QZT")
//!     .send()
//!     .await?;
//! // Only this response contains the secret that signs the deliveries.
//! if let Some(secret) = &subscription.secret {
//!     std::fs::write("webhook.secret", secret.expose()).unwrap();
//! }
//! # Ok(()) }
//! ```

use crate::Acknowledgement;
use crate::Deletion;
use crate::{pagination::paged, resources::api_request, resources::resource, source::web_url};
use pictify_api::types::{
    ActiveOrPaused, CreateWebhookSubscriptionRequest, ListWebhookSubscriptionsQuery, UpdateWebhookSubscriptionRequest,
};

pub use pictify_api::types::{
    WebhookDelivery, WebhookEventType, WebhookFilters, WebhookPlatform, WebhookSubscription, WebhookSubscriptionList,
    WebhookSubscriptionStatus,
};

resource! {
    /// Webhook subscriptions of a client: [`client.webhooks()`](crate::Client::webhooks).
    Webhooks
}

impl<C: Clone> Webhooks<C> {
    /// Lists the subscriptions, without their secrets. `send` reads one page, [`items`](ListWebhookSubscriptionsCall::items) reads all pages.
    ///
    /// `GET /webhook-subscriptions`, documented; reads only. The service returns 20 subscriptions a page unless a
    /// [`limit`](ListWebhookSubscriptionsCall::limit) is set.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a page or limit of 0; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::webhooks::WebhookSubscriptionStatus;
    ///
    /// let mut failing = client.webhooks().list().status(WebhookSubscriptionStatus::Failed).items();
    /// while let Some(subscription) = failing.try_next().await? {
    ///     println!("{:?} {:?}", subscription.uid, subscription.target_url);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> ListWebhookSubscriptionsCall<C> {
        self.call(ListWebhookSubscriptions::default())
    }

    /// Subscribes a URL to one kind of event.
    ///
    /// `POST /webhook-subscriptions`, documented. Only this response contains the `secret` that signs the deliveries:
    /// store it immediately. The service expects HTTPS and rejects private addresses.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `target_url` is not an
    /// absolute http or https URL; `Permission` or `QuotaExceeded` on a plan without webhooks; any error of the
    /// service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::webhooks::WebhookEventType;
    ///
    /// let url = "https://hooks.example.net/pictify";
    /// let subscription = client.webhooks().create(WebhookEventType::RenderFailed, url).send().await?;
    /// println!("{:?}", subscription.uid);
    /// # Ok(()) }
    /// ```
    pub fn create(&self, event: WebhookEventType, target_url: impl AsRef<str>) -> CreateWebhookSubscriptionCall<C> {
        let target_url = web_url("target_url", target_url.as_ref()).map(String::from);
        self.call_with(target_url, |target_url| {
            let body = CreateWebhookSubscriptionRequest::new(event, target_url);
            CreateWebhookSubscription::of(body)
        })
    }

    /// Reads one subscription, without its secret.
    ///
    /// `GET /webhook-subscriptions/{uid}`, documented; reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let subscription = client.webhooks().get("WH3N8YD5KC").send().await?;
    /// println!("{:?} failures", subscription.failure_count);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetWebhookSubscriptionCall<C> {
        self.call(GetWebhookSubscription::of(uid.into()))
    }

    /// Changes a subscription. Fields that are not set stay unchanged.
    ///
    /// `PUT /webhook-subscriptions/{uid}`, documented; safe to repeat. The response format is unpublished: every field
    /// may be missing.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.webhooks().update("WH3N8YD5KC").target_url("https://hooks.example.net/new").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, uid: impl Into<String>) -> UpdateWebhookSubscriptionCall<C> {
        let body = UpdateWebhookSubscriptionRequest::default();
        self.call(UpdateWebhookSubscription::of(uid.into(), body))
    }

    /// Pauses deliveries until [`resume`](Self::resume). It sends an [`update`](Self::update) of the status, because
    /// the service's separate endpoints for pausing do not accept API keys.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.webhooks().pause("WH3N8YD5KC").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn pause(&self, uid: impl Into<String>) -> UpdateWebhookSubscriptionCall<C> {
        self.update(uid).with(|op| op.body.status = Some(ActiveOrPaused::Paused))
    }

    /// Resumes deliveries, including those that the service stopped after failures.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.webhooks().resume("WH3N8YD5KC").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn resume(&self, uid: impl Into<String>) -> UpdateWebhookSubscriptionCall<C> {
        self.update(uid).with(|op| op.body.status = Some(ActiveOrPaused::Active))
    }

    /// Deletes a subscription.
    ///
    /// `DELETE /webhook-subscriptions/{uid}`, documented; safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.webhooks().delete("WH3N8YD5KC").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, uid: impl Into<String>) -> DeleteWebhookSubscriptionCall<C> {
        self.call(DeleteWebhookSubscription::of(uid.into()))
    }

    /// Sends a test event to the URL of a subscription.
    ///
    /// `POST /webhook-subscriptions/{uid}/test`, mentioned on one page only: it may return 404. The response format is
    /// unpublished.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.webhooks().test("WH3N8YD5KC").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn test(&self, uid: impl Into<String>) -> TestWebhookSubscriptionCall<C> {
        self.call(TestWebhookSubscription::of(uid.into()))
    }
}

/// Setters of [`Webhooks::list`].
impl<C> ListWebhookSubscriptionsCall<C> {
    /// Returns only subscriptions to this event.
    pub fn event(self, event: WebhookEventType) -> Self {
        self.with(|op| op.query.event = Some(event))
    }

    /// Returns only subscriptions with this status.
    pub fn status(self, status: WebhookSubscriptionStatus) -> Self {
        self.with(|op| op.query.status = Some(status))
    }

    /// Returns only subscriptions made for this platform.
    pub fn platform(self, platform: WebhookPlatform) -> Self {
        self.with(|op| op.query.platform = Some(platform))
    }
}

api_request! {
    /// The request of [`Webhooks::list`] as data.
    #[derive(Default)]
    ListWebhookSubscriptions / ListWebhookSubscriptionsCall { #[serde(flatten)] query: ListWebhookSubscriptionsQuery } -> WebhookSubscriptionList
        = LIST_WEBHOOK_SUBSCRIPTIONS,
    |op, base| {
        let query = op.query.clone();
        requests::list_webhook_subscriptions(base, query.event, query.limit, query.page, query.platform, query.status)
    }
}

paged!(ListWebhookSubscriptions / ListWebhookSubscriptionsCall, subscriptions: WebhookSubscription, id in uid, by page, 20 a page);

/// Setters of [`Webhooks::create`].
impl<C> CreateWebhookSubscriptionCall<C> {
    /// Sets the platform behind the URL. The service's default is [`Custom`](WebhookPlatform::Custom).
    pub fn platform(self, platform: WebhookPlatform) -> Self {
        self.with(|op| op.body.platform = Some(platform))
    }

    /// Delivers only events of the template with this uid.
    pub fn template(self, uid: impl Into<String>) -> Self {
        self.with(|op| op.body.filters.get_or_insert_default().template_id = Some(uid.into()))
    }

    /// Delivers only events of the binding with this uid.
    pub fn binding(self, uid: impl Into<String>) -> Self {
        self.with(|op| op.body.filters.get_or_insert_default().binding_id = Some(uid.into()))
    }

    /// Sets the filters of events to deliver, and replaces all filters set before.
    pub fn filters(self, filters: WebhookFilters) -> Self {
        self.with(|op| op.body.filters = Some(filters))
    }
}

api_request! {
    /// The request of [`Webhooks::create`] as data.
    CreateWebhookSubscription / CreateWebhookSubscriptionCall { #[serde(flatten)] body: CreateWebhookSubscriptionRequest } -> WebhookSubscription
        = CREATE_WEBHOOK_SUBSCRIPTION,
    |op, base| requests::create_webhook_subscription(base, &op.body)
}

api_request! {
    /// The request of [`Webhooks::get`] as data.
    GetWebhookSubscription / GetWebhookSubscriptionCall { uid: String } -> WebhookSubscription = GET_WEBHOOK_SUBSCRIPTION,
    |op, base| requests::get_webhook_subscription(base, &op.uid)
}

/// Setters of [`Webhooks::update`].
impl<C> UpdateWebhookSubscriptionCall<C> {
    /// Sets the URL to deliver to.
    ///
    /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if it is not an absolute http or https URL.
    pub fn target_url(self, url: impl AsRef<str>) -> Self {
        self.try_with(web_url("target_url", url.as_ref()), |op, url| op.body.target_url = Some(url.into()))
    }

    /// Sets the filters of events to deliver.
    pub fn filters(self, filters: WebhookFilters) -> Self {
        self.with(|op| op.body.filters = Some(filters))
    }
}

api_request! {
    /// The request of [`Webhooks::update`], [`pause`](Webhooks::pause) and [`resume`](Webhooks::resume) as data.
    UpdateWebhookSubscription / UpdateWebhookSubscriptionCall { uid: String, body: UpdateWebhookSubscriptionRequest } -> WebhookSubscription
        = UPDATE_WEBHOOK_SUBSCRIPTION,
    |op, base| requests::update_webhook_subscription(base, &op.uid, &op.body)
}

api_request! {
    /// The request of [`Webhooks::delete`] as data.
    DeleteWebhookSubscription / DeleteWebhookSubscriptionCall { uid: String } -> Deletion = DELETE_WEBHOOK_SUBSCRIPTION,
    |op, base| requests::delete_webhook_subscription(base, &op.uid)
}

api_request! {
    /// The request of [`Webhooks::test`] as data.
    TestWebhookSubscription / TestWebhookSubscriptionCall { uid: String } -> Acknowledgement = TEST_WEBHOOK_SUBSCRIPTION,
    |op, base| requests::test_webhook_subscription(base, &op.uid)
}
