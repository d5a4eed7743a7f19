//! Whether values fit a template's variables, before a render is paid for.

use super::{
    JsonType, Template, TemplateVariables, VariableDefinition, VariableProblem, VariableProblems, VariableType,
};
use crate::variables;
use serde::Serialize;
use serde_json::{Map, Value};

/// Holds values against the definitions of a template's variables.
///
/// | looked at | is a problem |
/// |---|---|
/// | required variables | none given, or null, even where there is a default |
/// | names | one that no variable has; upper and lower case differ |
/// | types | a number where a boolean is wanted, and so on |
/// | lengths of texts | outside the definition's bounds |
///
/// A variable without a type is a text. Texts take strings, numbers and booleans, since each has one way to be written;
/// dates take strings and numbers; null is as good as no value. Types that this version does not know take anything. A
/// variable that the service has added on its own is a text: define it, if it is a list or an object.
///
/// ```
/// use pictify::templates::{CheckVariables, VariableDefinition, VariableType};
///
/// let mut title = VariableDefinition::new("title");
/// title.required = Some(true);
/// let mut badge = VariableDefinition::new("showBadge");
/// badge.type_ = Some(VariableType::Boolean);
///
/// let problems = [title, badge].check(&serde_json::json!({"Title": "Hello", "showBadge": "yes"})).unwrap_err();
/// assert_eq!(
///     problems.to_string(),
///     "title: is required (text) and not given; showBadge: must be a boolean, is a string; \
///      Title: is not a variable of the template, title is"
/// );
/// ```
pub trait CheckVariables {
    /// Finds every problem that `variables`, anything that serialises to a JSON object, has.
    ///
    /// # Errors
    /// All problems at once. They turn into an [`Error`](crate::Error) of the kind
    /// [`Validation`](crate::ErrorKind::Validation) by `?`.
    fn check(&self, variables: &impl Serialize) -> Result<(), VariableProblems>;
}

impl CheckVariables for [VariableDefinition] {
    fn check(&self, variables: &impl Serialize) -> Result<(), VariableProblems> {
        let values = variables::object(variables, "").map_err(|error| {
            VariableProblems(vec![VariableProblem::NotAnObject { why: error.message().to_owned() }])
        })?;
        let mut problems = Vec::new();
        for definition in self {
            problems.extend(problem(definition, values.get(&definition.name)));
        }
        problems.extend(unknown(self, &values));
        if problems.is_empty() { Ok(()) } else { Err(VariableProblems(problems)) }
    }
}

impl CheckVariables for TemplateVariables {
    fn check(&self, variables: &impl Serialize) -> Result<(), VariableProblems> {
        self.variables.check(variables)
    }
}

impl CheckVariables for Template {
    fn check(&self, variables: &impl Serialize) -> Result<(), VariableProblems> {
        self.variable_definitions.check(variables)
    }
}

/// What is wrong with the value of one variable.
fn problem(definition: &VariableDefinition, value: Option<&Value>) -> Option<VariableProblem> {
    let name = definition.name.clone();
    let expected = definition.type_.clone().unwrap_or(VariableType::Text);
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return is_required(definition).then_some(VariableProblem::Missing { name, expected });
    };
    let given = JsonType::from(value);
    if !takes(&expected, given) {
        return Some(VariableProblem::WrongType { name, expected, given });
    }
    let (validation, text) = (definition.validation.as_ref()?, value.as_str()?);
    let (min, max) = (validation.min_length, validation.max_length);
    let given = text.chars().count() as u64;
    let fits = min.is_none_or(|min| given >= min) && max.is_none_or(|max| given <= max);
    (!fits).then_some(VariableProblem::Length { name, min, max, given })
}

/// Older answers say it beside the type, newer ones in the validation.
pub(crate) fn is_required(definition: &VariableDefinition) -> bool {
    let newer = || definition.validation.as_ref().and_then(|validation| validation.required);
    definition.required.or_else(newer).unwrap_or(false)
}

pub(crate) fn takes(expected: &VariableType, given: JsonType) -> bool {
    match expected {
        VariableType::Text | VariableType::String => {
            matches!(given, JsonType::String | JsonType::Number | JsonType::Boolean)
        }
        VariableType::Image | VariableType::Color | VariableType::Url => given == JsonType::String,
        VariableType::Number => given == JsonType::Number,
        VariableType::Boolean => given == JsonType::Boolean,
        VariableType::Date => matches!(given, JsonType::String | JsonType::Number),
        VariableType::Array => given == JsonType::Array,
        VariableType::Object => given == JsonType::Object,
        _ => true,
    }
}

