//! A client of the relay over UDP that uses what a page was given: it asks for an allocation, renews
//! it, and says what the relay answered.

use super::PATIENCE;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use stun_types::attribute::{AttributeWrite, ErrorCode, Nonce, Realm, Username};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method, TransactionId,
};
use tokio::net::UdpSocket;
use turn_types::attribute::{Lifetime, RequestedTransport};
use turn_types::message::{ALLOCATE, REFRESH};

/// What an offer gave for the relay. Names nobody, but it is a right: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub urls: Vec<String>,
    pub username: String,
    credential: String,
}

impl Login {
    /// Out of an `offer`.
    pub fn of(offer: &Value) -> Self {
        let servers = offer["ice_servers"].as_array().expect("there is a relay");
        assert_eq!(servers.len(), 1, "our own");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            urls: servers[0]["urls"].as_array().expect("a list").iter().map(text).collect(),
            username: text(&servers[0]["username"]),
            credential: text(&servers[0]["credential"]),
        }
    }

    /// Where the relay listens for datagrams.
    fn address(&self) -> SocketAddr {
        let url =
            self.urls.iter().find_map(|u| u.strip_prefix("turn:")?.strip_suffix("?transport=udp"));
        url.and_then(|address| address.parse().ok()).expect("an address for UDP")
    }
}

/// One socket of a client.
pub struct TurnClient {
    socket: UdpSocket,
    login: Login,
    challenge: Option<(String, String)>,
    transactions: u128,
}

impl TurnClient {
    pub async fn new(login: &Login) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        socket.connect(login.address()).await.expect("loopback");
        Self { socket, login: login.clone(), challenge: None, transactions: 0 }
    }

    /// Asks for an allocation: `Ok`, or the code of the refusal.
    pub async fn allocate(&mut self) -> Result<(), u16> {
        self.ask(ALLOCATE, &RequestedTransport::new(RequestedTransport::UDP)).await
    }

    /// Renews it.
    pub async fn refresh(&mut self) -> Result<(), u16> {
        self.ask(REFRESH, &Lifetime::new(600)).await
    }

    async fn ask(&mut self, method: Method, attribute: &dyn AttributeWrite) -> Result<(), u16> {
        loop {
            let known = self.challenge.is_some();
            self.transactions += 1;
            let request = self.request(method, attribute);
            self.socket.send(&request).await.expect("loopback");
            let mut bytes = [0; 2_000];
            let answer = tokio::time::timeout(PATIENCE, self.socket.recv(&mut bytes)).await;
            let length = answer.expect("an answer in time").expect("loopback");
            let answer = Message::from_bytes(&bytes[..length]).expect("a STUN message");
            if !answer.has_class(MessageClass::Error) {
                return Ok(());
            }
            let code = answer.attribute::<ErrorCode>().expect("an error has a code").code();
            // Without a nonce there is always a challenge first (RFC 8489 §9.2).
            if known || code != 401 {
                return Err(code);
            }
            let realm = answer.attribute::<Realm>().expect("a challenge").realm().to_owned();
            let nonce = answer.attribute::<Nonce>().expect("a challenge").nonce().to_owned();
            self.challenge = Some((realm, nonce));
        }
    }

    fn request(&self, method: Method, attribute: &dyn AttributeWrite) -> Vec<u8> {
        let kind = MessageType::from_class_method(MessageClass::Request, method);
        let transaction = TransactionId::from(self.transactions);
        let mut out = Message::builder(kind, transaction, MessageWriteVec::new());
        out.add_attribute(attribute).expect("it fits");
        if let Some((realm, nonce)) = &self.challenge {
            let Login { username, credential, .. } = self.login.clone();
            out.add_attribute(&Username::new(&username).expect("short")).expect("it fits");
            out.add_attribute(&Realm::new(realm).expect("short")).expect("it fits");
            out.add_attribute(&Nonce::new(nonce).expect("short")).expect("it fits");
            let key = LongTermKeyCredentials::new(username, credential, realm.clone());
            out.add_message_integrity(&key.into(), IntegrityAlgorithm::Sha1).expect("it fits");
        }
        out.finish()
    }
}
