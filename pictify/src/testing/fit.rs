//! Whether the struct with a template's values fits the template.

use crate::{
    templates::{CheckVariables, VariableDefinition, VariableProblem},
    variables,
};
use serde::Serialize;
use std::{collections::BTreeSet, fmt, slice};

/// One reason why a struct does not fit a template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misfit {
    /// A sample would be refused, or render something else than was meant.
    Problem {
        /// Which sample, from 0.
        sample: usize,
        /// What is wrong with it.
        problem: VariableProblem,
    },
    /// No sample has a value for this variable, and the template has none either: it would render empty.
    NeverGiven {
        /// The variable.
        name: String,
    },
    /// By its schema, the type may leave out what the template requires.
    MayBeMissing {
        /// The variable.
        name: String,
    },
    /// By its schema, the type holds something else than the variable.
    WrongType {
        /// The variable.
        name: String,
        /// What the variable wants.
        expected: String,
        /// What the type's schema says.
        given: String,
    },
    /// The type is no object, or has no schema of one.
    NotAnObject,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem { sample, problem } => write!(f, "sample {sample}: {problem}"),
            Self::NeverGiven { name } => write!(f, "{name}: is never given and has no default: it renders empty"),
            Self::MayBeMissing { name } => write!(f, "{name}: is required, and the type may leave it out"),
            Self::WrongType { name, expected, given } => write!(f, "{name}: must be {expected}, the type says {given}"),
            Self::NotAnObject => f.write_str("the type does not serialise to an object"),
        }
    }
}

/// Every reason why a struct does not fit a template; at least one. Displays as a line for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfits(Vec<Misfit>);

impl Misfits {
    /// The reasons, in the order in which they were found.
    pub fn iter(&self) -> slice::Iter<'_, Misfit> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Misfits {
    type Item = &'a Misfit;
    type IntoIter = slice::Iter<'a, Misfit>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Misfits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the struct does not fit the template:")?;
        self.0.iter().try_for_each(|misfit| write!(f, "\n  {misfit}"))
    }
}

impl std::error::Error for Misfits {}

fn result(misfits: Vec<Misfit>) -> Result<(), Misfits> {
    if misfits.is_empty() { Ok(()) } else { Err(Misfits(misfits)) }
}

/// Whether values of a struct fit a template, by samples: every required variable is given, every member is a variable,
/// each value is of its variable's type, and no variable is always left empty.
///
/// The samples should differ in what is optional. The definitions come from
/// [`templates().variables(..)`](crate::templates::Templates::variables) or
/// [`templates().get(..)`](crate::templates::Templates::get), best from a [`Cassette`](super::Cassette).
///
/// # Errors
/// All [`Misfits`] at once, made for `unwrap` in a test.
///
/// ```
/// use pictify::{templates::VariableDefinition, testing::check_struct};
///
/// #[derive(serde::Serialize)]
/// struct Card { titel: String }
///
/// let mut title = VariableDefinition::new("title");
/// title.required = Some(true);
/// let misfits = check_struct(&[title], &[Card { titel: "Hello".to_owned() }]).unwrap_err();
/// assert_eq!(
///     misfits.to_string(),
///     "the struct does not fit the template:\n  \
///      sample 0: title: is required (text) and not given\n  \
///      sample 0: titel: is not a variable of the template"
/// );
/// ```
pub fn check_struct<T: Serialize>(definitions: &[VariableDefinition], samples: &[T]) -> Result<(), Misfits> {
    let mut misfits = Vec::new();
    let mut given = BTreeSet::new();
    for (sample, value) in samples.iter().enumerate() {
        if let Ok(members) = variables::object(value, "") {
            given.extend(members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name));
        }
        if let Err(problems) = definitions.check(value) {
            misfits.extend(problems.into_iter().map(|problem| Misfit::Problem { sample, problem }));
        }
    }
    let said = |name: &str| {
        let of_it = |misfit: &Misfit| matches!(misfit, Misfit::Problem { problem, .. } if problem.name() == Some(name));
        misfits.iter().any(of_it)
    };
    let empty: Vec<_> = definitions
        .iter()
        .filter(|definition| definition.default_value.is_none())
        .filter(|definition| !given.contains(&definition.name) && !said(&definition.name))
        .map(|definition| Misfit::NeverGiven { name: definition.name.clone() })
        .collect();
    misfits.extend(empty);
    result(misfits)
}

