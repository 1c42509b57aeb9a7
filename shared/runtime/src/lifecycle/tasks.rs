//! The service's long tasks, by name. One that fails while the service is meant to run takes the service
//! down in good order: a process with half of its tasks gone looks alive and isn't, and a supervisor can
//! only restart what has ended.

use std::{
    error::Error,
    future::Future,
    io,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

use super::Shutdown;

/// Which task failed first, and why. The process must exit with a status that says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("task {task} failed: {reason}")]
pub struct TaskFailed {
    pub task: &'static str,
    pub reason: String,
}

/// Starts and watches long tasks. Clones share the tasks.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    shutdown: Shutdown,
    failure: Arc<Mutex<Option<TaskFailed>>>,
}

impl Tasks {
    pub fn new(shutdown: Shutdown) -> Self {
        Self { tracker: TaskTracker::new(), shutdown, failure: Arc::default() }
    }

    /// Runs a task until it ends or the shutdown aborts. An error or a panic is logged; if it comes before
    /// draining, it starts the draining and becomes the result of [`join`](Self::join).
    pub fn spawn<E>(&self, name: &'static str, task: impl Future<Output = Result<(), E>> + Send + 'static)
    where
        E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    {
        self.tracker.spawn(self.clone().watch(name, task));
    }

    /// The same in a thread of its own, which waits for nothing but this task. For one that blocks it, and for which many wait: among
    /// the others it would hold them up, and stand in line behind them. It can't do network input or output.
    ///
    /// # Errors
    /// When there can't be another thread.
    pub fn spawn_thread<E>(
        &self,
        name: &'static str,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) -> io::Result<()>
    where
        E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    {
        self.spawn_in(Builder::new_current_thread().enable_time().build()?, name, task)
    }

    /// The same in as many threads as there are cores, which do nothing else. For one that starts others without number: however many
    /// these are, they keep nobody else from going on.
    ///
    /// # Errors
    /// When there can't be more threads.
    pub fn spawn_threads<E>(
        &self,
        name: &'static str,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) -> io::Result<()>
    where
        E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    {
        let mut runtime = Builder::new_multi_thread();
        self.spawn_in(runtime.thread_name(name).enable_all().build()?, name, task)
    }

    fn spawn_in<E>(
        &self,
        runtime: Runtime,
        name: &'static str,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) -> io::Result<()>
    where
        E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    {
        let watched = self.tracker.track_future(self.clone().watch(name, task));
        thread::Builder::new().name(name.to_owned()).spawn(move || runtime.block_on(watched))?;
        Ok(())
    }

    async fn watch<E>(self, name: &'static str, task: impl Future<Output = Result<(), E>>)
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let aborting = self.shutdown.aborting();
        let reason = tokio::select! {
            ended = AssertUnwindSafe(task).catch_unwind() => match ended {
                Ok(Ok(())) => return tracing::debug!(task = name, "task ended"),
                Ok(Err(error)) => chain(&*error.into()),
                Err(panic) => format!("panicked: {}", panic_message(&*panic)),
            },
            () = aborting.cancelled() => return tracing::warn!(task = name, "task dropped"),
        };
        self.failed(TaskFailed { task: name, reason });
    }

    /// Waits until every task has ended, then says whether one failed.
    ///
    /// # Errors
    /// The first failure that came while the service was meant to run.
    pub async fn join(self) -> Result<(), TaskFailed> {
        self.tracker.close();
        self.tracker.wait().await;
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    fn failed(&self, failure: TaskFailed) {
        if self.shutdown.is_draining() {
            return tracing::warn!(task = failure.task, "task failed while stopping: {}", failure.reason);
        }
        tracing::error!(task = failure.task, "task failed, stopping the service: {}", failure.reason);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        self.shutdown.drain();
    }
}

/// An error with everything that caused it, in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        // Libraries differ in whether an error's text already holds its cause's.
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}

pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::pending, io};

    use super::*;

    async fn until_draining(shutdown: &Shutdown) -> Result<(), Infallible> {
        shutdown.draining().cancelled().await;
        Ok(())
    }

    #[tokio::test]
    async fn a_failed_task_drains_the_others_and_is_the_result() {
        let shutdown = Shutdown::manual();
        let tasks = Tasks::new(shutdown.clone());
        let other = shutdown.clone();
        tasks.spawn("patient", async move { until_draining(&other).await });
        tasks.spawn("broken", async { Err(io::Error::other("disk on fire")) });
        let failure = tasks.join().await.unwrap_err();
        assert_eq!(failure, TaskFailed { task: "broken", reason: "disk on fire".into() });
        assert!(shutdown.is_draining());
    }

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        fn careless() -> Result<(), Infallible> {
            panic!("oh no")
        }
        let tasks = Tasks::new(Shutdown::manual());
        tasks.spawn("careless", async { careless() });
        assert_eq!(tasks.join().await.unwrap_err().reason, "panicked: oh no");
    }

    #[tokio::test]
    async fn threads_are_watched_like_any_other_task() {
        for many in [false, true] {
            let tasks = Tasks::new(Shutdown::manual());
            let broken = async { Err(io::Error::other("disk on fire")) };
            if many { tasks.spawn_threads("broken", broken) } else { tasks.spawn_thread("broken", broken) }
                .unwrap();
            let failure = tasks.join().await.unwrap_err();
            assert_eq!(failure, TaskFailed { task: "broken", reason: "disk on fire".into() });
            let shutdown = Shutdown::manual();
            let tasks = Tasks::new(shutdown.clone());
            let stuck = pending::<Result<(), Infallible>>();
            if many { tasks.spawn_threads("stuck", stuck) } else { tasks.spawn_thread("stuck", stuck) }
                .unwrap();
            shutdown.abort();
            assert_eq!(tasks.join().await, Ok(()));
        }
    }

    /// All of them are blocked until one among the others has its turn.
    #[tokio::test]
    async fn threads_that_are_busy_keep_nobody_else_from_going_on() {
        let tasks = Tasks::new(Shutdown::manual());
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let told = Arc::new(Mutex::new(told));
        let cores = thread::available_parallelism().unwrap().get();
        let busy = async move {
            let waits = |_| {
                let told = told.clone();
                // Until the other end is gone.
                tokio::spawn(async move { told.lock().unwrap().recv().unwrap_err() })
            };
            futures_util::future::join_all((0..2 * cores).map(waits)).await;
            Ok::<_, Infallible>(())
        };
        tasks.spawn_threads("busy", busy).unwrap();
        tasks.spawn("patient", async move {
            tokio::task::yield_now().await;
            drop(tell);
            Ok::<_, Infallible>(())
        });
        assert_eq!(tasks.join().await, Ok(()));
    }

    #[tokio::test]
    async fn an_error_while_draining_is_not_a_failure() {
        let shutdown = Shutdown::manual();
        let tasks = Tasks::new(shutdown.clone());
        let waits = shutdown.clone();
        tasks.spawn("late", async move {
            until_draining(&waits).await.ok();
            Err(io::Error::other("connection closed"))
        });
        shutdown.drain();
        assert_eq!(tasks.join().await, Ok(()));
    }

    #[tokio::test]
    async fn aborting_drops_a_task_that_never_ends() {
        let shutdown = Shutdown::manual();
        let tasks = Tasks::new(shutdown.clone());
        tasks.spawn("stuck", pending::<Result<(), Infallible>>());
        shutdown.abort();
        assert_eq!(tasks.join().await, Ok(()));
    }
}
