//! Trying a way to a server's media, UDP or TCP, as a stranger's browser would: ICE, DTLS, and a message
//! of the server on the data channel. No media is sent.
//!
//! Owns the socket of one try. Where the offer comes from and how the answer gets back is the
//! caller's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use crate::client::{Client, ClientError, ClientEvent, ClientOptions};
use crate::hello::{Offer, Reply};

/// Longest wait for a TCP connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Room for one datagram or frame; the length of a frame has 16 bits (RFC 4571 §2).
const BUFFER_BYTES: usize = 65_536;

/// An offer of DTLS is said again after so long without an answer.
const SAY_EVERY: Duration = Duration::from_millis(400);

/// What became of an offer of DTLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtlsAnswer {
    /// The server goes on with it.
    Taken,
    /// It refuses, by an alert.
    Refused,
    /// It does not answer, as servers do that drop what they do not take.
    Silent,
}

/// What carries media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// UDP.
    Udp,
    /// ICE-TCP (RFC 6544).
    Tcp,
}

impl Way {
    /// As it stands in a candidate (RFC 8839 §5.1).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// Why a way does not work. Names no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WayError {
    /// The server's offer has no such way.
    #[error("the server does not offer it")]
    NotOffered,
    /// Somebody answered that nobody is there.
    #[error("the connection was refused")]
    Refused,
    /// Nothing came back.
    #[error("nothing came back")]
    Silent,
    /// The server ended it.
    #[error("the server ended it")]
    Ended,
    /// This machine has no way there.
    #[error("this machine has no route there")]
    NoRoute,
    /// The offer is none that can be answered.
    #[error("{0}")]
    Offer(#[from] ClientError),
}

/// One try: its socket is open and its answer is made.
pub struct Try {
    client: Client,
    carrier: Carrier,
    answer: String,
    began: Instant,
}

enum Carrier {
    Udp(UdpSocket),
    Tcp { stream: TcpStream, to: SocketAddr, partial: Vec<u8> },
}

impl Try {
    /// Opens a socket towards the server's candidate of this kind, and answers its offer (SDP).
    ///
    /// # Errors
    /// [`WayError`].
    pub async fn begin(offer: &str, way: Way) -> Result<Self, WayError> {
        let to = candidate(offer, way).ok_or(WayError::NotOffered)?;
        let began = Instant::now();
        let (carrier, local) = match way {
            Way::Udp => open_udp(to).await.map_err(|_| WayError::NoRoute)?,
            Way::Tcp => open_tcp(to).await?,
        };
        let options = ClientOptions { tcp: way == Way::Tcp, ..ClientOptions::default() };
        let mut client = Client::new(began, local, options, None)?;
        // As browsers do, we begin the handshake (RFC 8842 §5.3); str0m would leave it to the server.
        let offer = offer.replace("a=setup:actpass", "a=setup:passive");
        let answer = client.answer(Instant::now(), &offer, &[])?;
        Ok(Self { client, carrier, answer, began })
    }

    /// The answer for the server (SDP).
    #[must_use]
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// Goes on until the server's first message is there, and gives the time since the beginning.
    ///
    /// # Errors
    /// [`WayError::Silent`] after `within`, or what ended it before.
    pub async fn connect(mut self, within: Duration) -> Result<Duration, WayError> {
        let done = tokio::time::timeout(within, self.run()).await.unwrap_or(Err(WayError::Silent));
        self.client.close(Instant::now());
        // Who does not hear the goodbye notices the silence.
        let _ = self.send().await;
        done.map(|()| self.began.elapsed())
    }

