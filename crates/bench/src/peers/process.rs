//! The Janus process: its settings in a folder of its own, its start on one core, its end.
//!
//! Only what the comparison needs is switched on: the WebSocket transport on loopback and the room
//! plugin. The folder and the process are gone when this is dropped.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::BenchError;

/// Where distributions put Janus' parts.
const LIBRARIES: [&str; 5] = [
    "/usr/lib/x86_64-linux-gnu/janus",
    "/usr/lib/aarch64-linux-gnu/janus",
    "/usr/lib/janus",
    "/usr/local/lib/janus",
    "/opt/janus/lib/janus",
];
const MISSING: &str = "Janus is not installed; on Debian: scripts/need.sh janus";
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// See the module's head.
pub(super) struct JanusProcess {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl JanusProcess {
    /// Starts Janus on `core` and waits until it listens.
    ///
    /// # Errors
    /// [`BenchError::Options`] when it is not installed, [`BenchError::Timeout`] when it does not
    /// come up.
    pub fn start(core: usize) -> Result<Self, BenchError> {
        let libraries = LIBRARIES.iter().map(Path::new).find(|p| p.is_dir());
        let libraries = libraries.ok_or(BenchError::Options(MISSING))?;
        let folder = tempfile::Builder::new().prefix("bedside-janus-").tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let settings = settings(folder.path(), libraries, port)?;
        let child = Command::new("taskset")
            .args(["--cpu-list", &core.to_string(), "janus", "--config"])
            .arg(&settings)
            .arg("--configs-folder")
            .arg(folder.path())
            .args(["--disable-colors", "--debug-level=2"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| BenchError::Options(MISSING))?;
        let mut this = Self { child, port, _folder: folder };
        this.wait_until_it_listens()?;
        Ok(this)
    }

    /// Where its WebSocket is.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_it_listens(&mut self) -> Result<(), BenchError> {
        let begin = Instant::now();
        while begin.elapsed() < START_TIMEOUT {
            if TcpStream::connect(self.address()).is_ok() {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                return Err(BenchError::Options(MISSING));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(BenchError::Timeout("Janus did not come up"))
    }
}

impl Drop for JanusProcess {
    fn drop(&mut self) {
        // It keeps nothing that would need an orderly end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes the settings and gives the main file.
fn settings(folder: &Path, libraries: &Path, port: u16) -> Result<PathBuf, BenchError> {
    // A folder of parts with one link each switches everything else off.
    for (kind, part) in [
        ("plugins", Some("libjanus_videoroom.so")),
        ("transports", Some("libjanus_websockets.so")),
        ("events", None),
        ("loggers", None),
    ] {
        let parts = folder.join(kind);
        fs::create_dir(&parts)?;
        if let Some(part) = part {
            symlink(libraries.join(kind).join(part), parts.join(part))?;
        }
    }
    let path = |name: &str| folder.join(name).display().to_string();
    let main = format!(
        "general: {{\n\
         configs_folder = \"{}\"\nplugins_folder = \"{}\"\ntransports_folder = \"{}\"\n\
         events_folder = \"{}\"\nloggers_folder = \"{}\"\n\
         debug_level = 2\nevent_loops = 1\n}}\n\
         media: {{\nslowlink_threshold = 0\n}}\n\
         nat: {{\nice_lite = true\n}}\n",
        folder.display(),
        path("plugins"),
        path("transports"),
        path("events"),
        path("loggers"),
    );
    let web_sockets = format!(
        "general: {{\njson = \"plain\"\nws = true\nws_port = {port}\nws_ip = \"127.0.0.1\"\n\
         wss = false\n}}\nadmin: {{\nadmin_ws = false\n}}\n"
    );
    fs::write(folder.join("janus.transport.websockets.jcfg"), web_sockets)?;
    fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: {\n}\n")?;
    let file = folder.join("janus.jcfg");
    fs::write(&file, main)?;
    Ok(file)
}
