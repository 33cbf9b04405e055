//! `bedside init`, `bedside serve` and `bedside user`: a clinic's own server.

use crate::addresses;
use crate::compose::{self, Parts};
use crate::config::{self, Config};
use crate::error::Failure;
use crate::evidence;
use crate::key_provider;
use crate::local_ca;
use crate::sign_in;
use crate::terminal::Terminal;
use crate::tls;
use audit::Actor;
use keys::Kek;
use server::{
    Clock, MailConfig, MailSecurity, Mailer, OtherRelay, OwnRelayPlan, RelayLogin, ServerConfig,
    Statements,
};
use sfu::SfuConfig;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Store, UserRole, UserState};

/// What `bedside init` takes.
#[derive(clap::Args)]
pub struct InitArgs {
    /// The name under which browsers will reach the server, such as visits.example.org.
    pub domain: String,
    /// E-mail of the first administrator.
    pub admin: String,
    /// Their name.
    #[arg(long, default_value = "Administrator")]
    pub name: String,
    /// Where to write the settings.
    #[arg(short, long, default_value = "bedside.toml")]
    pub output: PathBuf,
    /// Folder for database and keys.
    #[arg(long, default_value = "/var/lib/bedside")]
    pub data: PathBuf,
    /// Another database than a file in the folder (postgres://…). The administrator is made in it.
    #[arg(long)]
    pub database: Option<String>,
}

/// What `bedside user` takes.
#[derive(clap::Args)]
pub struct UserArgs {
    /// The settings file.
    #[arg(short, long, default_value = "bedside.toml")]
    pub config: PathBuf,
    #[command(subcommand)]
    action: UserAction,
}

#[derive(clap::Subcommand)]
enum UserAction {
    /// Adds a member of staff and prints their one-time link.
    Add {
        /// E-mail to sign in with.
        email: String,
        /// Their name, as patients see it.
        #[arg(long)]
        name: String,
        /// What they are at the clinic.
        #[arg(long, value_enum, default_value_t = RoleArg::Clinician)]
        role: RoleArg,
    },
    /// Ends all sign-ins of a person and lets them in no more.
    Disable {
        /// E-mail.
        email: String,
    },
    /// Lets a disabled person in again.
    Enable {
        /// E-mail.
        email: String,
    },
    /// Takes away password and authenticator and prints a one-time link to set both up anew.
    ResetMfa {
        /// E-mail.
        email: String,
    },
    /// Lists everybody.
    List,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum RoleArg {
    Admin,
    Officer,
    Clinician,
    Staff,
}

/// Writes the settings, makes keys, database and the first administrator.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn init(args: InitArgs, out: &mut Terminal) -> Result<(), Failure> {
    let output = args.output.display();
    if args.output.exists() {
        return Err(Failure::Usage(format!(
            "{output} is already there; it was not changed. To use it: bedside serve -c {output}. \
             To begin another server choose another file with -o and another folder with --data"
        )));
    }
    let data = absolute(&args.data)?;
    let keyring = data.join("keyring.json");
    let url = match args.database {
        Some(url) => url,
        None => format!("sqlite://{}/bedside.db", data.display()),
    };
    let text = config::template(&args.domain, &args.admin, &url, &keyring);
    // What could not be read back is refused before anything is made.
    if let Err(config::ConfigError::Wrong { detail, .. }) = Config::parse(&text, output.to_string())
    {
        return Err(Failure::Usage(detail));
    }
    // Keys and database first: settings that point to nothing would be worse than none.
    std::fs::create_dir_all(&data).map_err(|e| {
        Failure::Usage(format!(
            "cannot make {}: {}. Choose another folder with --data",
            data.display(),
            e.kind()
        ))
    })?;
    let store = compose::make_store(&url, &keyring).await?;
    compose::LogPlan::new(&store, &keyring, &config::Audit::default())?;
    let staff = compose::staff_auth(&store)?;
    let new = auth::NewStaff { email: &args.admin, name: &args.name, role: UserRole::Admin };
    let now = Clock::system().now();
    let added = staff.add(store.default_org(), Actor::System, &new, now).await;
    store.close(now).await?;
    let (_, secret) = match added {
        Err(auth::AuthError::AlreadyThere) => {
            return Err(Failure::Usage(
                "this database has an account with this e-mail already; nothing was written. Choose \
                 another database with --data or --database, or another e-mail"
                    .to_owned(),
            ));
        }
        other => other?,
    };
    // Its address of the database may hold a password.
    local_ca::write_private(&args.output, &text)?;
    out.line(&format!("Wrote {output}. Read it once, then start:"));
    out.address(&format!("bedside serve -c {output}"));
    out.line("When it runs, the administrator opens this link once (good for 7 days):");
    out.address(&format!("https://{}/clinic#in={}", args.domain, &*secret.to_text()));
    out.line(&format!("Back up {} apart from the database.", keyring.display()));
    Ok(())
}

