//! Experiments that measure which image works better.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::experiments::{ExperimentType, Variant, Weight};
//!
//! let variants = [
//!     Variant::new("control", Weight::percent(50.0)).template("XK4P2M9QZT"),
//!     Variant::new("variant-b", Weight::percent(50.0)).template("PB11QWERTY"),
//! ];
//! let experiment = client
//!     .experiments()
//!     .create("Homepage hero", ExperimentType::AbTest, "homepage-hero", variants)
//!     .click_through("https://example.com/landing")
//!     .send()
//!     .await?;
//! client.experiments().start(experiment.uid).send().await?;
//! # Ok(()) }
//! ```
//!
//! The service removed experiments from its dashboard in July 2026: calls may fail with
//! [`NotFound`](crate::ErrorKind::NotFound) or [`Gone`](crate::ErrorKind::Gone).

mod condition;
mod rules;
mod variant;

use crate::Deletion;
use crate::images::ImageFormat;
use crate::{pagination::paged, resources::api_request, resources::resource, source::web_url};
use pictify_api::types::{
    BanditConfig, CompleteExperimentRequest, CreateExperimentRequest, ExperimentVariant, GoalConfig,
    ListExperimentsQuery, UpdateExperimentRequest,
};

pub use condition::{Attribute, Condition};
pub use pictify_api::types::{
    BanditAlgorithm, Experiment, ExperimentList, ExperimentOutput, ExperimentQuota, ExperimentQuotas, ExperimentStatus,
    ExperimentType, GoalType,
};
pub use variant::{Schedule, Variant, Weight};

resource! {
    /// The experiments of a client: [`client.experiments()`](crate::Client::experiments).
    Experiments
}

