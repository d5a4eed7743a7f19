//! The rows of a CSV file as sets of variables.

use crate::{api_error::ApiError, fetch::Fetcher};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use std::time::Duration;

/// How large a table may be, in bytes.
const LARGEST: usize = 5 * 1024 * 1024;

/// How long it may take to come.
const TIME: Duration = Duration::from_secs(20);

/// Fetches a table, and makes a set of variables of each row. `mappings` says which column each variable comes from;
/// without it, each column is a variable.
pub(crate) async fn rows(pages: &Fetcher, url: &str, mappings: &Value) -> Result<Vec<Value>, ApiError> {
    let fetched = pages.get(url, LARGEST, TIME).await.map_err(|error| bad(format!("csvUrl: {error}")))?;
    read(&fetched.bytes, mappings).map_err(bad)
}

fn read(bytes: &[u8], mappings: &Value) -> Result<Vec<Value>, String> {
    let no_table = |error: csv::Error| format!("csvUrl: this is no table: {error}");
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(bytes);
    // Tables from spreadsheets may begin with a mark of their byte order.
    let headers = reader.headers().map_err(no_table)?;
    let columns: Vec<_> = headers.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    let place = |column: &str| columns.iter().position(|known| known == column);
    let wanted: Vec<(String, usize)> = match mappings.as_object() {
        None => columns.iter().cloned().zip(0..).collect(),
        Some(mappings) => mappings
            .iter()
            .map(|(variable, column)| {
                let column = column.as_str().unwrap_or_default();
                let known =
                    || format!("mappings.{variable}: the table has no column {column:?}, only {}", columns.join(", "));
                Ok((variable.clone(), place(column).ok_or_else(known)?))
            })
            .collect::<Result<_, String>>()?,
    };
    reader
        .records()
        .map(|row| {
            let row = row.map_err(no_table)?;
            let value =
                |(variable, place): &(String, usize)| (variable.clone(), row.get(*place).unwrap_or_default().into());
            Ok(Value::Object(wanted.iter().map(value).collect::<Map<_, _>>()))
        })
        .collect()
}

fn bad(message: String) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_is_a_set_of_variables() {
        let table = "\u{feff}name, city\nAda,\"London, UK\"\n\"Grace\n\"\"G\"\"\",NYC\n";
        for (mappings, expected) in [
            (json!(null), Ok(json!([{"name": "Ada", "city": "London, UK"}, {"name": "Grace\n\"G\"", "city": "NYC"}]))),
            (json!({"who": "name"}), Ok(json!([{"who": "Ada"}, {"who": "Grace\n\"G\""}]))),
            (json!({"who": "nam"}), Err("mappings.who: the table has no column \"nam\", only name, city")),
        ] {
            let rows = read(table.as_bytes(), &mappings).map(Value::from);
            assert_eq!(rows, expected.map_err(str::to_owned), "{mappings}");
        }
        assert_eq!(read(b"", &json!(null)), Ok(vec![]));
        assert!(read(b"a,b\n1\n", &json!(null)).unwrap_err().starts_with("csvUrl: this is no table"));
        assert!(read(b"a\n\xff\n", &json!(null)).unwrap_err().contains("UTF-8"));
    }
}
