//! HTTP, WebSocket signalling and the living visits: the thin layer between browsers and the crates
//! that own the matter.
//!
//! It owns the sockets, the order "decide, save, then do", and what each person is shown. It decides
//! nothing that `visit` or `auth` decide, and keeps nothing that `store` keeps.

pub mod app;
pub mod assets;
pub mod audit_export;
pub mod clock;
pub mod consent;
pub mod http;
pub mod invite;
pub mod kept;
pub mod listen;
pub mod live;
pub mod log_keeper;
pub mod log_status;
pub mod mail;
pub mod metrics;
pub mod operator;
pub mod relay;
pub mod sso;
pub mod ws;

pub use app::{App, GuestStarter, ServerConfig, Statements};
pub use assets::Assets;
pub use audit_export::AuditExport;
pub use clock::Clock;
pub use listen::{Incoming, Peer};
pub use log_status::LogStatus;
pub use mail::{MailConfig, MailError, MailSecurity, MailTrouble, Mailer};
pub use operator::{Operator, Surrounding, Surroundings};
pub use relay::{OtherRelay, OwnRelay, OwnRelayPlan, RelayLogin, Relays};

use axum::Extension;
use axum::extract::ConnectInfo;
use axum::serve::Listener as _;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The head of a request has to be there within this time, counted from when it was due: from the
/// handshake, or from the answer before. Otherwise half a request would hold a connection for ever.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// Serves one address until `stop` is told, then lets open requests finish.
///
/// # Errors
/// None at present: what breaks a single connection ends that connection.
pub async fn serve(
    app: Arc<App>,
    mut incoming: Incoming,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let router = http::router(app);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let mut connections = JoinSet::new();
    loop {
        let (stream, address) = tokio::select! {
            accepted = incoming.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let service = router.clone().layer(Extension(ConnectInfo(Peer(address))));
        let connection = builder
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .with_upgrades();
        let mut stop = stop.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        });
        while connections.try_join_next().is_some() {}
    }
    drop(incoming);
    while connections.join_next().await.is_some() {}
    Ok(())
}
