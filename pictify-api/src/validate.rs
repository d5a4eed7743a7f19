//! Client-side validation of requests against the bounds in the document.

use std::fmt;

/// Request with bounds on its fields.
///
/// Implemented by generated code for every request body, and for every schema inside one that has bounds: ranges of
/// numbers, lengths of strings and lists. It covers rules for single fields. `pictify` checks rules between fields.
///
/// ```
/// use pictify_api::{Validate, types::CreateImageRequest};
///
/// let request = CreateImageRequest { width: Some(0), ..Default::default() };
/// assert_eq!(request.validation_errors().to_string(), "width: must be at least 1, is 0");
/// ```
pub trait Validate {
    /// Adds the errors of this value to `found`.
    fn validate(&self, found: &mut ValidationErrors);

    /// Returns the errors of this value.
    fn validation_errors(&self) -> ValidationErrors {
        let mut found = ValidationErrors::default();
        self.validate(&mut found);
        found
    }
}

impl<T: Validate> Validate for Vec<T> {
    fn validate(&self, found: &mut ValidationErrors) {
        found.each("", self, T::validate);
    }
}

impl<T: Validate> Validate for Option<T> {
    fn validate(&self, found: &mut ValidationErrors) {
        if let Some(value) = self {
            value.validate(found);
        }
    }
}

/// Implements the trait for types without bounds. Identifiers are opaque: the code that builds a path rejects invalid
/// ones.
macro_rules! without_bounds {
    ($($type:ty),*) => {$(
        impl Validate for $type {
            fn validate(&self, _: &mut ValidationErrors) {}
        }
    )*};
}

without_bounds!(String, u64, f64, crate::Secret);

/// A field that is out of bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidationError {
    /// Path of the field: wire names joined by dots, list positions in brackets, for example `sizes[2].width`.
    pub field: String,
    /// Description of the error without the name of the field.
    pub message: String,
}

/// Validation errors of a request. Displays as one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidationErrors {
    found: Vec<ValidationError>,
    at: Vec<String>,
}

impl ValidationErrors {
    /// Adds an error at `field`, relative to the current [`at`](Self::at).
    pub fn push(&mut self, field: &str, message: impl Into<String>) {
        let mut path = self.at.concat();
        if !path.is_empty() && !field.is_empty() {
            path.push('.');
        }
        self.found.push(ValidationError { field: path + field, message: message.into() });
    }

    /// Runs `check` with `field` appended to the current path.
    pub fn at(&mut self, field: &str, check: impl FnOnce(&mut Self)) {
        self.at.push(if self.at.is_empty() { field.to_owned() } else { format!(".{field}") });
        check(self);
        self.at.pop();
    }

    /// Runs `check` for each item of the list `field`.
    pub fn each<'a, T: 'a>(
        &mut self,
        field: &str,
        items: impl IntoIterator<Item = &'a T>,
        mut check: impl FnMut(&'a T, &mut Self),
    ) {
        for (index, item) in items.into_iter().enumerate() {
            self.at(&format!("{field}[{index}]"), |found| check(item, found));
        }
    }

    /// Checks a number. The bounds are inclusive.
    pub fn check_range<N: PartialOrd + Copy + fmt::Display>(
        &mut self,
        field: &str,
        value: N,
        min: Option<N>,
        max: Option<N>,
    ) {
        if min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max) {
            return;
        }
        self.push(field, format!("must be {}, is {value}", bounds_text(min, max)));
    }

    /// Checks the length of a text or list. The bounds are inclusive.
    pub fn check_length(&mut self, field: &str, unit: &str, length: usize, min: Option<usize>, max: Option<usize>) {
        if min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max) {
            return;
        }
        if length == 0 {
            self.push(field, "must not be empty");
        } else {
            self.push(field, format!("must have {} {unit}, has {length}", bounds_text(min, max)));
        }
    }

    /// Returns `true` if there are no errors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the errors in the order of the fields.
    pub fn iter(&self) -> std::slice::Iter<'_, ValidationError> {
        self.found.iter()
    }
}

impl IntoIterator for ValidationErrors {
    type Item = ValidationError;
    type IntoIter = std::vec::IntoIter<ValidationError>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

impl<'a> IntoIterator for &'a ValidationErrors {
    type Item = &'a ValidationError;
    type IntoIter = std::slice::Iter<'a, ValidationError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ValidationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ValidationError { field, message }) in self.found.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            if field.is_empty() {
                write!(f, "{separator}{message}")?;
            } else {
                write!(f, "{separator}{field}: {message}")?;
            }
        }
        Ok(())
    }
}

fn bounds_text<N: fmt::Display>(min: Option<N>, max: Option<N>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "within bounds".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_of_a_list_is_checked() {
        struct Size(u64);
        impl Validate for Size {
            fn validate(&self, found: &mut ValidationErrors) {
                found.check_range("width", self.0, None, Some(9));
            }
        }
        assert_eq!(vec![Size(5), Size(10)].validation_errors().to_string(), "[1].width: must be at most 9, is 10");
    }

    #[test]
    fn an_error_has_the_path_and_the_bounds() {
        let mut found = ValidationErrors::default();
        found.check_range("width", 0, Some(1), Some(4096));
        found.check_range("height", 5, Some(1), None);
        found.each("sizes", &[20, 5], |size, found| found.check_range("width", *size, Some(10), None));
        found.check_length("prompt", "characters", 3, None, Some(2));
        found.check_length("html", "characters", 0, Some(1), None);
        assert_eq!(
            found.to_string(),
            "width: must be 1 to 4096, is 0; sizes[1].width: must be at least 10, is 5; \
             prompt: must have at most 2 characters, has 3; html: must not be empty"
        );
    }
}