    /// Begins DTLS with this offer instead of one's own, once ICE has found the way, and waits for an
    /// answer for `answer_within`.
    ///
    /// # Errors
    /// [`WayError`], when the way itself is not found within `within`.
    pub async fn offer(
        mut self,
        offer: Offer,
        random: [u8; 32],
        within: Duration,
        answer_within: Duration,
    ) -> Result<DtlsAnswer, WayError> {
        let (mut hello, mut buffer) = (offer.dtls(random, &[], 0), vec![0; BUFFER_BYTES]);
        let (mut to, mut end, mut next) = (None, self.began + within, self.began + within);
        loop {
            // ICE goes on all the while; the client's own DTLS only tells when and where to begin.
            while self.client.poll_timeout() <= Instant::now() {
                self.client.handle_timeout(Instant::now());
            }
            while let Some(out) = self.client.poll_transmit() {
                if !is_dtls(&out.contents) {
                    let sent = self.carrier.send(out.destination, &out.contents).await;
                    sent.map_err(of_stream)?;
                } else if to.replace(out.destination).is_none() {
                    (end, next) = (Instant::now() + answer_within, Instant::now());
                }
            }
            if next <= Instant::now() {
                let to = to.ok_or(WayError::Silent)?;
                if end <= Instant::now() {
                    return Ok(DtlsAnswer::Silent);
                }
                self.carrier.send(to, &hello).await.map_err(of_stream)?;
                next = end.min(Instant::now() + SAY_EVERY);
            }
            let due = next.min(self.client.poll_timeout());
            let received = tokio::select! {
                received = self.carrier.receive(&mut buffer) => received.map_err(of_stream)?,
                () = tokio::time::sleep_until(due.into()) => None,
            };
            let Some((from, length)) = received else { continue };
            let datagram = buffer.get(..length).unwrap_or_default();
            if !is_dtls(datagram) {
                self.client.handle_datagram(Instant::now(), from, datagram);
                continue;
            }
            match Reply::of_dtls(datagram) {
                Reply::Taken => return Ok(DtlsAnswer::Taken),
                Reply::Refused => return Ok(DtlsAnswer::Refused),
                Reply::Again(cookie) => {
                    hello = offer.dtls(random, &cookie, 1);
                    self.carrier.send(from, &hello).await.map_err(of_stream)?;
                }
                Reply::Other => {}
            }
        }
    }

    async fn run(&mut self) -> Result<(), WayError> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            while self.client.poll_timeout() <= Instant::now() {
                self.client.handle_timeout(Instant::now());
                self.send().await.map_err(of_stream)?;
            }
            self.send().await.map_err(of_stream)?;
            while let Some(event) = self.client.poll_event() {
                match event {
                    ClientEvent::Ping { .. } => return Ok(()),
                    ClientEvent::Closed => return Err(WayError::Ended),
                    _ => {}
                }
            }
            let due = self.client.poll_timeout();
            tokio::select! {
                received = self.carrier.receive(&mut buffer) => {
                    let Some((from, length)) = received.map_err(of_stream)? else { continue };
                    let datagram = buffer.get(..length).unwrap_or_default();
                    self.client.handle_datagram(Instant::now(), from, datagram);
                }
                () = tokio::time::sleep_until(due.into()) => {}
            }
        }
    }

    async fn send(&mut self) -> io::Result<()> {
        while let Some(out) = self.client.poll_transmit() {
            self.carrier.send(out.destination, &out.contents).await?;
        }
        Ok(())
    }
}

impl Carrier {
    async fn send(&mut self, to: SocketAddr, contents: &[u8]) -> io::Result<()> {
        match self {
            // A lost datagram is sent again.
            Self::Udp(socket) => drop(socket.send_to(contents, to).await),
            Self::Tcp { stream, .. } => {
                let length = u16::try_from(contents.len()).unwrap_or(u16::MAX);
                let mut frame = length.to_be_bytes().to_vec();
                frame.extend_from_slice(contents);
                stream.write_all(&frame).await?;
            }
        }
        Ok(())
    }

    /// The next datagram in `buffer`: from where and how long. `None` when there is no whole one yet.
    /// Safe to drop in the middle: nothing that was read gets lost.
    async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<(SocketAddr, usize)>> {
        match self {
            Self::Udp(socket) => match socket.recv_from(buffer).await {
                Ok((length, from)) => Ok(Some((from, length))),
                // A closed port says so by ICMP (RFC 1122 §4.1.3.3); a later check may be heard.
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => Ok(None),
                Err(e) => Err(e),
            },
            Self::Tcp { stream, to, partial } => {
                if let Some(length) = take_frame(partial, buffer) {
                    return Ok(Some((*to, length)));
                }
                if stream.read_buf(partial).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(take_frame(partial, buffer).map(|length| (*to, length)))
            }
        }
    }
}