impl<C: Clone> Experiments<C> {
    /// Lists the experiments. `send` reads one page, [`items`](ListExperimentsCall::items) reads all pages.
    ///
    /// `GET /experiments/api`, retired: it may return 404 or 410. Reads only. The service returns 20 experiments a page
    /// unless a [`limit`](ListExperimentsCall::limit) is set.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a limit outside 1 to 100; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::experiments::ExperimentStatus;
    ///
    /// let mut running = client.experiments().list().status(ExperimentStatus::Running).items();
    /// while let Some(experiment) = running.try_next().await? {
    ///     println!("{:?} {:?}", experiment.slug, experiment.winner_variant_id);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> ListExperimentsCall<C> {
        self.call(ListExperiments::default())
    }

    /// Creates an experiment as a draft. Start it with [`start`](Self::start).
    ///
    /// `POST /experiments/api`, retired: it may return 404 or 410. Bills nothing. The slug is part of the image's URL:
    /// 3 to 60 lower-case letters, digits and hyphens; the first and last character are not hyphens.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for fewer than two variants, weights that do not sum to 100
    /// percent, two variants with the same ID, an invalid or reserved slug, conditions with an empty group or more than
    /// three levels, a schedule that ends before it starts, or a name of more than 255 characters; `Conflict` if the
    /// slug is in use; `QuotaExceeded` or `RateLimited` if the plan allows no more experiments; any error of the
    /// service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::experiments::{Attribute, Condition, ExperimentType, Variant, Weight};
    ///
    /// let phones = Condition::all([Attribute::DeviceType.is("mobile"), Attribute::GeoCountry.is_in(["US", "CA"])]);
    /// let variants = [
    ///     Variant::new("phones", Weight::percent(50.0)).template("XK4P2M9QZT").when(phones),
    ///     Variant::new("other", Weight::percent(50.0)).template("PB11QWERTY").fallback(),
    /// ];
    /// let call = client.experiments().create("Geo banner", ExperimentType::SmartLink, "geo-banner", variants);
    /// println!("{:?}", call.send().await?.uid);
    /// # Ok(()) }
    /// ```
    pub fn create(
        &self,
        name: impl Into<String>,
        kind: ExperimentType,
        slug: impl Into<String>,
        variants: impl IntoIterator<Item = Variant>,
    ) -> CreateExperimentCall<C> {
        let body = CreateExperimentRequest::new(name, kind, slug, wire(variants));
        self.call(CreateExperiment::of(body))
    }

    /// Reads the number of experiments that the plan allows, and the number that exist.
    ///
    /// `GET /experiments/api/quota`, retired: it may return 404 or 410. Reads only.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.experiments().quota().send().await?.max_variants);
    /// # Ok(()) }
    /// ```
    pub fn quota(&self) -> GetExperimentQuotaCall<C> {
        self.call(GetExperimentQuota::of())
    }

    /// Reads one experiment.
    ///
    /// `GET /experiments/api/{uid}`, retired: it may return 404 or 410. Reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// for variant in client.experiments().get("EX3M7K1QWD").send().await?.variants {
    ///     println!("{}: {:?} of {:?}", variant.id, variant.clicks, variant.impressions);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetExperimentCall<C> {
        self.call(GetExperiment::of(uid.into()))
    }

    /// Changes an experiment. Fields that are not set stay unchanged. While an experiment runs, only its name,
    /// confidence, minimum days and destination can change; once it is completed, only its name. The type never
    /// changes.
    ///
    /// `PUT /experiments/api/{uid}`, retired: it may return 404 or 410. Safe to repeat.
    ///
    /// # Errors
    /// At `send`: as [`create`](Self::create); also `Validation` from the service for a field that cannot change now.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.experiments().update("EX3M7K1QWD").name("Homepage hero (spring)").confidence(0.9).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, uid: impl Into<String>) -> UpdateExperimentCall<C> {
        self.call(UpdateExperiment::of(uid.into(), UpdateExperimentRequest::default()))
    }

    /// Deletes an experiment. Pause a running experiment first.
    ///
    /// `DELETE /experiments/api/{uid}`, retired: it may return 404 or 410. Safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Conflict` or `Validation` while it runs; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.experiments().delete("EX3M7K1QWD").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, uid: impl Into<String>) -> DeleteExperimentCall<C> {
        self.call(DeleteExperiment::of(uid.into()))
    }

    /// Starts a draft or paused experiment.
    ///
    /// `POST /experiments/api/{uid}/start`, retired: it may return 404 or 410. Safe to repeat. Starting a running
    /// experiment is a `Conflict`: one whose [`outcome_unknown`](crate::Error::outcome_unknown) is true may mean that
    /// an earlier attempt started it.
    ///
    /// # Errors
    /// At `send`: `Conflict` if it is neither a draft nor paused; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.experiments().start("EX3M7K1QWD").send().await?.status);
    /// # Ok(()) }
    /// ```
    pub fn start(&self, uid: impl Into<String>) -> StartExperimentCall<C> {
        self.call(StartExperiment::of(uid.into()))
    }

    /// Pauses a running experiment.
    ///
    /// `POST /experiments/api/{uid}/pause`, retired: it may return 404 or 410. Repeats behave as for
    /// [`start`](Self::start).
    ///
    /// # Errors
    /// As [`start`](Self::start).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.experiments().pause("EX3M7K1QWD").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn pause(&self, uid: impl Into<String>) -> PauseExperimentCall<C> {
        self.call(PauseExperiment::of(uid.into()))
    }

    /// Ends an experiment with a winner, which all visitors see from then on.
    ///
    /// `POST /experiments/api/{uid}/complete`, retired: it may return 404 or 410. Repeats behave as for
    /// [`start`](Self::start).
    ///
    /// # Errors
    /// As [`start`](Self::start); `Validation` for a variant that is not part of the experiment.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.experiments().complete("EX3M7K1QWD", "variant-b").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn complete(&self, uid: impl Into<String>, winner_variant_id: impl Into<String>) -> CompleteExperimentCall<C> {
        let body = CompleteExperimentRequest::new(winner_variant_id.into());
        self.call(CompleteExperiment::of(uid.into(), body))
    }
}

/// Setters of [`Experiments::list`].
impl<C> ListExperimentsCall<C> {
    /// Returns only experiments of this type.
    pub fn kind(self, kind: ExperimentType) -> Self {
        self.with(|op| op.query.type_ = Some(kind))
    }

    /// Returns only experiments with this status.
    pub fn status(self, status: ExperimentStatus) -> Self {
        self.with(|op| op.query.status = Some(status))
    }
}

