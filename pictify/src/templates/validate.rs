//! Validation of values against a template's variables, before a render is paid for.

use super::{JsonType, Template, TemplateVariables, VariableDefinition, VariableError, VariableErrors, VariableType};
use crate::variables;
use serde::Serialize;
use serde_json::{Map, Value};

/// Validation of values against the definitions of a template's variables.
///
/// | check | error if |
/// |---|---|
/// | required variables | the value is missing or null, even if the variable has a default |
/// | names | no variable has the name; names are case-sensitive |
/// | types | the value has the wrong JSON type, for example a number for a boolean variable |
/// | lengths of texts | the length is outside the definition's limits |
///
/// A variable without a type is a text variable. Texts accept strings, numbers and booleans; dates accept strings and
/// numbers; null counts as missing. Types that this version does not know accept any value. The service adds undefined
/// variables of a source as text variables: define those that are lists or objects.
///
/// ```
/// use pictify::templates::{ValidateVariables, VariableDefinition, VariableType};
///
/// let mut title = VariableDefinition::new("title");
/// title.required = Some(true);
/// let mut badge = VariableDefinition::new("showBadge");
/// badge.type_ = Some(VariableType::Boolean);
///
/// let errors = [title, badge].validate(&serde_json::json!({"Title": "Hello", "showBadge": "yes"})).unwrap_err();
/// assert_eq!(
///     errors.to_string(),
///     "title: is required (text) and missing; showBadge: must be a boolean, is a string; \
///      Title: is not a variable of the template; did you mean title?"
/// );
/// ```
pub trait ValidateVariables {
    /// Checks `variables`, any value that serialises to a JSON object, and finds all errors.
    ///
    /// # Errors
    /// All errors together. They convert to an [`Error`](crate::Error) of the kind
    /// [`Validation`](crate::ErrorKind::Validation) with `?`.
    fn validate(&self, variables: &impl Serialize) -> Result<(), VariableErrors>;
}

impl ValidateVariables for [VariableDefinition] {
    fn validate(&self, variables: &impl Serialize) -> Result<(), VariableErrors> {
        let values = variables::object(variables, "").map_err(|error| {
            VariableErrors(vec![VariableError::NotAnObject { message: error.message().to_owned() }])
        })?;
        let mut errors = Vec::new();
        for definition in self {
            errors.extend(value_error(definition, values.get(&definition.name)));
        }
        errors.extend(unknown(self, &values));
        if errors.is_empty() { Ok(()) } else { Err(VariableErrors(errors)) }
    }
}

impl ValidateVariables for TemplateVariables {
    fn validate(&self, variables: &impl Serialize) -> Result<(), VariableErrors> {
        self.variables.validate(variables)
    }
}

impl ValidateVariables for Template {
    fn validate(&self, variables: &impl Serialize) -> Result<(), VariableErrors> {
        self.variable_definitions.validate(variables)
    }
}

/// Returns the error of one variable's value, if it has one.
fn value_error(definition: &VariableDefinition, value: Option<&Value>) -> Option<VariableError> {
    let name = definition.name.clone();
    let expected = definition.type_.clone().unwrap_or(VariableType::Text);
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return is_required(definition).then_some(VariableError::Missing { name, expected });
    };
    let actual = JsonType::from(value);
    if !accepts(&expected, actual) {
        return Some(VariableError::WrongType { name, expected, actual });
    }
    let (validation, text) = (definition.validation.as_ref()?, value.as_str()?);
    let (min, max) = (validation.min_length, validation.max_length);
    let actual = text.chars().count() as u64;
    let is_within = min.is_none_or(|min| actual >= min) && max.is_none_or(|max| actual <= max);
    (!is_within).then_some(VariableError::Length { name, min, max, actual })
}

/// Returns true if a value is required. Older responses have it beside the type, newer ones in the validation.
pub(crate) fn is_required(definition: &VariableDefinition) -> bool {
    let newer = || definition.validation.as_ref().and_then(|validation| validation.required);
    definition.required.or_else(newer).unwrap_or(false)
}

