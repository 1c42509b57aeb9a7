//! `orderctl` where there is a terminal: a real one, of which the test has the other end.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::fd::OwnedFd,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use system_tests::{Stack, eventually};
use tokio::process::Child;

use crate::ctl::{command, length, placed, until};

/// A program at a terminal, and what it has written to it.
struct Session {
    child: Child,
    keys: File,
    screen: Arc<Mutex<String>>,
}

impl Session {
    fn start(stack: &Stack, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("its other end");
        unlockpt(&ours).expect("its other end");
        let size = Winsize { ws_row: 30, ws_col: 110, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).expect("a terminal has a size");
        let path = ptsname(&ours, Vec::new()).expect("a name").into_string().expect("UTF-8");
        let theirs =
            || Stdio::from(OpenOptions::new().read(true).write(true).open(&path).expect("its other end"));
        let mut command = command(stack, arguments);
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR").envs(variables.iter().copied());
        let child =
            command.stdin(theirs()).stdout(theirs()).stderr(theirs()).spawn().expect("orderctl can be run");
        // It holds the other end, too.
        drop(command);
        let keys = File::from(ours);
        let screen = Arc::<Mutex<String>>::default();
        follow(keys.try_clone().expect("a descriptor").into(), screen.clone());
        Self { child, keys, screen }
    }

    /// Everything that was written to it so far.
    fn text(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn shows(&self, text: &str) {
        eventually(&format!("{text:?} is shown"), async || {
            let screen = self.text();
            if screen.contains(text) { Ok(()) } else { Err(screen) }
        })
        .await;
    }

    fn types(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).expect("it is there");
    }

    async fn ends(mut self) -> (i32, String) {
        let status = tokio::time::timeout(system_tests::DEADLINE, self.child.wait())
            .await
            .expect("it ends")
            .expect("a child can be waited for");
        let text = self.text();
        (status.code().unwrap_or(-1), text)
    }
}

/// On a thread of its own, to the end of the session: reading blocks.
fn follow(ours: OwnedFd, screen: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let (mut ours, mut buffer) = (File::from(ours), [0; 4_096]);
        while let Ok(read @ 1..) = ours.read(&mut buffer) {
            screen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn top_draws_until_q_and_gives_the_terminal_back() {
    let stack = Stack::start().await;
    placed(&stack, "ada").await;
    for (key, variables) in [("q", &[][..]), ("\u{3}", &[("NO_COLOR", "1")])] {
        let (on, off) = ("\u{1b}[?1049h", "\u{1b}[?1049l");
        let mut top = Session::start(&stack, &["top"], variables);
        // Between words that it moves apart, a terminal is told where to go on.
        top.shows("workers:").await;
        top.shows("order-processor-1").await;
        top.types("p");
        top.shows("stopped").await;
        top.types(key);
        // What the other end has not read yet is lost with it.
        top.shows(off).await;
        let (exit, text) = top.ends().await;
        assert_eq!(exit, 0, "{text}");
        assert!(text.contains(on), "{text:?}");
        assert!(text.rfind(off) > text.rfind(on), "{text:?}");
        let coloured = text.contains("\u{1b}[38;5;");
        assert_eq!(coloured, variables.is_empty(), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_and_sees_colours() {
    let stack = Stack::start_with(&[("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "1")]).await;
    let id = placed(&stack, "ada").await;
    stack.client.finished(&id).await;
    until(&stack, &["retry", "--failed", "--dry-run"], |found| length(&found["orders"]) == 1).await;
    let list = Session::start(&stack, &["list"], &[]);
    list.shows("\u{1b}[31mfailed\u{1b}[0m").await;
    assert_eq!(list.ends().await.0, 0);
    let plain = Session::start(&stack, &["list"], &[("NO_COLOR", "1")]);
    plain.shows(&id).await;
    let (exit, text) = plain.ends().await;
    assert!(exit == 0 && !text.contains('\u{1b}'), "{text:?}");

    let mut no = Session::start(&stack, &["retry", "--failed"], &[]);
    no.shows("1 order will be processed anew. Go on? [y/N]").await;
    no.types("n\n");
    no.shows("nothing was done").await;
    assert_eq!(no.ends().await.0, 1);
    let mut yes = Session::start(&stack, &["retry", "--failed"], &[]);
    yes.shows("[y/N]").await;
    yes.types("y\n");
    yes.shows("1 order pending again").await;
    assert_eq!(yes.ends().await.0, 0);
}
