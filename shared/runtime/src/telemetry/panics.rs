//! A panic is a bug that someone must see: it goes to the log in one line, as everything else does.

use std::panic;

use crate::lifecycle::panic_message;

pub(super) fn to_log() {
    panic::set_hook(Box::new(|info| {
        let location = info.location().map_or_else(String::new, ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(
            panic.location = location,
            panic.thread = thread.name().unwrap_or("unnamed"),
            "panic: {}",
            panic_message(info.payload())
        );
    }));
}