pub(crate) fn accepts(expected: &VariableType, actual: JsonType) -> bool {
    match expected {
        VariableType::Text | VariableType::String => {
            matches!(actual, JsonType::String | JsonType::Number | JsonType::Boolean)
        }
        VariableType::Image | VariableType::Video | VariableType::Audio | VariableType::Color | VariableType::Url => {
            actual == JsonType::String
        }
        VariableType::Number => actual == JsonType::Number,
        VariableType::Boolean => actual == JsonType::Boolean,
        VariableType::Date => matches!(actual, JsonType::String | JsonType::Number),
        VariableType::Array => actual == JsonType::Array,
        VariableType::Object => actual == JsonType::Object,
        _ => true,
    }
}

/// Describes the type of a variable for messages.
pub(crate) fn expectation(expected: &VariableType) -> &'static str {
    match expected {
        VariableType::Image => "the URL of an image as a string",
        VariableType::Video => "the URL of a video as a string",
        VariableType::Audio => "the URL of a sound as a string",
        VariableType::Color => "a colour as a string",
        VariableType::Url => "a URL as a string",
        VariableType::Number => "a number",
        VariableType::Boolean => "a boolean",
        VariableType::Date => "a date as a string or number",
        VariableType::Array => "a list",
        VariableType::Object => "an object",
        _ => "a text",
    }
}

/// Returns an error for each value that belongs to no variable.
fn unknown(definitions: &[VariableDefinition], values: &Map<String, Value>) -> Vec<VariableError> {
    let names = || definitions.iter().map(|definition| &definition.name);
    let unknown = values.keys().filter(|name| !names().any(|known| known == *name));
    unknown.map(|name| VariableError::Unknown { name: name.clone(), similar: similar(definitions, name) }).collect()
}

/// Returns the variable whose name differs from `name` in case, hyphens or underscores only.
pub(crate) fn similar(definitions: &[VariableDefinition], name: &str) -> Option<String> {
    let mut names = definitions.iter().map(|definition| &definition.name);
    names.find(|known| folded(known).eq(folded(name))).cloned()
}

