//! `bedside demo`: everything on one machine, ready to try, with one clinician and one patient.

use crate::addresses;
use crate::compose::{self, Parts};
use crate::error::Failure;
use crate::evidence::Records;
use crate::local_ca;
use crate::terminal::Terminal;
use crate::tls;
use bench::{Guest, TlsRoot};
use server::live::Call;
use server::{GuestStarter, Incoming, OwnRelayPlan, ServerConfig, Statements};
use sfu::SfuConfig;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{PersonSecret, SeatRow, UserRole, VisitRow, VisitText};
use visit::{DirectPolicy, Duration, Role, SeatId, Timestamp, UserId, VisitId};

const CLINICIAN_EMAIL: &str = "demo@bedside.localhost";
const CLINICIAN_NAME: &str = "Dr. Rivera";
const PATIENT_NAME: &str = "Alex Morgan";

/// What `bedside demo` takes.
#[derive(clap::Args)]
pub struct DemoArgs {
    /// A synthetic patient joins by itself, so that one person alone sees a two-way visit.
    #[arg(long)]
    pub guest: bool,
    /// Port for this machine (http://localhost).
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Port for other devices in the same network (https).
    #[arg(long, default_value_t = 8443)]
    pub https_port: u16,
    /// First UDP port for audio and video; 0 takes any.
    #[arg(long, default_value_t = 0)]
    pub udp_port: u16,
    /// Port of the relay, UDP and TCP, for networks that let no direct path through; 0 takes any.
    #[arg(long, default_value_t = 0)]
    pub relay_port: u16,
    /// Folder for the demo's data. Delete it to begin anew.
    #[arg(long, default_value = ".bedside-demo")]
    pub data: PathBuf,
    /// Another database than a file in the folder (postgres://…).
    #[arg(long, env = "BEDSIDE_DEMO_DATABASE")]
    pub database: Option<String>,
    /// Whether two people alone may talk directly, past the server: never, auto or
    /// always_relay.
    #[arg(long, default_value = "never", value_parser = crate::config::direct_calls)]
    pub direct_calls: DirectPolicy,
    /// Also print the addresses as one JSON object on the last line.
    #[arg(long)]
    pub json: bool,
    /// File with the token that GET /metrics wants.
    #[arg(long)]
    pub metrics_token_file: Option<PathBuf>,
}

/// Runs the demo until it is told to stop.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn run(args: DemoArgs, out: &mut Terminal) -> Result<(), Failure> {
    if !crate::assets::is_complete() {
        return Err(Failure::Usage("the web app is not built in. Run: make build".to_owned()));
    }
    private_folder(&args.data)?;
    let lan = addresses::of_this_machine();
    let plain = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let plain = addresses::listen(plain, true, "--port").await?;
    let https = SocketAddr::from((Ipv4Addr::UNSPECIFIED, args.https_port));
    let https = addresses::listen(https, true, "--https-port").await?;
    let (plain_port, https_port) = (plain.local_addr()?.port(), https.local_addr()?.port());

    let mut ips = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    ips.extend(lan);
    let certificate = local_ca::certificate(&args.data.join("certificates"), &ips)?;
    let tls = tls::from_pem(certificate.chain_pem.as_bytes(), certificate.key_pem.as_bytes())?;

    let localhost = format!("http://localhost:{plain_port}");
    // As browsers write it: without the port that goes without saying.
    let https_origin = |host: &str| match https_port {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    };
    let lan_base = lan.map(|ip| https_origin(&ip.to_string()));
    let mut origins = vec![localhost.clone(), format!("http://127.0.0.1:{plain_port}")];
    origins.push(https_origin("localhost"));
    origins.extend(lan_base.clone());

    let database = match &args.database {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", args.data.join("bedside.db").display()),
    };
    let keyring = args.data.join("keyring.json");
    let store = compose::make_store(&database, &keyring).await?;
    let log = compose::LogPlan::new(&store, &keyring, &crate::config::Audit::default())?;
    let metrics_token =
        args.metrics_token_file.as_deref().map(crate::config::secret_file).transpose()?;
    let relay = OwnRelayPlan {
        listen: vec![(Ipv4Addr::UNSPECIFIED, args.relay_port).into()],
        addresses: ips.clone(),
        tls: ips.iter().map(|ip| SocketAddr::new(*ip, https_port).to_string()).collect(),
    };
    let mut media = SfuConfig::new(ips);
    media.port_base = args.udp_port;
    let statements = statements(&keyring)?;
    let mut running = compose::start(Parts {
        store,
        log,
        config: ServerConfig {
            clinic: "Hillside Clinic (demo)".to_owned(),
            help_phone: String::new(),
            origins,
            trusted_proxies: Vec::new(),
            metrics_token,
        },
        media,
        relay: Some(relay),
        other_relays: Vec::new(),
        direct: args.direct_calls,
        mailer: None,
        sso: None,
        records: Records::beside(&keyring, &statements.signer),
        statements,
        guest: Some(guest_starter()),
    })
    .await?;
    running.serve(Incoming::plain(plain)?);
    running.serve_tls(https, tls, true)?;

    let app = Arc::clone(&running.app);
    let clinician = clinician(&app).await?;
    let sign_in = app
        .staff
        .sign_in_link(app.org, audit::Actor::System, clinician, app.clock.now())
        .await?
        .to_text()
        .to_string();
    let (visit, secret) = todays_visit(&app, clinician).await?;
    let patient_local = format!("{localhost}/v#{secret}");
    let addresses = Addresses {
        clinician: format!("{localhost}/clinic#in={sign_in}"),
        patient: patient_local.clone(),
        patient_lan: lan_base.map(|base| format!("{base}/v#{secret}")),
        visit: visit.to_text(),
    };
    addresses.print(out, &certificate.ca_path, args.guest);
    if args.json {
        out.line(&serde_json::to_string(&addresses).unwrap_or_default());
    }
    if args.guest {
        tokio::spawn(guest_starter()(patient_local));
    }
    drop(app);
    let done = running.run().await;
    out.line("Closed. Links still work after the next start.");
    done
}