/// Whether every value of a type fits a template, by the type's JSON Schema: what the template requires is never left out,
/// every member is a variable, and each is of its variable's type.
///
/// # Errors
/// All [`Misfits`] at once, made for `unwrap` in a test.
///
/// ```
/// use pictify::{templates::VariableDefinition, testing::check_type};
///
/// #[derive(schemars::JsonSchema)]
/// struct Card { title: Option<String> }
///
/// let mut title = VariableDefinition::new("title");
/// title.required = Some(true);
/// let misfits = check_type::<Card>(&[title]).unwrap_err();
/// assert!(misfits.to_string().ends_with("title: is required, and the type may leave it out"));
/// ```
#[cfg(feature = "schemars")]
pub fn check_type<T: schemars::JsonSchema>(definitions: &[VariableDefinition]) -> Result<(), Misfits> {
    schema::check(
        definitions,
        &schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<T>()
            .to_value(),
    )
}

#[cfg(feature = "schemars")]
mod schema {
    use super::{Misfit, Misfits, result};
    use crate::templates::{JsonType, VariableDefinition, VariableProblem, VariableType, check};
    use serde_json::Value;

    pub(super) fn check(definitions: &[VariableDefinition], schema: &Value) -> Result<(), Misfits> {
        let Some(members) = schema["properties"].as_object() else { return result(vec![Misfit::NotAnObject]) };
        let always = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut misfits = Vec::new();
        for definition in definitions {
            let name = &definition.name;
            let Some(member) = members.get(name) else {
                if check::is_required(definition) {
                    misfits.push(Misfit::MayBeMissing { name: name.clone() });
                } else if definition.default_value.is_none() {
                    misfits.push(Misfit::NeverGiven { name: name.clone() });
                }
                continue;
            };
            let types = types(schema, member, DEPTH);
            let optional = !always.iter().any(|always| always == name) || types.iter().any(|given| given == "null");
            if check::is_required(definition) && optional {
                misfits.push(Misfit::MayBeMissing { name: name.clone() });
            }
            let expected = definition.type_.clone().unwrap_or(VariableType::Text);
            let wrong = types.iter().find(|given| {
                let given = json_type(given);
                given.is_some_and(|given| given != JsonType::Null && !check::takes(&expected, given))
            });
            if let Some(given) = wrong {
                let (name, expected) = (name.clone(), check::wanted(&expected).to_owned());
                misfits.push(Misfit::WrongType { name, expected, given: given.clone() });
            }
        }
        let strangers = members.keys().filter(|name| !definitions.iter().any(|known| known.name == **name));
        misfits.extend(strangers.map(|name| {
            let similar = check::similar(definitions, name);
            Misfit::Problem { sample: 0, problem: VariableProblem::Unknown { name: name.clone(), similar } }
        }));
        result(misfits)
    }

    fn json_type(name: &str) -> Option<JsonType> {
        Some(match name {
            "null" => JsonType::Null,
            "boolean" => JsonType::Boolean,
            "number" | "integer" => JsonType::Number,
            "string" => JsonType::String,
            "array" => JsonType::Array,
            "object" => JsonType::Object,
            _ => return None,
        })
    }

    /// How many references and choices are followed; a schema may refer to itself.
    const DEPTH: usize = 8;

    /// The types that a member may have. One that says nothing may be anything.
    fn types(root: &Value, member: &Value, depth: usize) -> Vec<String> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        if let Some(pointer) = member["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            return root.pointer(pointer).map(|target| types(root, target, depth)).unwrap_or_default();
        }
        if let Some(one) = member["type"].as_str() {
            return vec![one.to_owned()];
        }
        if let Some(several) = member["type"].as_array() {
            return several.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        if member["enum"].is_array() || member["const"].is_string() {
            return vec!["string".to_owned()];
        }
        let choices = member["anyOf"].as_array().or_else(|| member["oneOf"].as_array());
        let choices = choices.map(Vec::as_slice).unwrap_or_default().iter();
        choices.flat_map(|choice| types(root, choice, depth)).collect()
    }
}