api_request! {
    /// The request of [`Experiments::list`] as data.
    #[derive(Default)]
    ListExperiments / ListExperimentsCall { #[serde(flatten)] query: ListExperimentsQuery } -> ExperimentList = LIST_EXPERIMENTS,
    |op, base| {
        let query = op.query.clone();
        requests::list_experiments(base, query.limit, query.page, query.status, query.type_)
    }
}

paged!(ListExperiments / ListExperimentsCall, experiments: Experiment, id in uid, by flat, 20 a page);

/// Setters of [`Experiments::create`] alone.
impl<C> CreateExperimentCall<C> {
    /// Sets the template of variants that do not have their own.
    pub fn template(self, uid: impl Into<String>) -> Self {
        self.with(|op| op.body.template_uid = Some(uid.into()))
    }

    /// Sets the minimum number of impressions. The service's default is 1,000.
    pub fn minimum_sample(self, impressions: u64) -> Self {
        self.with(|op| op.body.minimum_sample_size = Some(impressions))
    }

    /// Sets the template to show if the variant's template cannot be rendered.
    pub fn fallback_template(self, uid: impl Into<String>) -> Self {
        self.with(|op| op.body.fallback_template_uid = Some(uid.into()))
    }
}

api_request! {
    /// The request of [`Experiments::create`] as data.
    CreateExperiment / CreateExperimentCall { #[serde(flatten)] body: CreateExperimentRequest } -> Experiment = CREATE_EXPERIMENT,
    |op, base| requests::create_experiment(base, &op.body),
    rules |op, found| {
        rules::slug(&op.body.slug, found);
        rules::variants(&op.body.variants, found);
        rules::goal(op.body.goal_config.as_ref(), found);
        rules::confidence(op.body.confidence_threshold, found);
    }
}

api_request! {
    /// The request of [`Experiments::quota`] as data.
    GetExperimentQuota / GetExperimentQuotaCall {} -> ExperimentQuota = GET_EXPERIMENT_QUOTA,
    |op, base| requests::get_experiment_quota(base)
}

api_request! {
    /// The request of [`Experiments::get`] as data.
    GetExperiment / GetExperimentCall { uid: String } -> Experiment = GET_EXPERIMENT,
    |op, base| requests::get_experiment(base, &op.uid)
}

/// Setters of [`Experiments::update`] alone.
impl<C> UpdateExperimentCall<C> {
    /// Sets a display name, up to 255 characters.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|op| op.body.name = Some(name.into()))
    }

    /// Sets the slug, with the rules of [`Experiments::create`].
    pub fn slug(self, slug: impl Into<String>) -> Self {
        self.with(|op| op.body.slug = Some(slug.into()))
    }

    /// Replaces all variants.
    pub fn variants(self, variants: impl IntoIterator<Item = Variant>) -> Self {
        self.with(|op| op.body.variants = Some(wire(variants)))
    }
}

api_request! {
    /// The request of [`Experiments::update`] as data.
    UpdateExperiment / UpdateExperimentCall { uid: String, body: UpdateExperimentRequest } -> Experiment = UPDATE_EXPERIMENT,
    |op, base| requests::update_experiment(base, &op.uid, &op.body),
    rules |op, found| {
        op.body.slug.iter().for_each(|slug| rules::slug(slug, found));
        op.body.variants.iter().for_each(|variants| rules::variants(variants, found));
        rules::goal(op.body.goal_config.as_ref(), found);
        rules::confidence(op.body.confidence_threshold, found);
    }
}

api_request! {
    /// The request of [`Experiments::delete`] as data.
    DeleteExperiment / DeleteExperimentCall { uid: String } -> Deletion = DELETE_EXPERIMENT,
    |op, base| requests::delete_experiment(base, &op.uid)
}

api_request! {
    /// The request of [`Experiments::start`] as data.
    StartExperiment / StartExperimentCall { uid: String } -> Experiment = START_EXPERIMENT,
    |op, base| requests::start_experiment(base, &op.uid)
}

api_request! {
    /// The request of [`Experiments::pause`] as data.
    PauseExperiment / PauseExperimentCall { uid: String } -> Experiment = PAUSE_EXPERIMENT,
    |op, base| requests::pause_experiment(base, &op.uid)
}

api_request! {
    /// The request of [`Experiments::complete`] as data.
    CompleteExperiment / CompleteExperimentCall { uid: String, body: CompleteExperimentRequest } -> Experiment = COMPLETE_EXPERIMENT,
    |op, base| requests::complete_experiment(base, &op.uid, &op.body)
}

/// Implements the setters that creating and changing have in common.
macro_rules! setters {
    ($($call:ident of $method:ident),*) => {$(
        #[doc = concat!("Setters of [`Experiments::", stringify!($method), "`].")]
        impl<C> $call<C> {
            /// Sets clicks as the goal; a click leads to `destination`. By default the service counts impressions only.
            ///
            /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if `destination` is not an absolute http
            /// or https URL.
            pub fn click_through(self, destination: impl AsRef<str>) -> Self {
                self.try_with(web_url("destination", destination.as_ref()), |op, destination| {
                    let mut goal = GoalConfig::default();
                    goal.destination_url = Some(destination.into());
                    goal.type_ = Some(GoalType::ClickThrough);
                    op.body.goal_config = Some(goal);
                })
            }

            /// Sets a custom event as the goal. Its name is a lower-case letter, then up to 49 lower-case letters,
            /// digits and underscores. Only older code of the service supports it.
            pub fn custom_event(self, name: impl Into<String>) -> Self {
                let mut goal = GoalConfig::default();
                (goal.type_, goal.custom_event_name) = (Some(GoalType::CustomEvent), Some(name.into()));
                self.with(|op| op.body.goal_config = Some(goal))
            }

            /// Shifts the weights towards the variant with better results, with this algorithm. Off by default.
            pub fn optimise(self, algorithm: BanditAlgorithm) -> Self {
                self.with(|op| {
                    let bandit: &mut BanditConfig = op.body.bandit_config.get_or_insert_default();
                    (bandit.enabled, bandit.algorithm) = (Some(true), Some(algorithm));
                })
            }

            /// Sets the number of impressions before weights are shifted, and the minutes between two shifts. The
            /// service's defaults are 50 and 15.
            pub fn optimise_after(self, impressions: u64, minutes: u64) -> Self {
                self.with(|op| {
                    let bandit: &mut BanditConfig = op.body.bandit_config.get_or_insert_default();
                    (bandit.warmup_impressions, bandit.recompute_interval_minutes) = (Some(impressions), Some(minutes));
                })
            }

            /// Sets the hypothesis, up to 500 characters.
            pub fn hypothesis(self, text: impl Into<String>) -> Self {
                self.with(|op| op.body.hypothesis = Some(text.into()))
            }

            /// Sets the confidence that a winner needs, 0 to 1. The service's default is 0.95.
            pub fn confidence(self, threshold: f64) -> Self {
                self.with(|op| op.body.confidence_threshold = Some(threshold))
            }

            /// Sets the minimum number of days that it runs. The service's default is 7.
            pub fn minimum_days(self, days: u64) -> Self {
                self.with(|op| op.body.minimum_run_days = Some(days))
            }

            /// Sets the file format of the images. The service's default is PNG.
            pub fn format(self, format: ImageFormat) -> Self {
                self.with(|op| op.body.output_config.get_or_insert_default().format = Some(format))
            }

            /// Sets the quality of lossy formats, 1 to 100. The service's default is 90.
            pub fn quality(self, quality: f64) -> Self {
                self.with(|op| op.body.output_config.get_or_insert_default().quality = Some(quality))
            }

            /// Sets the image to show if a variant cannot be rendered.
            ///
            /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if `url` is not an absolute http or https
            /// URL.
            pub fn fallback_image(self, url: impl AsRef<str>) -> Self {
                self.try_with(web_url("fallback_image", url.as_ref()), |op, url| op.body.fallback_image_url = Some(url.into()))
            }
        }
    )*};
}

setters!(CreateExperimentCall of create, UpdateExperimentCall of update);

fn wire(variants: impl IntoIterator<Item = Variant>) -> Vec<ExperimentVariant> {
    variants.into_iter().map(Variant::into_wire).collect()
}
