//! Stored documents of experiments.

use super::{schedule::Schedule, targeting::Condition};
use crate::{json::whole_number, rendering::OutputConfig, store::Document};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// Experiment, as the API returns it but for the internal member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Experiment {
    pub(crate) uid: String,
    pub(crate) slug: String,
    /// `ab_test`, `smart_link` or `scheduled`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: Option<String>,
    pub(crate) status: ExperimentStatus,
    pub(crate) variants: Vec<Variant>,
    pub(crate) goal_config: GoalConfig,
    pub(crate) bandit_config: BanditConfig,
    #[serde(deserialize_with = "whole_number")]
    pub(crate) minimum_sample_size: Option<u32>,
    pub(crate) confidence_threshold: Option<Number>,
    #[serde(deserialize_with = "whole_number")]
    pub(crate) minimum_run_days: Option<u32>,
    pub(crate) winner_variant_id: Option<String>,
    pub(crate) winner_declared_at: Option<String>,
    pub(crate) output_config: OutputConfig,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hypothesis: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fallback_image_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fallback_template_uid: Option<String>,
    /// ID of the variant that was served last. Responses do not contain it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_shown: Option<String>,
}

impl Document for Experiment {
    const KIND: &'static str = "experiment";
}

impl Experiment {
    /// Returns the variant with an id.
    pub(crate) fn variant(&self, id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.status == ExperimentStatus::Running
    }
}

/// Status of an experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExperimentStatus {
    #[default]
    Draft,
    Running,
    Paused,
    Completed,
    Archived,
}

impl ExperimentStatus {
    /// Returns the name in responses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Archived => "archived",
        }
    }

    /// Returns the statuses that an experiment can change to.
    pub(crate) fn transitions(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Running],
            Self::Running => &[Self::Paused, Self::Completed],
            Self::Paused => &[Self::Running, Self::Completed],
            Self::Completed | Self::Archived => &[],
        }
    }
}

/// Variant of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Variant {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub(crate) weight: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) variables: Option<Value>,
    pub(crate) is_default: bool,
    /// Order of the conditions; variants without it come last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) priority: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conditions: Option<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) schedule: Option<Schedule>,
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub(crate) impressions: u32,
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub(crate) clicks: u32,
    /// Members that the contract does not name.
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// Goal of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GoalConfig {
    /// `impressions_only`, `click_through` or `custom_event`.
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) destination_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_event_name: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Default for GoalConfig {
    fn default() -> Self {
        let kind = "impressions_only".to_owned();
        Self { kind, destination_url: None, custom_event_name: None, extra: Map::new() }
    }
}

/// Settings of the bandit, which prefers variants that are clicked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BanditConfig {
    pub(super) enabled: bool,
    /// `thompson_sampling` or `epsilon_greedy`.
    pub(super) algorithm: String,
    /// Number of impressions before the statistics count.
    #[serde(deserialize_with = "whole_number")]
    pub(super) warmup_impressions: Option<u32>,
    #[serde(deserialize_with = "whole_number")]
    recompute_interval_minutes: Option<u32>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Default for BanditConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            algorithm: "thompson_sampling".to_owned(),
            warmup_impressions: Some(50),
            recompute_interval_minutes: Some(15),
            extra: Map::new(),
        }
    }
}

/// Owner of a slug. A slug is reserved by inserting its document: of two concurrent inserts one fails.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SlugOwner {
    /// ID of the experiment.
    pub(crate) uid: String,
}

impl Document for SlugOwner {
    const KIND: &'static str = "slug";
}

fn whole_number_or_zero<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(whole_number(deserializer)?.unwrap_or_default())
}
