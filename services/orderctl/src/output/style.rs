//! Colours, by what they mean. Where there are none, nothing is lost: the words say it too.

use contract::Status;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Good,
    Bad,
    Waiting,
    Moving,
    Faint,
    Strong,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Waiting => "33",
            Self::Moving => "36",
            Self::Faint => "2",
            Self::Strong => "1",
        }
    }

    pub(crate) fn paint(self, text: &str) -> String {
        format!("\x1b[{}m{text}\x1b[0m", self.code())
    }
}

pub(crate) const fn of_status(status: Status) -> Style {
    match status {
        Status::Pending => Style::Waiting,
        Status::Processing => Style::Moving,
        Status::Completed => Style::Good,
        Status::Failed => Style::Bad,
        Status::Cancelled => Style::Faint,
    }
}
