//! A wire between a page's media and the server that can be listened to and damaged. Everything
//! that the server sends to this page comes through here.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

/// The wire. It breaks when dropped.
pub struct Tap {
    /// What the page sends to, in place of the server.
    pub front: SocketAddr,
    back: SocketAddr,
    losing: Arc<Losing>,
    marks: mpsc::UnboundedSender<oneshot::Sender<u64>>,
    task: tokio::task::JoinHandle<()>,
}

/// What is lost from now on.
#[derive(Default)]
struct Losing {
    to_page: AtomicBool,
    from_page: AtomicBool,
}

impl Tap {
    /// A wire to this address of the server.
    pub async fn to(server: SocketAddr) -> Self {
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let back = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let addresses = [&front, &back].map(|s| s.local_addr().expect("an address"));
        let losing = Arc::new(Losing::default());
        let (marks, marked) = mpsc::unbounded_channel();
        let task = tokio::spawn(run(front, back, server, Arc::clone(&losing), marked));
        Self { front: addresses[0], back: addresses[1], losing, marks, task }
    }

    /// From now on two of three media packets to the page are lost.
    pub fn lose_media(&self) {
        self.losing.to_page.store(true, Ordering::Relaxed);
    }

    /// From now on every fifth media packet of the page is lost.
    pub fn lose_own_media(&self) {
        self.losing.from_page.store(true, Ordering::Relaxed);
    }

    /// How many datagrams the server has sent to this page up to now. Whatever the system had taken
    /// from the server before this call is counted, whether it was handed on yet or not.
    pub async fn sent_by_server(&self) -> u64 {
        let (reply, count) = oneshot::channel();
        self.marks.send(reply).expect("the wire is whole");
        // Queued behind everything that has come already.
        let mark = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        mark.send_to(b"mark", self.back).await.expect("loopback");
        count.await.expect("the wire is whole")
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    front: UdpSocket,
    back: UdpSocket,
    server: SocketAddr,
    losing: Arc<Losing>,
    mut marks: mpsc::UnboundedReceiver<oneshot::Sender<u64>>,
) {
    let (mut page, mut sent, mut media, mut own) = (None, 0_u64, 0_u64, 0_u64);
    let (mut out, mut back_in) = (vec![0; 2_048], vec![0; 2_048]);
    loop {
        tokio::select! {
            received = front.recv_from(&mut out) => {
                let Ok((len, from)) = received else { continue };
                page = Some(from);
                if losing.from_page.load(Ordering::Relaxed) && is_media(&out[..len]) {
                    own += 1;
                    if own.is_multiple_of(5) {
                        continue;
                    }
                }
                let _ = back.send_to(&out[..len], server).await;
            }
            received = back.recv_from(&mut back_in) => {
                // A port that is gone answers with an error, once the server is dead.
                let Ok((len, from)) = received else { continue };
                if from != server {
                    if let Some(reply) = marks.recv().await {
                        let _ = reply.send(sent);
                    }
                    continue;
                }
                sent += 1;
                if losing.to_page.load(Ordering::Relaxed) && is_media(&back_in[..len]) {
                    media += 1;
                    if !media.is_multiple_of(3) {
                        continue;
                    }
                }
                if let Some(page) = page {
                    let _ = front.send_to(&back_in[..len], page).await;
                }
            }
        }
    }
}

/// RTP, and neither RTCP (RFC 5761 §4) nor STUN or DTLS (RFC 7983).
fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [128..192, kind, ..] if !(64..96).contains(&(kind & 0x7f)))
}
