//! HTTP, WebSocket signalling and the living visits: the thin layer between browsers and the crates
//! that own the matter.
//!
//! It owns the sockets, the order "decide, save, then do", and what each person is shown. It decides
//! nothing that `visit` or `auth` decide, and keeps nothing that `store` keeps.

pub mod app;
pub mod assets;
pub mod clock;
pub mod consent;
pub mod http;
pub mod invite;
pub mod listen;
pub mod live;
pub mod mail;
pub mod metrics;
pub mod ws;

pub use app::{App, GuestStarter, ServerConfig};
pub use assets::Assets;
pub use clock::Clock;
pub use listen::{Incoming, Peer};
pub use mail::{MailConfig, MailError, MailSecurity, Mailer};

use std::io;
use std::sync::Arc;

/// Serves one address until `stop` is told, then lets open requests finish.
///
/// # Errors
/// When the socket breaks.
pub async fn serve(
    app: Arc<App>,
    incoming: Incoming,
    mut stop: tokio::sync::watch::Receiver<bool>,
) -> io::Result<()> {
    let router = http::router(app).into_make_service_with_connect_info::<Peer>();
    axum::serve(incoming, router)
        .with_graceful_shutdown(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        })
        .await
}
