//! coturn's server: its settings in a folder of its own, its start, its end. One relay thread, as
//! ours has.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use turn::{Credentials, Secret};
use visit::{SeatId, VisitId};

use super::{Login, Server};
use crate::BenchError;

const START_TIMEOUT: Duration = Duration::from_secs(10);
const LIFETIME_S: u64 = 3_600;

/// The process. Dropping it ends it and takes its folder away.
pub(super) struct Coturn {
    child: Child,
    address: SocketAddr,
    login: Login,
    _folder: TempDir,
}

impl Coturn {
    /// Starts it and waits until it listens. `None`: it is not installed.
    pub fn start() -> Result<Option<Self>, BenchError> {
        let folder = tempfile::Builder::new().prefix("bedside-coturn-").tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let secret = format!("{:032x}", rand::random::<u128>());
        let path = |name: &str| folder.path().join(name);
        let settings = format!(
            "listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port={port}\nrelay-threads=1\n\
             realm=bedside\nuse-auth-secret\nstatic-auth-secret={secret}\nno-tls\nno-dtls\nno-cli\n\
             allow-loopback-peers\nno-stdout-log\nlog-file={}\nuserdb={}\npidfile={}\n",
            path("log").display(),
            path("users").display(),
            path("pid").display(),
        );
        let file = path("settings");
        std::fs::write(&file, settings)?;
        let started = Command::new("turnserver")
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else { return Ok(None) };
        let unix_s = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let secret = Secret::new(secret.as_bytes()).map_err(std::io::Error::other)?;
        let (visit, seat) = (VisitId::from_u128(1), SeatId::from_u128(2));
        let Credentials { username, password } =
            Credentials::issue(&secret, visit, seat, unix_s + LIFETIME_S);
        let login = Login { username, password };
        let mut this = Self { child, address, login, _folder: folder };
        this.wait_until_it_listens()?;
        Ok(Some(this))
    }

    fn wait_until_it_listens(&mut self) -> Result<(), BenchError> {
        let begin = Instant::now();
        while begin.elapsed() < START_TIMEOUT {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                return Err(BenchError::Answer("coturn ended at its start"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(BenchError::Timeout("coturn did not come up"))
    }
}

impl Server for Coturn {
    fn id(&self) -> u32 {
        self.child.id()
    }
    fn udp(&self) -> SocketAddr {
        self.address
    }
    fn tcp(&self) -> SocketAddr {
        self.address
    }
    fn login(&self) -> &Login {
        &self.login
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        // It keeps nothing that would need an orderly end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