/// Runs a clinic's server until it is told to stop.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn serve(path: &Path, detail: crate::logs::Detail) -> Result<(), Failure> {
    let config = Config::read(path)?;
    crate::logs::start(config.telemetry.json_logs, detail);
    if !crate::assets::is_complete() {
        return Err(Failure::Usage("the web app is not built in. Run: make build".to_owned()));
    }
    let store = open(&config).await?;
    let cache = config.data.keyring.with_file_name("certificates");
    // Ordered certificates and their keys are kept here.
    crate::demo::private_folder(&cache)?;
    let https = tls::from_settings(&config.web.certificate, &config.web.domain, &cache)?;
    let listener = addresses::listen(config.web.listen, false, "web.listen").await?;
    let https_port = listener.local_addr()?.port();
    let origin = config.web.origin_at(https_port);
    let metrics_token =
        config.telemetry.metrics_token_file.as_deref().map(config::secret_file).transpose()?;
    let mailer = match &config.mail {
        Some(mail) => Some(Mailer::new(&mail_config(mail)?, &config.clinic.name)?),
        None => None,
    };
    let mut advertised = config.media.public_addresses.clone();
    if advertised.is_empty() {
        advertised.extend(addresses::of_this_machine());
    }
    if advertised.is_empty() {
        let text = "no network address found; set media.public_addresses";
        return Err(Failure::Usage(text.to_owned()));
    }
    let relay_over_tls = config.relay.tls;
    let relay = config.relay.enabled.then(|| OwnRelayPlan {
        listen: vec![relay_address(&advertised, config.relay.port)],
        addresses: advertised.clone(),
        tls: relay_over_tls
            .then(|| format!("{}:{https_port}", config.web.domain))
            .into_iter()
            .collect(),
    });
    let other_relays =
        config.relay.servers.iter().map(other_relay).collect::<Result<Vec<_>, _>>()?;
    let mut media = SfuConfig::new(advertised);
    media.port_base = config.media.udp_port;
    media.single_port = config.media.single_port;
    if let Some(shards) = config.media.shards {
        media.shards = u16::try_from(shards).unwrap_or(u16::MAX);
    }
    if let Some(relay) = &relay {
        ports_differ(relay.listen.iter().map(SocketAddr::port), &media)?;
    }
    let log = compose::LogPlan::new(&store, &config.data.keyring, &config.audit)?;
    let statements = Statements {
        signer: key_provider::signer(&config)?,
        backups_live_days: config.keys.backups_live_days,
    };
    let sso = config.sign_in.oidc.as_ref();
    let sso = sso.map(|oidc| sign_in::provider(oidc, &origin, Clock::system())).transpose()?;
    let records = evidence::Records::beside(&config.data.keyring, &statements.signer);
    let mut running = compose::start(Parts {
        store,
        log,
        config: ServerConfig {
            clinic: config.clinic.name,
            help_phone: config.clinic.help_phone,
            origins: vec![origin.clone()],
            trusted_proxies: config.web.trusted_proxies,
            metrics_token,
        },
        media,
        relay,
        other_relays,
        direct: config.media.direct_calls,
        mailer,
        statements,
        sso,
        records,
        guest: None,
    })
    .await?;
    running.serve_tls(listener, https.config, relay_over_tls)?;
    // Not before: the authority looks at this very port.
    if let Some(orders) = https.orders {
        running.beside(orders.run());
    }
    tracing::info!(%origin, "ready");
    running.run().await
}

/// Manages accounts. Works beside a running server.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn user(args: UserArgs, out: &mut Terminal) -> Result<(), Failure> {
    let config = Config::read(&args.config)?;
    let store = open(&config).await?;
    let done = act(&store, args.action, &config.web.origin(), out).await;
    store.close(Clock::system().now()).await?;
    done
}

