//! Conditions on visitors, which decide about the variant of a smart link.

use pictify_api::types::{Condition as WireCondition, ConditionType};
use serde::Serialize;
use serde_json::Value;

/// Condition on a visitor: a comparison, or a group of conditions.
///
/// ```
/// use pictify::experiments::{Attribute, Condition};
///
/// let condition = Condition::all([
///     Attribute::DeviceType.is("mobile"),
///     Condition::any([
///         Attribute::GeoCountry.is_in(["US", "CA"]),
///         Attribute::UrlParam("utm_source".to_owned()).contains("mail"),
///     ]),
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// All of these conditions.
    All(Vec<Condition>),
    /// At least one of these conditions.
    Any(Vec<Condition>),
    /// Comparison of an attribute with a value, created by the methods of [`Attribute`].
    #[non_exhaustive]
    Compare {
        /// Attribute to compare.
        attribute: Attribute,
        /// Operator: `eq`, `in`, `not_in`, `gt`, `lt`, `gte`, `lte` or `contains`.
        operator: &'static str,
        /// Value to compare with.
        value: Value,
    },
}

/// Attribute of a visitor or of the visit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attribute {
    /// Device type: `mobile`, `desktop` or `tablet`.
    DeviceType,
    /// Operating system.
    DeviceOs,
    /// Country, as a code of two capital letters.
    GeoCountry,
    /// Continent.
    GeoContinent,
    /// Hour of the day, 0 to 23.
    TimeHour,
    /// Day of the week.
    TimeDayOfWeek,
    /// The language of the browser.
    BrowserLanguage,
    /// Parameter of the image's URL, by name.
    UrlParam(String),
    /// Host of the page that links to the image.
    ReferrerDomain,
    /// Another attribute, by the service's name for it.
    Other(String),
}

impl Condition {
    /// Creates a group that is true if all of `conditions` are true. It needs at least one.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::All(conditions.into_iter().collect())
    }

    /// Creates a group that is true if at least one of `conditions` is true. It needs at least one.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::Any(conditions.into_iter().collect())
    }

    pub(super) fn into_wire(self) -> WireCondition {
        let group = |operator: &str, conditions: Vec<Self>| {
            let mut condition = WireCondition::default();
            (condition.type_, condition.operator) = (Some(ConditionType::Group), Some(operator.to_owned()));
            condition.children = Some(conditions.into_iter().map(Self::into_wire).collect());
            condition
        };
        match self {
            Self::All(conditions) => group("AND", conditions),
            Self::Any(conditions) => group("OR", conditions),
            Self::Compare { attribute, operator, value } => {
                let mut condition = WireCondition::default();
                (condition.type_, condition.operator) = (Some(ConditionType::Rule), Some(operator.to_owned()));
                (condition.property, condition.param_name) = attribute.into_wire();
                condition.value = Some(value);
                condition
            }
        }
    }
}

impl Attribute {
    /// Creates a condition: the attribute equals `value`.
    #[must_use]
    pub fn is(self, value: impl Into<Value>) -> Condition {
        self.compare("eq", value.into())
    }

    /// Creates a condition: the attribute equals one of `values`.
    #[must_use]
    pub fn is_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Condition {
        self.compare("in", values.into_iter().map(Into::into).collect())
    }

    /// Creates a condition: the attribute equals none of `values`.
    #[must_use]
    pub fn is_not_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Condition {
        self.compare("not_in", values.into_iter().map(Into::into).collect())
    }

    /// Creates a condition: the attribute contains `text`.
    #[must_use]
    pub fn contains(self, text: impl Into<String>) -> Condition {
        self.compare("contains", text.into().into())
    }

    /// Creates a condition: the attribute is greater than `value`.
    #[must_use]
    pub fn above(self, value: impl Into<Value>) -> Condition {
        self.compare("gt", value.into())
    }

    /// Creates a condition: the attribute is less than `value`.
    #[must_use]
    pub fn below(self, value: impl Into<Value>) -> Condition {
        self.compare("lt", value.into())
    }

    /// Creates a condition: the attribute is `value` or more.
    #[must_use]
    pub fn at_least(self, value: impl Into<Value>) -> Condition {
        self.compare("gte", value.into())
    }

    /// Creates a condition: the attribute is `value` or less.
    #[must_use]
    pub fn at_most(self, value: impl Into<Value>) -> Condition {
        self.compare("lte", value.into())
    }

    fn compare(self, operator: &'static str, value: Value) -> Condition {
        Condition::Compare { attribute: self, operator, value }
    }

    /// Returns the service's name of the attribute and, for a URL parameter, the parameter's name.
    fn into_wire(self) -> (Option<String>, Option<String>) {
        let name = match self {
            Self::DeviceType => "device.type",
            Self::DeviceOs => "device.os",
            Self::GeoCountry => "geo.country",
            Self::GeoContinent => "geo.continent",
            Self::TimeHour => "time.hour",
            Self::TimeDayOfWeek => "time.dayOfWeek",
            Self::BrowserLanguage => "browser.language",
            Self::UrlParam(parameter) => return (Some("url.param".to_owned()), Some(parameter)),
            Self::ReferrerDomain => "referrer.domain",
            Self::Other(name) => return (Some(name), None),
        };
        (Some(name.to_owned()), None)
    }
}

impl Serialize for Condition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.clone().into_wire().serialize(serializer)
    }
}