#[derive(serde::Serialize)]
struct Addresses {
    clinician: String,
    patient: String,
    patient_lan: Option<String>,
    visit: String,
}

impl Addresses {
    fn print(&self, out: &mut Terminal, ca: &Path, guest: bool) {
        out.line("");
        out.title("Bedside is ready");
        out.line("");
        out.line("1. You are the clinician. Open this (it signs you in once):");
        out.address(&self.clinician);
        out.line("");
        out.line("2. The patient, in another window of this machine:");
        out.address(&self.patient);
        if let Some(lan) = &self.patient_lan {
            out.line("");
            out.line("   …or on a phone in the same network. Scan it:");
            out.qr(lan);
            out.line(&format!(
                "   The phone warns about the certificate, because this machine made it. To trust \
                 it, copy {} to the phone and install it as a certificate authority; remove it \
                 after the demo.",
                ca.display()
            ));
        }
        out.line("");
        out.line(if guest {
            "Trying it alone: a synthetic patient is on the way. Admit it in the clinician's page."
        } else {
            "Trying it alone: press “Let a synthetic patient join” in the clinician's page."
        });
        out.line("Ctrl-C ends the demo.");
        out.line("");
    }
}

/// What signs certificates: a key beside the keyring.
fn statements(keyring: &Path) -> Result<Statements, Failure> {
    Ok(Statements {
        signer: crate::key_provider::signer_beside(keyring)?,
        backups_live_days: crate::config::key_settings::Keys::default().backups_live_days,
    })
}

/// Plays the synthetic patient at a link.
fn guest_starter() -> GuestStarter {
    Arc::new(|url: String| {
        Box::pin(async move {
            let guest = match Guest::new(&url, None::<TlsRoot>) {
                Ok(guest) => guest,
                Err(error) => {
                    tracing::error!(%error, "the synthetic patient cannot start");
                    return;
                }
            };
            match guest.run(std::future::pending()).await {
                Ok(_) => tracing::info!("the synthetic patient left"),
                Err(error) => tracing::warn!(%error, "the synthetic patient stopped"),
            }
        })
    })
}

async fn clinician(app: &server::App) -> Result<UserId, Failure> {
    match app.staff.find(app.org, CLINICIAN_EMAIL).await {
        Ok(user) => Ok(user.id),
        Err(auth::AuthError::NotFound) => {
            let new = auth::NewStaff {
                email: CLINICIAN_EMAIL,
                name: CLINICIAN_NAME,
                role: UserRole::Admin,
            };
            let (user, _) =
                app.staff.add(app.org, audit::Actor::System, &new, app.clock.now()).await?;
            Ok(user)
        }
        Err(other) => Err(other.into()),
    }
}