async fn act(
    store: &Store,
    action: UserAction,
    origin: &str,
    out: &mut Terminal,
) -> Result<(), Failure> {
    let staff = compose::staff_auth(store)?;
    let (org, now) = (store.default_org(), Clock::system().now());
    let find = async |email: &str| match staff.find(org, email).await {
        Err(auth::AuthError::NotFound) => {
            Err(Failure::Usage("nobody has this e-mail. See: bedside user list".to_owned()))
        }
        other => Ok(other?.id),
    };
    let link = |secret: &auth::Secret| format!("{origin}/clinic#in={}", &*secret.to_text());
    match action {
        UserAction::Add { email, name, role } => {
            let role = match role {
                RoleArg::Admin => UserRole::Admin,
                RoleArg::Officer => UserRole::Officer,
                RoleArg::Clinician => UserRole::Clinician,
                RoleArg::Staff => UserRole::Staff,
            };
            let new = auth::NewStaff { email: &email, name: &name, role };
            let (_, secret) = match staff.add(org, Actor::System, &new, now).await {
                Err(auth::AuthError::AlreadyThere) => {
                    return Err(Failure::Usage("somebody has this e-mail already".to_owned()));
                }
                other => other?,
            };
            out.line("Send this link to them. It works once, for 7 days:");
            out.address(&link(&secret));
        }
        UserAction::Disable { email } => {
            staff.disable(org, Actor::System, find(&email).await?, now).await?;
            out.line("Done: signed out everywhere, and let in no more.");
        }
        UserAction::Enable { email } => {
            staff.enable(org, Actor::System, find(&email).await?, now).await?;
            out.line("Done: they can sign in again.");
        }
        UserAction::ResetMfa { email } => {
            let secret = staff.reset_mfa(org, Actor::System, find(&email).await?, now).await?;
            out.line("Send this link to them. It works once, for 24 hours:");
            out.address(&link(&secret));
        }
        UserAction::List => {
            let users = staff.list(org).await?;
            let width = users.iter().map(|u| u.person.email.chars().count()).max().unwrap_or(0);
            for u in users {
                let state = match u.state {
                    UserState::Active if u.is_new() => "invited",
                    UserState::Active => "active",
                    UserState::Disabled => "disabled",
                };
                let (email, role) = (&u.person.email, u.role.as_str());
                out.line(&format!("{email:width$}  {role:9}  {state:8}  {}", u.person.name));
            }
        }
    }
    Ok(())
}

/// Opens keys and database, and notes a changed name of the clinic.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn open(config: &Config) -> Result<Store, Failure> {
    open_with(config, key_provider::open(config)?).await
}

/// Opens the database with keys that are open already.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn open_with(config: &Config, kek: Arc<dyn Kek>) -> Result<Store, Failure> {
    let store = compose::open_store(&config.data.database, kek).await?;
    let mut reader = store.read(store.default_org()).await?;
    let org = reader.org_row().await?;
    drop(reader);
    if org.name != config.clinic.name {
        let mut tx = store.begin(store.default_org(), Clock::system().now()).await?;
        tx.save_org(&config.clinic.name, &org.settings).await?;
        let event = audit::Event::new(audit::Kind::SettingsChanged, Actor::System);
        tx.commit_with(vec![event.detail("what", "name")]).await?;
    }
    Ok(store)
}

/// The relay and the media threads need ports of their own.
fn ports_differ(relay: impl Iterator<Item = u16>, media: &SfuConfig) -> Result<(), Failure> {
    let (first, count) = (media.port_base, media.ports());
    // 0 lets the system choose, which chooses well.
    let taken = |port: u16| first != 0 && port.checked_sub(first).is_some_and(|n| n < count);
    let Some(port) = relay.into_iter().find(|port| taken(*port)) else { return Ok(()) };
    let after = port + 1;
    Err(Failure::Usage(format!(
        "relay.port {port} is one of the {count} ports that [media] uses from {first} on. Set \
         media.udp_port = {after}, or another relay.port"
    )))
}

/// Where the relay listens: all addresses of the families that people reach us by.
fn relay_address(advertised: &[IpAddr], port: u16) -> SocketAddr {
    let any: IpAddr = if advertised.iter().any(IpAddr::is_ipv6) {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    SocketAddr::new(any, port)
}

fn other_relay(server: &config::TurnServer) -> Result<OtherRelay, Failure> {
    let login = match (&server.secret, &server.username, &server.credential) {
        (Some(secret), ..) => RelayLogin::Shared(
            turn::Secret::new(secret.as_bytes()).map_err(turn::io::StartError::from)?,
        ),
        (None, Some(username), Some(credential)) => {
            RelayLogin::Fixed { username: username.clone(), credential: credential.clone() }
        }
        _ => RelayLogin::Open,
    };
    Ok(OtherRelay { urls: server.urls.clone(), login })
}

/// The settings of mail as the server wants them. Reads the file of the password.
///
/// # Errors
/// [`Failure::Config`] when that file cannot be read.
pub fn mail_config(mail: &config::Mail) -> Result<MailConfig, Failure> {
    let password = mail.password_file.as_deref().map(config::secret_file).transpose()?;
    Ok(MailConfig {
        host: mail.host.clone(),
        port: mail.port,
        security: match mail.security {
            config::MailSecurity::Tls => MailSecurity::Tls,
            config::MailSecurity::StartTls => MailSecurity::StartTls,
            config::MailSecurity::None => MailSecurity::None,
        },
        login: mail.user.clone().zip(password),
        from: mail.from.clone(),
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    Ok(std::path::absolute(path)?)
}
