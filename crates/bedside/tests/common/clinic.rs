//! A clinic's server in a folder of its own, made by `bedside init`, that listens on loopback only.

use super::program::{Outcome, Program, run};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use tempfile::TempDir;

pub const DOMAIN: &str = "clinic.test";
pub const ADMIN: &str = "admin@clinic.test";

pub struct Clinic {
    folder: TempDir,
    /// What `init` said.
    pub said: Outcome,
}

impl Clinic {
    /// On SQLite.
    pub fn init() -> Self {
        Self::init_with(&[])
    }

    /// With more options of `init`. It must go well.
    pub fn init_with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let this =
            Self { folder, said: Outcome { code: None, out: String::new(), err: String::new() } };
        let said = this.init_again(more);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let this = Self { said, ..this };
        // The system chooses ports, so that tests do not fight for them.
        this.edit("\"0.0.0.0:443\"", "\"127.0.0.1:0\"");
        this.edit("udp_port = 3479", "udp_port = 0");
        this.edit("\nport = 3478", "\nport = 0");
        this.edit("public_addresses = []", "public_addresses = [\"127.0.0.1\"]");
        this
    }

    /// `init` once more, for the same folders.
    pub fn init_again(&self, more: &[&str]) -> Outcome {
        let (settings, data) = (self.settings(), self.data());
        let mut args = vec!["init", DOMAIN, ADMIN, "-o", &settings];
        args.extend(["--data", data.to_str().expect("a plain path")]);
        args.extend(more);
        run(&args)
    }

    pub fn settings(&self) -> String {
        self.path("bedside.toml").to_str().expect("a plain path").to_owned()
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces a part of the settings that must be there.
    pub fn edit(&self, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.settings()).expect("the settings are there");
        assert_eq!(text.matches(old).count(), 1, "{old} is in the settings once");
        std::fs::write(self.settings(), text.replace(old, new))
            .expect("the settings can be changed");
    }

    /// Gives it a certificate from files, signed by itself, and returns it.
    pub fn use_own_certificate(&self) -> CertificateDer<'static> {
        self.use_certificate_for(DOMAIN)
    }

    /// The same for another name.
    pub fn use_certificate_for(&self, name: &str) -> CertificateDer<'static> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("the name is good");
        let certificate = params.self_signed(&key).expect("it signs itself");
        let (chain_path, key_path) = (self.path("chain.pem"), self.path("key.pem"));
        std::fs::write(&chain_path, certificate.pem()).expect("a file");
        std::fs::write(&key_path, key.serialize_pem()).expect("a file");
        self.edit("from = \"acme\"", "from = \"files\"");
        let files = format!("chain = {chain_path:?}\nkey = {key_path:?}");
        self.edit(&format!("contact = \"{ADMIN}\""), &files);
        certificate.der().clone()
    }

    /// `bedside user …`.
    pub fn user(&self, args: &[&str]) -> Outcome {
        let settings = self.settings();
        let mut all = vec!["user", "-c", &settings];
        all.extend(args);
        run(&all)
    }

    /// `bedside backup …`.
    pub fn backup(&self, args: &[&str]) -> Outcome {
        let settings = self.settings();
        let mut all = vec!["backup", "-c", &settings];
        all.extend(args);
        run(&all)
    }

    /// Makes a backup for a fresh identity; gives its manifest and the identity's file.
    pub fn backed_up(&self) -> (String, String) {
        let path = |name| self.path(name).to_str().expect("a plain path").to_owned();
        let (identity, folder) = (path("identity.txt"), path("backups"));
        let made = run(&["backup", "keygen", "-o", &identity]);
        let recipient = made.out.lines().find_map(|line| line.trim().strip_prefix("age1"));
        let recipient = format!("age1{}", recipient.expect("it says for whom"));
        let made = self.backup(&["create", "--to", &folder, "--recipient", &recipient, "--json"]);
        assert_eq!(made.code, Some(0), "{}", made.err);
        let line = made.out.lines().find(|line| line.contains("\"manifest\""));
        let manifest = line.and_then(|line| line.split('"').nth(3)).expect("a path");
        (manifest.to_owned(), identity)
    }

    /// `bedside keys …`.
    pub fn keys(&self, args: &[&str]) -> Outcome {
        let settings = self.settings();
        let mut all = vec!["keys", "-c", &settings];
        all.extend(args);
        run(&all)
    }

    /// `bedside serve`.
    pub fn start(&self) -> Program {
        Program::start(&["serve", "-c", &self.settings()])
    }

    /// `bedside serve`, and where it listens.
    pub async fn serve(&self) -> (Program, SocketAddr) {
        let mut program = self.start();
        let ready = program.says("ready origin=").await;
        let (_, port) = ready.rsplit_once(':').expect("the line ends with the address");
        let port = port.trim().parse().expect("the address ends with the port");
        (program, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }
}
