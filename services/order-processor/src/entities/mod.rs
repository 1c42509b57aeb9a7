//! The ledger's table, as a type. The schema is in `migrations`.

pub mod attempt;