/// What a variable wants, in words.
pub(crate) fn wanted(expected: &VariableType) -> &'static str {
    match expected {
        VariableType::Image => "the URL of an image as a string",
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

/// The values that no variable is there for.
fn unknown(definitions: &[VariableDefinition], values: &Map<String, Value>) -> Vec<VariableProblem> {
    let names = || definitions.iter().map(|definition| &definition.name);
    let strangers = values.keys().filter(|name| !names().any(|known| known == *name));
    strangers.map(|name| VariableProblem::Unknown { name: name.clone(), similar: similar(definitions, name) }).collect()
}

/// The variable that is probably meant by a name.
pub(crate) fn similar(definitions: &[VariableDefinition], name: &str) -> Option<String> {
    let mut names = definitions.iter().map(|definition| &definition.name);
    names.find(|known| folded(known).eq(folded(name))).cloned()
}

/// A name without what is easily mistaken in it.
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

    /// What is said of `value` as the value of a variable with this definition.
    fn said(mut definition: Value, value: &Value) -> String {
        definition["name"] = json!("it");
        let checked = definitions(json!([definition])).check(&json!({ "it": value }));
        checked.map_or_else(|problems| problems.to_string(), |()| String::new())
    }

    #[test]
    fn each_type_takes_what_it_can_hold() {
        let values = [json!("x"), json!(1), json!(1.5), json!(true), json!([1]), json!({"a": 1}), json!(null)];
        for (kind, taken) in [
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
            for (value, taken) in values.iter().zip(taken) {
                assert_eq!(said(kind.clone(), value).is_empty(), taken, "{kind} {value}");
            }
        }
    }

    #[test]
    fn a_problem_names_the_variable_what_it_wants_and_what_it_got() {
        for (definition, value, line) in [
            (json!({"type": "number"}), json!("5"), "it: must be a number, is a string"),
            (json!({"type": "image"}), json!(5), "it: must be the URL of an image as a string, is a number"),
            (json!({"type": "text"}), json!([]), "it: must be a text, is a list"),
            (json!({"type": "array"}), json!({}), "it: must be a list, is an object"),
            (json!({"required": true}), json!(null), "it: is required (text) and not given"),
            (json!({"required": true, "defaultValue": "x"}), json!(null), "it: is required (text) and not given"),
            (
                json!({"validation": {"required": true}, "type": "url"}),
                json!(null),
                "it: is required (url) and not given",
            ),
            (json!({"required": false, "validation": {"required": true}}), json!(null), ""),
            (json!({"validation": {"maxLength": 2}}), json!("äöü"), "it: must have at most 2 characters, has 3"),
            (json!({"validation": {"minLength": 2}}), json!("ä"), "it: must have at least 2 characters, has 1"),
            (json!({"validation": {"minLength": 2, "maxLength": 3}}), json!("äöü"), ""),
        ] {
            assert_eq!(said(definition.clone(), &value), line, "{definition} {value}");
        }
    }

    #[test]
    fn unknown_names_are_found_and_the_one_that_is_meant_is_told() {
        let known = definitions(json!([{"name": "firstName"}, {"name": "logo-url"}]));
        for (name, similar) in [
            ("FirstName", Some("firstName")),
            ("first_name", Some("firstName")),
            ("logoUrl", Some("logo-url")),
            ("surname", None),
        ] {
            let problems: Vec<_> = known.check(&json!({ name: null })).unwrap_err().into_iter().collect();
            let similar = similar.map(str::to_owned);
            assert_eq!(problems, [VariableProblem::Unknown { name: name.to_owned(), similar }]);
        }
    }

    #[test]
    fn all_problems_are_told_at_once_and_become_one_error() {
        let known = definitions(json!([{"name": "title", "required": true}, {"name": "on", "type": "boolean"}]));
        let problems = known.check(&json!({"on": 1, "colour": "red"})).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "title: is required (text) and not given; on: must be a boolean, is a number; \
             colour: is not a variable of the template"
        );
        let error = Error::from(problems.clone());
        assert_eq!(error.kind(), ErrorKind::Validation);
        let fields: Vec<_> = error.validation_errors().iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["variables.title", "variables.on", "variables.colour"]);
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.downcast_ref::<VariableProblems>(), Some(&problems));
    }

    #[test]
    fn values_that_are_no_object_are_a_problem_and_no_panic() {
        let line = known_line(&[1, 2]);
        assert_eq!(line, "must serialise to a JSON object, not to a list");
        assert_eq!(known_line(&"text"), "must serialise to a JSON object, not to a string");
    }

    fn known_line(variables: &impl Serialize) -> String {
        definitions(json!([])).check(variables).unwrap_err().to_string()
    }

    #[test]
    fn a_template_and_its_variables_check_alike() {
        let variables: TemplateVariables = serde_json::from_value(json!({"variables": [{"name": "a"}]})).unwrap();
        let template: Template =
            serde_json::from_value(json!({"uid": "T", "variableDefinitions": [{"name": "a"}]})).unwrap();
        for values in [json!({"a": 1}), json!({"b": 1})] {
            assert_eq!(variables.check(&values), template.check(&values));
        }
    }
}
