//! File systems and kernel modules.

use std::ffi::CString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use parlor_linux::config::Board;
use parlor_linux::log;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::system::finit_module;

/// The file that lists modules, one a line with its parameters, in the order of loading; beside it they lie.
const MODULES: &str = "/lib/modules/load";

/// Where the writable partition is mounted.
static STATE: OnceLock<PathBuf> = OnceLock::new();

/// How often, and after which pauses, a block device that is not there yet is looked for.
const LOOKS: u32 = 50;
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Mounts what every process expects. What is mounted already stays so.
pub(super) fn mount_system() {
    let quiet = MountFlags::NOSUID | MountFlags::NOEXEC | MountFlags::NODEV;
    for (kind, place, flags) in [
        ("proc", "/proc", quiet),
        ("sysfs", "/sys", quiet),
        ("devtmpfs", "/dev", MountFlags::NOSUID | MountFlags::NOEXEC),
        ("tmpfs", "/run", quiet),
    ] {
        let _ = fs::create_dir_all(place);
        if let Err(error) = mount(kind, place, kind, flags, None) {
            eprintln!("parlor: {kind} cannot be mounted: {error}");
        }
    }
}

/// Loads the kernel modules that the image lists, if any: boards usually have them in the kernel.
pub(super) fn load_modules() {
    let Ok(list) = fs::read_to_string(MODULES) else { return };
    for line in list.lines().filter(|line| !line.is_empty()) {
        let (file, parameters) = line.split_once(' ').unwrap_or((line, ""));
        let path = Path::new(MODULES).with_file_name(file);
        let loaded = CString::new(parameters).map_err(|_| "its parameters hold a zero".to_string()).and_then(|it| {
            let module = File::open(&path).map_err(|error| error.to_string())?;
            finit_module(&module, &it, 0).map_err(|error| error.to_string())
        });
        if let Err(why) = loaded {
            log::warn("init", format_args!("module {file} cannot be loaded: {why}"));
        }
    }
}

/// Unmounts the writable partition, so that its file system is clean: nothing writes any more.
pub(super) fn unmount_state() {
    if let Some(directory) = STATE.get() {
        let _ = unmount(directory, UnmountFlags::empty()).or_else(|_| unmount(directory, UnmountFlags::DETACH));
    }
}

/// Mounts the board's writable partition as `directory`; memory where there is none.
pub(super) fn mount_state(board: &Board, directory: &Path) {
    let _ = fs::create_dir_all(directory);
    let _ = STATE.set(directory.into());
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC | MountFlags::NODEV | MountFlags::NOATIME;
    let device = Path::new(&board.state_device);
    if board.state_device.is_empty() {
        log::warn("state", "no board.state_device is set: what is kept is lost when the power goes");
    } else {
        // Drivers find their devices in their own time.
        let _ = (0..LOOKS).find(|_| device.exists() || (sleep(LOOK_PAUSE), false).1);
        match mount(device, directory, board.state_filesystem.as_str(), flags, None) {
            Ok(()) => {
                return log::info("state", format_args!("{} is kept on {}", directory.display(), device.display()));
            }
            Err(error) => log::error(
                "state",
                format_args!(
                    "{} cannot be mounted: {error}; what is kept is lost when the power goes",
                    device.display()
                ),
            ),
        }
    }
    if let Err(error) = mount("tmpfs", directory, "tmpfs", flags, Some(c"size=2m,mode=700")) {
        log::error("state", format_args!("{} cannot be mounted: {error}", directory.display()));
    }
}