/// Moves the first whole frame from `partial` to `buffer` and gives its length.
fn take_frame(partial: &mut Vec<u8>, buffer: &mut [u8]) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes(partial.get(..2)?.try_into().ok()?));
    let frame = partial.get(2..2 + length)?;
    buffer.get_mut(..length)?.copy_from_slice(frame);
    partial.drain(..2 + length);
    Some(length)
}

/// By the first byte (RFC 7983 §7).
const fn is_dtls(datagram: &[u8]) -> bool {
    matches!(datagram, [20..=63, ..])
}

async fn open_udp(to: SocketAddr) -> io::Result<(Carrier, SocketAddr)> {
    // The routing table knows which of our addresses is used; asking sends nothing.
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let asking = UdpSocket::bind((any, 0)).await?;
    asking.connect(to).await?;
    let socket = UdpSocket::bind((asking.local_addr()?.ip(), 0)).await?;
    let local = socket.local_addr()?;
    Ok((Carrier::Udp(socket), local))
}

async fn open_tcp(to: SocketAddr) -> Result<(Carrier, SocketAddr), WayError> {
    let connect = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(to)).await;
    let stream = connect.unwrap_or(Err(io::ErrorKind::TimedOut.into())).map_err(of_connect)?;
    let local = stream.local_addr().and_then(|local| stream.set_nodelay(true).map(|()| local));
    let local = local.map_err(of_stream)?;
    Ok((Carrier::Tcp { stream, to, partial: Vec::new() }, local))
}

fn of_connect(error: io::Error) -> WayError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => WayError::Refused,
        io::ErrorKind::TimedOut => WayError::Silent,
        _ => WayError::NoRoute,
    }
}

/// A stream that breaks after it stood was ended by the other side.
fn of_stream(_: io::Error) -> WayError {
    WayError::Ended
}

/// The server's first address of this kind in an offer (RFC 8839 §5.1).
#[must_use]
pub fn candidate(offer: &str, way: Way) -> Option<SocketAddr> {
    offer.lines().find_map(|line| {
        let fields: Vec<_> = line.strip_prefix("a=candidate:")?.split(' ').collect();
        let kind = fields.get(2)?;
        if !kind.eq_ignore_ascii_case(way.as_str()) {
            return None;
        }
        Some(SocketAddr::new(fields.get(4)?.parse().ok()?, fields.get(5)?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_told_apart_and_nonsense_has_none() {
        let offer = "v=0\r\na=candidate:1 1 UDP 2130706431 192.0.2.1 3478 typ host\r\n\
                     a=candidate:2 1 tcp 1 2001:db8::1 3479 typ host tcptype passive\r\n";
        assert_eq!(candidate(offer, Way::Udp), "192.0.2.1:3478".parse().ok());
        assert_eq!(candidate(offer, Way::Tcp), "[2001:db8::1]:3479".parse().ok());
        for odd in ["", "a=candidate:", "a=candidate:1 1 udp", "a=candidate:1 1 udp 1 name 1 typ"] {
            assert_eq!(candidate(odd, Way::Udp), None);
        }
    }

    #[test]
    fn frames_are_taken_whole_however_they_come() {
        let whole = [0, 3, 1, 2, 3, 0, 0, 0, 1, 9];
        let (mut partial, mut buffer) = (Vec::new(), [0; 8]);
        let mut frames = Vec::new();
        for byte in whole {
            partial.push(byte);
            if let Some(length) = take_frame(&mut partial, &mut buffer) {
                frames.push(buffer[..length].to_vec());
            }
        }
        assert_eq!(frames, [vec![1, 2, 3], vec![], vec![9]]);
        assert!(partial.is_empty());
    }
}
