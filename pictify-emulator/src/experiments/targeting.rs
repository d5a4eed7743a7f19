//! Targeting conditions of smart links: trees of rules, matched against the attributes of a visitor.
//!
//! Rules exist in two spellings, and both are supported: `operator: "eq"` with `device.type`, and `ruleOperator: "equals"`
//! with `device`.

use crate::json::lenient;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Maximum depth of a tree.
const MAX_DEPTH: usize = 3;

/// Attributes of a visitor. An unknown attribute matches no rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visitor {
    /// Query parameters of the URL.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) user_agent: String,
    pub(crate) languages: String,
    pub(crate) referrer: String,
    /// Country from the header of a proxy in front of the server. There is no other source for it.
    pub(crate) country: Option<String>,
    /// Hour and day of the week, from Sunday as 0, in UTC.
    pub(crate) time: (i8, i8),
}

impl Visitor {
    /// Returns the values of a property; `parameter` is the name of a query parameter. A language such as `fr-CA` has two
    /// values: itself and `fr`.
    fn property_values(&self, property: &str, parameter: &str) -> Vec<String> {
        let agent = self.user_agent.to_lowercase();
        let has = |names: &[&str]| names.iter().any(|name| agent.contains(name));
        let one = |text: &str| vec![text.to_lowercase()];
        match property {
            "url.param" | "url" => {
                let known = self.parameters.iter().filter(|(known, _)| known == parameter);
                known.map(|(_, value)| value.to_lowercase()).collect()
            }
            _ if agent.is_empty() && property.starts_with("device") => vec![],
            "device.type" | "device" => match () {
                () if has(&["ipad", "tablet"]) || (has(&["android"]) && !has(&["mobile"])) => one("tablet"),
                () if has(&["mobi", "iphone", "ipod"]) => one("mobile"),
                () => one("desktop"),
            },
            "device.os" | "os" => match () {
                () if has(&["iphone", "ipad", "ipod"]) => one("ios"),
                () if has(&["android"]) => one("android"),
                () if has(&["windows"]) => one("windows"),
                () if has(&["mac os", "macintosh"]) => one("macos"),
                () if has(&["linux"]) => one("linux"),
                () => vec![],
            },
            "geo.country" | "country" => self.country.as_deref().map(one).unwrap_or_default(),
            "time.hour" => one(&self.time.0.to_string()),
            "time.dayOfWeek" => one(&self.time.1.to_string()),
            "browser.language" | "language" => {
                let first = self.languages.split([',', ';']).next().unwrap_or_default().trim().to_lowercase();
                let part = first.split('-').next().unwrap_or_default().to_owned();
                [first, part].into_iter().filter(|text| !text.is_empty()).collect()
            }
            "referrer.domain" | "referrer" => {
                let host = self.referrer.split("://").nth(1).unwrap_or_default();
                let host = host.split(['/', '?', '#']).next().unwrap_or_default();
                let host = host.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
                if host.is_empty() { vec![] } else { one(host) }
            }
            _ => vec![],
        }
    }
}

