//! Rows of a CSV file as sets of variables.

use crate::{api_error::ApiError, fetch::Fetcher};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use std::time::Duration;

/// Maximum size of a table, in bytes.
const MAX_TABLE_BYTES: usize = 5 * 1024 * 1024;

/// Timeout for fetching a table.
const FETCH_TIMEOUT: Duration = Duration::from_secs(20);

/// Fetches a table, and converts each row to a set of variables. `mappings` maps variables to columns; without it, each
/// column is a variable.
pub(crate) async fn fetch_rows(pages: &Fetcher, url: &str, mappings: &Value) -> Result<Vec<Value>, ApiError> {
    let fetched = pages
        .get(url, MAX_TABLE_BYTES, FETCH_TIMEOUT)
        .await
        .map_err(|error| bad_request(format!("csvUrl: {error}")))?;
    read_rows(&fetched.bytes, mappings).map_err(bad_request)
}

fn read_rows(bytes: &[u8], mappings: &Value) -> Result<Vec<Value>, String> {
    let invalid_csv = |error: csv::Error| format!("csvUrl: this is not a CSV table: {error}");
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(bytes);
    // Tables from spreadsheets can start with a byte order mark.
    let headers = reader.headers().map_err(invalid_csv)?;
    let columns: Vec<_> = headers.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    let find_column = |column: &str| columns.iter().position(|known| known == column);
    let selected: Vec<(String, usize)> = match mappings.as_object() {
        None => columns.iter().cloned().zip(0..).collect(),
        Some(mappings) => mappings
            .iter()
            .map(|(variable, column)| {
                let column = column.as_str().unwrap_or_default();
                let unknown = || {
                    format!(
                        "mappings.{variable}: the table has no column {column:?}; its columns are {}",
                        columns.join(", ")
                    )
                };
                Ok((variable.clone(), find_column(column).ok_or_else(unknown)?))
            })
            .collect::<Result<_, String>>()?,
    };
    reader
        .records()
        .map(|row| {
            let row = row.map_err(invalid_csv)?;
            let value =
                |(variable, index): &(String, usize)| (variable.clone(), row.get(*index).unwrap_or_default().into());
            Ok(Value::Object(selected.iter().map(value).collect::<Map<_, _>>()))
        })
        .collect()
}

fn bad_request(message: String) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_row_is_a_set_of_variables() {
        let table = "\u{feff}name, city\nAda,\"London, UK\"\n\"Grace\n\"\"G\"\"\",NYC\n";
        for (mappings, expected) in [
            (json!(null), Ok(json!([{"name": "Ada", "city": "London, UK"}, {"name": "Grace\n\"G\"", "city": "NYC"}]))),
            (json!({"guest": "name"}), Ok(json!([{"guest": "Ada"}, {"guest": "Grace\n\"G\""}]))),
            (
                json!({"guest": "nam"}),
                Err("mappings.guest: the table has no column \"nam\"; its columns are name, city"),
            ),
        ] {
            let rows = read_rows(table.as_bytes(), &mappings).map(Value::from);
            assert_eq!(rows, expected.map_err(str::to_owned), "{mappings}");
        }
        assert_eq!(read_rows(b"", &json!(null)), Ok(vec![]));
        assert!(read_rows(b"a,b\n1\n", &json!(null)).unwrap_err().starts_with("csvUrl: this is not a CSV table"));
        assert!(read_rows(b"a\n\xff\n", &json!(null)).unwrap_err().contains("UTF-8"));
    }
}
