//! The model, checked in every state that a family of faults leads to; each prints how many that are (`--nocapture`).

mod checks;
mod gaps;
mod guards;
mod holds;
mod rests;
