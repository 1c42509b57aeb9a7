//! Which protocol is checked: the one that is built, or one that differs from it by name.

/// One difference from the protocol as it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    // Guards taken away.
    /// `finish.lua` lets effects happen although XACK acknowledged nothing.
    NoFence,
    /// `publish.lua` compares nothing, so that nobody notices a loss when it shows.
    NoCompare,
    /// `publish.lua` and `finish.lua` do not look at `live`.
    NoLiveGuard,
    /// `accept.lua` does not look at `cancelled`.
    NoQuestion,
    /// Healing does not wait until this service has applied the events.
    NoWait,
    /// There is no slow sweep: only a loss that was noticed is healed.
    NoSweep,
    /// A worker undoes what it did as soon as it decides that the order failed, whether or not it wins the fence.
    CompensationOutsideFence,
    /// The payment service takes a payment under a key that was undone before.
    KeysStayOpen,

    // Guards added.
    /// Not the finish script adds the compensation, but order-api when it has taken the order's end for failed.
    CompensationByApi,
    /// A failed order's compensation undoes every step, also those that none of its attempts is known to have called.
    UndoEverything,
    /// Every cancelled order is compensated.
    CancelledAreUndone,
    /// `cancel.lua` cancels no other message than the one that order-api names: the first of the version it knows.
    CancelNamesMessage,
    /// `accept.lua` lays aside what is not its order's live message, so that nobody works on it.
    OnlyLiveIsWorkedOn,
    /// What is cancelled once more is a command to process, never a compensation.
    CompensationsStay,
}

/// The protocol as it is built, but for some changes.
#[derive(Clone, Debug, Default)]
pub struct Protocol(Vec<Change>);

impl Protocol {
    /// As it is built.
    pub const fn as_built() -> Self {
        Self(Vec::new())
    }

    #[must_use]
    pub fn with(mut self, changes: &[Change]) -> Self {
        self.0.extend(changes);
        self
    }

    #[must_use]
    pub fn without(mut self, changes: &[Change]) -> Self {
        self.0.retain(|change| !changes.contains(change));
        self
    }

    pub(crate) fn has(&self, change: Change) -> bool {
        self.0.contains(&change)
    }
}