/// Condition: a rule, or a group of conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Condition {
    /// Operator of a rule or of a group.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    rule_operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    property: Option<String>,
    /// Name of the query parameter that a rule for `url.param` reads.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    param_name: Option<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    children: Option<Vec<Condition>>,
    /// Members of a group in an older format.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<Condition>>,
    /// Members that the contract does not name.
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Condition {
    /// Returns true if a visitor matches.
    pub(super) fn matches(&self, visitor: &Visitor) -> bool {
        match self.children() {
            Some(children) if self.operator.as_ref().is_some_and(|join| join.eq_ignore_ascii_case("or")) => {
                children.iter().any(|child| child.matches(visitor))
            }
            Some(children) => !children.is_empty() && children.iter().all(|child| child.matches(visitor)),
            None => self.rule_matches(visitor),
        }
    }

    /// Returns the members of a group.
    fn children(&self) -> Option<&Vec<Self>> {
        self.children.as_ref().or(self.rules.as_ref())
    }

    fn rule_matches(&self, visitor: &Visitor) -> bool {
        let property = self.property.as_deref().unwrap_or_default();
        let found = visitor.property_values(property, self.param_name.as_deref().unwrap_or_default());
        if found.is_empty() {
            return false;
        }
        let wanted: Vec<_> = match &self.value {
            Value::Array(values) => values.iter().map(text).collect(),
            value => vec![text(value)],
        };
        let any =
            |test: fn(&str, &str) -> bool| found.iter().any(|found| wanted.iter().any(|wanted| test(found, wanted)));
        match self.rule_operator.as_deref().or(self.operator.as_deref()).unwrap_or("eq") {
            "eq" | "equals" | "in" => any(|found, wanted| found == wanted),
            "neq" | "ne" | "not_equals" | "not_in" => !any(|found, wanted| found == wanted),
            "contains" => any(|found, wanted| found.contains(wanted)),
            "not_contains" => !any(|found, wanted| found.contains(wanted)),
            "starts_with" => any(|found, wanted| found.starts_with(wanted)),
            "ends_with" => any(|found, wanted| found.ends_with(wanted)),
            "gt" => any(|found, wanted| numbers(found, wanted).is_some_and(|(found, wanted)| found > wanted)),
            "gte" => any(|found, wanted| numbers(found, wanted).is_some_and(|(found, wanted)| found >= wanted)),
            "lt" => any(|found, wanted| numbers(found, wanted).is_some_and(|(found, wanted)| found < wanted)),
            "lte" => any(|found, wanted| numbers(found, wanted).is_some_and(|(found, wanted)| found <= wanted)),
            _ => false,
        }
    }

    /// Checks the tree.
    pub(super) fn check(&self) -> Result<(), String> {
        self.check_level(1)
    }

    fn check_level(&self, level: usize) -> Result<(), String> {
        if level > MAX_DEPTH {
            return Err(format!("at most {MAX_DEPTH} levels"));
        }
        match self.children() {
            Some(children) if children.is_empty() => Err("a group has no children".to_owned()),
            Some(children) => children.iter().try_for_each(|child| child.check_level(level + 1)),
            None if self.property.is_some() => Ok(()),
            None => Err("a rule has no property".to_owned()),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase()
}

fn numbers(found: &str, wanted: &str) -> Option<(f64, f64)> {
    Some((found.parse().ok()?, wanted.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(condition: &Value, visitor: &Visitor) -> bool {
        serde_json::from_value::<Condition>(condition.clone()).unwrap().matches(visitor)
    }

    #[test]
    fn rules_match_attributes_of_a_visitor() {
        let visitor = Visitor {
            parameters: vec![("utm_source".to_owned(), "Mail".to_owned())],
            user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148".to_owned(),
            languages: "fr-CA,fr;q=0.8".to_owned(),
            referrer: "https://news.example.com:8080/a".to_owned(),
            country: None,
            time: (9, 6),
        };
        for (property, operator, value, expected) in [
            ("device.type", "eq", json!("mobile"), true),
            ("device", "equals", json!("desktop"), false),
            ("device.os", "in", json!(["android", "iOS"]), true),
            ("device.os", "not_in", json!(["android"]), true),
            ("url.param", "eq", json!("mail"), true),
            ("url.param", "not_contains", json!("mai"), false),
            ("browser.language", "eq", json!("fr"), true),
            ("browser.language", "eq", json!("fr-CA"), true),
            ("referrer.domain", "ends_with", json!(".example.com"), true),
            ("referrer.domain", "starts_with", json!("example"), false),
            ("time.hour", "gte", json!(9), true),
            ("time.hour", "gt", json!("9"), false),
            ("time.dayOfWeek", "in", json!([0, 6]), true),
            ("geo.country", "eq", json!("FR"), false),
            ("geo.country", "not_in", json!(["FR"]), false),
            ("shoe.size", "eq", json!(9), false),
            ("time.hour", "resembles", json!(9), false),
        ] {
            let rule = json!({"property": property, "operator": operator, "value": value, "paramName": "utm_source"});
            assert_eq!(matches(&rule, &visitor), expected, "{rule}");
        }
        let (yes, no) = (json!({"property": "device", "value": "mobile"}), json!({"property": "device", "value": "x"}));
        for (operator, children, expected) in [
            ("AND", json!([yes, yes]), true),
            ("AND", json!([yes, no]), false),
            ("OR", json!([no, yes]), true),
            ("OR", json!([]), false),
            ("AND", json!([]), false),
        ] {
            let group = json!({"operator": operator, "children": children});
            assert_eq!(matches(&group, &visitor), expected, "{group}");
        }
    }
}
