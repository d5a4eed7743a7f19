//! The rows, area by area.

mod images;

use crate::Row;

pub fn rows() -> Vec<Row> {
    [images::rows()].into_iter().flatten().collect()
}
