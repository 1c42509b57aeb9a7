//! What a row of the outbox asks for.

/// As the database names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first attempt of an order, or of a new life of it; says that it was placed.
    Place,
    /// Another try of an order whose message is lost, and of which nobody knows how far it had come.
    Process,
    /// What was done outside for the order is to be undone.
    Compensate,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Place, Self::Process, Self::Compensate];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Process => "process",
            Self::Compensate => "compensate",
        }
    }

    pub(super) fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
