//! Who sees a variant of a smart link.

use pictify_api::types::{Condition, ConditionType};
use serde::Serialize;
use serde_json::Value;

/// A condition on who looks: a comparison, or a group of conditions.
///
/// ```
/// use pictify::experiments::{Property, When};
///
/// let when = When::all([
///     Property::DeviceType.is("mobile"),
///     When::any([
///         Property::GeoCountry.is_in(["US", "CA"]),
///         Property::UrlParam("utm_source".to_owned()).contains("mail"),
///     ]),
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum When {
    /// All of these.
    All(Vec<When>),
    /// At least one of these.
    Any(Vec<When>),
    /// A comparison; made by the methods of [`Property`].
    #[non_exhaustive]
    Compare {
        /// What is compared.
        property: Property,
        /// How: `eq`, `in`, `not_in`, `gt`, `lt`, `gte`, `lte` or `contains`.
        operator: &'static str,
        /// With what.
        value: Value,
    },
}

/// What is known of who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Property {
    /// `mobile`, `desktop` or `tablet`.
    DeviceType,
    /// The operating system.
    DeviceOs,
    /// The country, as a code of two capitals.
    GeoCountry,
    /// The continent.
    GeoContinent,
    /// The hour of the day, 0 to 23.
    TimeHour,
    /// The day of the week.
    TimeDayOfWeek,
    /// The language of the browser.
    BrowserLanguage,
    /// A parameter of the picture's URL, by its name.
    UrlParam(String),
    /// The host that leads here.
    ReferrerDomain,
    /// Another one, as the service writes it.
    Other(String),
}

impl When {
    /// All of these; there must be one at least.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::All(conditions.into_iter().collect())
    }

    /// At least one of these; there must be one at least.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::Any(conditions.into_iter().collect())
    }

    pub(super) fn into_wire(self) -> Condition {
        let group = |operator: &str, conditions: Vec<Self>| {
            let mut condition = Condition::default();
            (condition.type_, condition.operator) = (Some(ConditionType::Group), Some(operator.to_owned()));
            condition.children = Some(conditions.into_iter().map(Self::into_wire).collect());
            condition
        };
        match self {
            Self::All(conditions) => group("AND", conditions),
            Self::Any(conditions) => group("OR", conditions),
            Self::Compare { property, operator, value } => {
                let mut condition = Condition::default();
                (condition.type_, condition.operator) = (Some(ConditionType::Rule), Some(operator.to_owned()));
                (condition.property, condition.param_name) = property.into_wire();
                condition.value = Some(value);
                condition
            }
        }
    }
}

impl Property {
    /// It is this.
    #[must_use]
    pub fn is(self, value: impl Into<Value>) -> When {
        self.compare("eq", value.into())
    }

    /// It is one of these.
    #[must_use]
    pub fn is_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> When {
        self.compare("in", values.into_iter().map(Into::into).collect())
    }

    /// It is none of these.
    #[must_use]
    pub fn is_not_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> When {
        self.compare("not_in", values.into_iter().map(Into::into).collect())
    }

    /// It contains this text.
    #[must_use]
    pub fn contains(self, text: impl Into<String>) -> When {
        self.compare("contains", text.into().into())
    }

    /// It is more than this.
    #[must_use]
    pub fn above(self, value: impl Into<Value>) -> When {
        self.compare("gt", value.into())
    }

    /// It is less than this.
    #[must_use]
    pub fn below(self, value: impl Into<Value>) -> When {
        self.compare("lt", value.into())
    }

    /// It is this or more.
    #[must_use]
    pub fn at_least(self, value: impl Into<Value>) -> When {
        self.compare("gte", value.into())
    }

    /// It is this or less.
    #[must_use]
    pub fn at_most(self, value: impl Into<Value>) -> When {
        self.compare("lte", value.into())
    }

    fn compare(self, operator: &'static str, value: Value) -> When {
        When::Compare { property: self, operator, value }
    }

    /// The property and, for a parameter, its name.
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

impl Serialize for When {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.clone().into_wire().serialize(serializer)
    }
}
