//! Orders as they are read: rows turned into what the contract calls them, lists, timelines. Writes are in
//! [`crate::intake`] and [`crate::events`].

mod failed;
mod list;
mod row;
mod timeline;
mod view;

pub(crate) use failed::{FailedQuery, failed};
pub(crate) use list::{ListQuery, list};
pub(crate) use row::{content, find, new_row, order_id, status};
pub(crate) use timeline::{Timeline, TimelineEntry, timeline};
pub(crate) use view::OrderView;
