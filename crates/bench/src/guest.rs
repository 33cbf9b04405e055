//! The synthetic patient: opens a link and takes part with the shipped clip, so that one person
//! alone sees a visit in both directions.

use std::future::Future;

use tokio::sync::mpsc;

use crate::BenchError;
use crate::http::TlsRoot;
use crate::participant::{Part, Participant, Stage};
use crate::signalling::{GuestLink, SeatSocket, open_link};

pub use crate::participant::End as GuestEnd;

/// See the module's head. Not `Debug`: it holds a secret.
pub struct Guest {
    link: GuestLink,
    root: Option<TlsRoot>,
    stages: mpsc::UnboundedSender<Stage>,
}

impl Guest {
    /// A guest for the link `url` (secret behind `#`). `https` needs the authority to trust.
    ///
    /// # Errors
    /// [`BenchError::Url`] when the link cannot be read.
    pub fn new(url: &str, root: Option<TlsRoot>) -> Result<Self, BenchError> {
        Ok(Self::with_link(GuestLink::parse(url)?, root, mpsc::unbounded_channel().0))
    }

    pub(crate) const fn with_link(
        link: GuestLink,
        root: Option<TlsRoot>,
        stages: mpsc::UnboundedSender<Stage>,
    ) -> Self {
        Self { link, root, stages }
    }

    /// Opens the link, passes the check, consents to whatever is asked, waits, and plays the clip
    /// once admitted, until `stop` or until the clinic ends it. Call on a tokio runtime.
    ///
    /// # Errors
    /// [`BenchError::Refused`] when the link is dead or a step is refused; failures of the
    /// connection.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<GuestEnd, BenchError> {
        let (mut http, opened) = open_link(&self.link, self.root).await?;
        let socket = SeatSocket::connect(&mut http, opened.visit, Some(opened.seat)).await?;
        Participant::new(Part::Guest, socket, self.stages)?.run(stop).await
    }
}