/// Returns the name in lower case, without hyphens and underscores.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|letter| !matches!(letter, '-' | '_')).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind};
    use serde_json::json;

    fn definitions(value: Value) -> Vec<VariableDefinition> {
        serde_json::from_value(value).unwrap()
    }

    /// Returns the message for `value` as the value of a variable with this definition.
    fn message(mut definition: Value, value: &Value) -> String {
        definition["name"] = json!("it");
        let result = definitions(json!([definition])).validate(&json!({ "it": value }));
        result.map_or_else(|errors| errors.to_string(), |()| String::new())
    }

    #[test]
    fn each_type_accepts_the_right_values() {
        let values = [json!("x"), json!(1), json!(1.5), json!(true), json!([1]), json!({"a": 1}), json!(null)];
        for (kind, accepted) in [
            (json!({}), [true, true, true, true, false, false, true]),
            (json!({"type": "text"}), [true, true, true, true, false, false, true]),
            (json!({"type": "string"}), [true, true, true, true, false, false, true]),
            (json!({"type": "image"}), [true, false, false, false, false, false, true]),
            (json!({"type": "color"}), [true, false, false, false, false, false, true]),
            (json!({"type": "url"}), [true, false, false, false, false, false, true]),
            (json!({"type": "number"}), [false, true, true, false, false, false, true]),
            (json!({"type": "boolean"}), [false, false, false, true, false, false, true]),
            (json!({"type": "date"}), [true, true, true, false, false, false, true]),
            (json!({"type": "array"}), [false, false, false, false, true, false, true]),
            (json!({"type": "object"}), [false, false, false, false, false, true, true]),
            (json!({"type": "hologram"}), [true, true, true, true, true, true, true]),
        ] {
            for (value, accepted) in values.iter().zip(accepted) {
                assert_eq!(message(kind.clone(), value).is_empty(), accepted, "{kind} {value}");
            }
        }
    }

    #[test]
    fn an_error_has_the_variable_the_expected_and_the_actual_type() {
        for (definition, value, line) in [
            (json!({"type": "number"}), json!("5"), "it: must be a number, is a string"),
            (json!({"type": "image"}), json!(5), "it: must be the URL of an image as a string, is a number"),
            (json!({"type": "text"}), json!([]), "it: must be a text, is a list"),
            (json!({"type": "array"}), json!({}), "it: must be a list, is an object"),
            (json!({"required": true}), json!(null), "it: is required (text) and missing"),
            (json!({"required": true, "defaultValue": "x"}), json!(null), "it: is required (text) and missing"),
            (
                json!({"validation": {"required": true}, "type": "url"}),
                json!(null),
                "it: is required (url) and missing",
            ),
            (json!({"required": false, "validation": {"required": true}}), json!(null), ""),
            (json!({"validation": {"maxLength": 2}}), json!("äöü"), "it: must have at most 2 characters, has 3"),
            (json!({"validation": {"minLength": 2}}), json!("ä"), "it: must have at least 2 characters, has 1"),
            (json!({"validation": {"minLength": 2, "maxLength": 3}}), json!("äöü"), ""),
        ] {
            assert_eq!(message(definition.clone(), &value), line, "{definition} {value}");
        }
    }

    #[test]
    fn unknown_names_are_found_and_the_similar_name_is_suggested() {
        let known = definitions(json!([{"name": "firstName"}, {"name": "logo-url"}]));
        for (name, similar) in [
            ("FirstName", Some("firstName")),
            ("first_name", Some("firstName")),
            ("logoUrl", Some("logo-url")),
            ("surname", None),
        ] {
            let errors: Vec<_> = known.validate(&json!({ name: null })).unwrap_err().into_iter().collect();
            let similar = similar.map(str::to_owned);
            assert_eq!(errors, [VariableError::Unknown { name: name.to_owned(), similar }]);
        }
    }

    #[test]
    fn all_errors_are_reported_together_and_become_one_error() {
        let known = definitions(json!([{"name": "title", "required": true}, {"name": "on", "type": "boolean"}]));
        let errors = known.validate(&json!({"on": 1, "colour": "red"})).unwrap_err();
        assert_eq!(
            errors.to_string(),
            "title: is required (text) and missing; on: must be a boolean, is a number; \
             colour: is not a variable of the template"
        );
        let error = Error::from(errors.clone());
        assert_eq!(error.kind(), ErrorKind::Validation);
        let fields: Vec<_> = error.validation_errors().iter().map(|invalid| invalid.field.as_str()).collect();
        assert_eq!(fields, ["variables.title", "variables.on", "variables.colour"]);
        let source = error.get_ref().unwrap();
        assert_eq!(source.downcast_ref::<VariableErrors>(), Some(&errors));
    }

    #[test]
    fn values_that_are_not_an_object_are_an_error_and_not_a_panic() {
        let line = object_error(&[1, 2]);
        assert_eq!(line, "must serialise to a JSON object, not to a list");
        assert_eq!(object_error(&"text"), "must serialise to a JSON object, not to a string");
    }

    fn object_error(variables: &impl Serialize) -> String {
        definitions(json!([])).validate(variables).unwrap_err().to_string()
    }

    #[test]
    fn a_template_and_its_variables_validate_alike() {
        let variables: TemplateVariables = serde_json::from_value(json!({"variables": [{"name": "a"}]})).unwrap();
        let template: Template =
            serde_json::from_value(json!({"uid": "T", "variableDefinitions": [{"name": "a"}]})).unwrap();
        for values in [json!({"a": 1}), json!({"b": 1})] {
            assert_eq!(variables.validate(&values), template.validate(&values));
        }
    }
}
