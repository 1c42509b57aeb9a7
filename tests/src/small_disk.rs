//! A disk of a few megabytes for one service, to be full and to have room again.
//!
//! The service gets a view of the file system of its own, in which its `data/` is a file system in memory: nobody else sees
//! it, and it is gone with the process, however that ends. A machine that allows this to nobody (it takes root, or user
//! namespaces) limits the length of the service's files instead: it is refused the same writes, for another reason.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::daemon::{Daemon, Recipe};

const MEGABYTES: u32 = 8;
const BLOCK: [u8; 4_096] = [0; 4_096];

/// Ways to a mount that nobody else sees: root's own, and everybody's where the system allows it.
const NAMESPACES: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];

/// The disk of a service that has not been started yet.
#[derive(Debug)]
pub enum SmallDisk {
    /// A file system, and the folder it is mounted on.
    Mounted(PathBuf),
    /// Only the length of files can be limited.
    Limited,
}

impl SmallDisk {
    /// Has the service keep its data there from its first start on.
    ///
    /// # Panics
    /// When it runs, or its folder can't be made.
    pub fn under(service: &mut Daemon) -> Self {
        assert!(!service.is_running(), "a service keeps the disk it was started with");
        let folder = service.recipe.folder.join("data");
        std::fs::create_dir_all(&folder).expect("a folder for its data");
        let mount = format!("mount -t tmpfs -o size={MEGABYTES}m tmpfs '{}'", folder.display());
        if let Some(namespace) = NAMESPACES.into_iter().find(|namespace| works(namespace, &mount)) {
            let unshare = [namespace, &["sh", "-c"]].concat();
            wrap(&mut service.recipe, "unshare", &unshare, &format!("{mount} && exec \"$0\" \"$@\""));
            Self::Mounted(folder)
        } else {
            // The signal would end it.
            wrap(&mut service.recipe, "sh", &["-c"], "trap '' XFSZ; exec \"$0\" \"$@\"");
            Self::Limited
        }
    }

    /// Leaves no room for anything.
    ///
    /// # Panics
    /// When the machine doesn't allow it.
    pub fn fill(&self, service: &Daemon) {
        match self {
            Self::Mounted(folder) => {
                let path = ballast(folder, service);
                let ballast = OpenOptions::new().create(true).append(true).open(path);
                fill_up(&mut ballast.expect("the disk of a service that runs"));
            }
            Self::Limited => limit(service, Some(1)),
        }
    }

    /// There is room again.
    ///
    /// # Panics
    /// When it was not filled.
    pub fn clear(&self, service: &Daemon) {
        match self {
            Self::Mounted(folder) => std::fs::remove_file(ballast(folder, service)).expect("it was filled"),
            Self::Limited => limit(service, None),
        }
    }
}

/// Whether a program that is started like this may mount.
fn works(namespace: &[&str], mount: &str) -> bool {
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", mount]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The script's `$0` and what follows are the program as it was.
fn wrap(recipe: &mut Recipe, program: &str, arguments: &[&str], script: &str) {
    let inner = std::mem::replace(&mut recipe.program, program.into());
    let inner = inner.into_os_string().into_string().expect("a path of letters");
    let outer = arguments.iter().map(|argument| (*argument).to_owned());
    let whole = outer.chain([script.to_owned(), inner]).chain(recipe.arguments.drain(..)).collect();
    recipe.arguments = whole;
}

/// A file on the disk, as it is seen from outside.
fn ballast(folder: &Path, service: &Daemon) -> PathBuf {
    let folder = folder.strip_prefix("/").expect("an absolute path");
    Path::new(&format!("/proc/{}/root", service.pid())).join(folder).join("ballast")
}

fn fill_up(file: &mut File) {
    loop {
        match file.write(&BLOCK) {
            Ok(1..) => {}
            Ok(0) => return,
            Err(error) if error.kind() == ErrorKind::StorageFull => return,
            Err(error) => panic!("can't fill the disk: {error}"),
        }
    }
}

/// The longest that a file of the process may become.
fn limit(service: &Daemon, bytes: Option<u64>) {
    let pid = Pid::from_raw(service.pid().cast_signed()).expect("a process id");
    // The service has ours.
    let most = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit { current: bytes.or(most), maximum: most };
    prlimit(Some(pid), Resource::Fsize, limit).expect("a process of one's own can be limited");
}
