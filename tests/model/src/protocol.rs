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

    /// The finish script adds the compensation to the failure, whatever order-api takes for the order's end.
    CompensationByFinish,
    /// What the last attempt did not call is not undone, although that attempt ended without an answer.
    UndoOnlyCalled,
    /// `cancel.lua` cancels whatever message of the order is live.
    CancelsAnyMessage,
    /// `cancel.lua` does not compare what Redis has with what was seen there.
    CancelComparesNothing,
    /// `accept.lua` lays aside only what was cancelled, and not what is not its order's live message.
    AnyIsWorkedOn,
    /// The sweep cancels once more whatever message a cancelled order has.
    SweepCancelsAny,
    /// order-api does not remember when Redis lost something last: a cancelled order that is older is not compensated.
    LossesAreForgotten,
    /// A cancelled order that a worker completed is not compensated.
    OverrunsStay,
    /// Healing clears whatever loss is noted by then.
    LaterLossesAreHealed,

    // Guards added.
    /// A Redis that was started anew counts as one that lost something; and how it was seen first is stored before an order is
    /// accepted.
    RestartsAreLosses,
    /// A cancelled order that a worker failed is compensated, as one that it completed.
    FailedOverrunsAreUndone,
    /// The sweep notes a loss before it cancels once more what Redis has forgotten to be cancelled.
    ForgottenCancellationsAreLosses,
    /// Every cancelled order is compensated; that it is to be is set in the transaction that cancels it. Instead of all others.
    CancelledAreUndone,
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