/// The demo's visit: the one that is still open from before, or a new one that is due now. Links are stored
/// as hashes only, so there is one more link at each start; earlier ones go on working.
async fn todays_visit(app: &server::App, host: UserId) -> Result<(VisitId, String), Failure> {
    let now = app.clock.now();
    let mut reader = app.core.store.read(app.org).await?;
    let open = reader
        .visits_of_host(
            host,
            Timestamp(now.0 - Duration::from_min(12 * 60).0),
            now.plus(Duration::from_min(60)),
        )
        .await?
        .into_iter()
        .rfind(|v| !v.visit.state.is_final());
    drop(reader);
    let mut tx = app.core.store.begin(app.org, now).await?;
    let mut events = Vec::new();
    let (visit, patient) = match open.and_then(|v| {
        let patient = v.seats.iter().find(|s| s.role == Role::Patient)?.id;
        Some((v.visit.id, patient))
    }) {
        Some(found) => found,
        None => {
            let (visit, patient) = new_visit(&mut tx, host, now).await?;
            events.push(
                audit::Event::new(audit::Kind::VisitCreated, audit::Actor::System).visit(visit),
            );
            (visit, patient)
        }
    };
    let expires = now.plus(Duration::from_days(1));
    let (secret, issued) =
        app.guests.issue_another(&mut tx, audit::Actor::System, visit, patient, expires).await?;
    events.push(issued);
    tx.commit_with(events).await?;
    // Wake it, so that the board shows it at once.
    let _ = app.core.ask(app.org, visit, Call::BoardEntry).await;
    Ok((visit, secret.to_text().to_string()))
}

async fn new_visit(
    tx: &mut store::Tx,
    host: UserId,
    now: Timestamp,
) -> Result<(VisitId, SeatId), Failure> {
    let person = |name: &str| PersonSecret { name: name.to_owned(), email: None, dob: None };
    let id = |n: u128| (now.unix_ms(), rand::random::<u128>() ^ n);
    let visit = {
        let (ms, r) = id(1);
        VisitId::new(ms, r)
    };
    let seat = |n| {
        let (ms, r) = id(n);
        SeatId::new(ms, r)
    };
    let mut host_seat = SeatRow::invited(seat(2), Role::Host, person(CLINICIAN_NAME), now);
    host_seat.user = Some(host);
    let patient = SeatRow::invited(seat(3), Role::Patient, person(PATIENT_NAME), now);
    let row = VisitRow {
        text: VisitText { title: None, note: Some("Follow-up".to_owned()) },
        ..VisitRow::booked(visit, host, now, 20, now)
    };
    let patient_id = patient.id;
    tx.create_visit(&row, &[host_seat, patient]).await?;
    Ok((visit, patient_id))
}

/// A folder that only this user may look into.
pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A server of its own in a temporary folder, on loopback only, for measurements.
pub struct Scratch {
    /// One-time sign-in link of its clinician.
    pub sign_in: String,
    running: compose::Running,
    _folder: tempfile::TempDir,
}

impl Scratch {
    /// Starts it.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn start() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let database = format!("sqlite:{}", folder.path().join("bedside.db").display());
        let keyring = folder.path().join("keyring.json");
        let store = compose::make_store(&database, &keyring).await?;
        let log = compose::LogPlan::new(&store, &keyring, &crate::config::Audit::default())?;
        let plain = addresses::listen((Ipv4Addr::LOCALHOST, 0).into(), true, "--port").await?;
        let base = format!("http://localhost:{}", plain.local_addr()?.port());
        let statements = statements(&keyring)?;
        let mut running = compose::start(Parts {
            store,
            log,
            config: ServerConfig {
                clinic: "Measurement".to_owned(),
                help_phone: String::new(),
                origins: vec![base.clone()],
                trusted_proxies: Vec::new(),
                metrics_token: None,
            },
            media: SfuConfig::new(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
            relay: None,
            other_relays: Vec::new(),
            direct: DirectPolicy::Never,
            mailer: None,
            sso: None,
            records: Records::beside(&keyring, &statements.signer),
            statements,
            guest: None,
        })
        .await?;
        running.serve(Incoming::plain(plain)?);
        let app = Arc::clone(&running.app);
        let user = clinician(&app).await?;
        let now = app.clock.now();
        let secret = app.staff.sign_in_link(app.org, audit::Actor::System, user, now).await?;
        let sign_in = format!("{base}/clinic#in={}", &*secret.to_text());
        Ok(Self { sign_in, running, _folder: folder })
    }

    /// Stops it.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn close(self) -> Result<(), Failure> {
        self.running.close().await
    }
}
