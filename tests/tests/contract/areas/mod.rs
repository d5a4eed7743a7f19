//! The rows, area by area.

mod account;
mod images;
mod videos;
mod workflows;

use crate::Row;

pub fn rows() -> Vec<Row> {
    [account::rows(), images::rows(), videos::rows(), workflows::rows()].into_iter().flatten().collect()
}
