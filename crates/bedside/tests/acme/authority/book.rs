//! What the authority knows and the rules that it keeps: accounts, orders, authorizations, nonces. It
//! does no IO; a challenge that has to be looked at comes out as a [`Look`].

use super::certs::{Certs, check_request};
use super::jws::{Jws, PublicKey, Signer, decode};
use super::problem::Problem;
use super::reply::{Answer, Body, Look};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

const CHALLENGE: &str = "tls-alpn-01";

pub struct Book {
    base: String,
    /// Until when things hold, RFC 3339.
    expires: String,
    random: StdRng,
    nonces: HashSet<String>,
    accounts: Vec<Account>,
    orders: Vec<Order>,
    authorizations: Vec<Authorization>,
    /// Said to each new order, if there are this many already.
    pub refusal: Option<(usize, Problem)>,
    /// Certificates are given out as if they had been in use for long.
    pub aged: bool,
}

struct Account {
    key: PublicKey,
    contact: Vec<String>,
}

struct Order {
    account: usize,
    names: BTreeSet<String>,
    authorizations: Vec<usize>,
    status: Status,
    error: Option<Problem>,
    certificate: Option<String>,
}

struct Authorization {
    account: usize,
    order: usize,
    name: String,
    token: String,
    status: Status,
    /// A look is under way.
    looking: bool,
    error: Option<Problem>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Pending,
    Ready,
    Valid,
    Invalid,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount {
    #[serde(default)]
    contact: Vec<String>,
    #[serde(default)]
    terms_of_service_agreed: bool,
    #[serde(default)]
    only_return_existing: bool,
}

#[derive(Deserialize)]
struct NewOrder {
    identifiers: Vec<Identifier>,
}

#[derive(Deserialize)]
struct Identifier {
    r#type: String,
    value: String,
}

#[derive(Deserialize)]
struct Finalize {
    csr: String,
}

impl Book {
    pub fn new(base: String, expires: String, seed: u64) -> Self {
        Self {
            base,
            expires,
            random: StdRng::seed_from_u64(seed),
            nonces: HashSet::new(),
            accounts: Vec::new(),
            orders: Vec::new(),
            authorizations: Vec::new(),
            refusal: None,
            aged: false,
        }
    }

    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    pub fn orders(&self) -> usize {
        self.orders.len()
    }

    /// RFC 8555 §7.1.1. Keys are not changed and certificates not revoked here.
    pub fn directory(&self) -> Answer {
        let base = &self.base;
        Answer::json(
            200,
            json!({
                "newNonce": format!("{base}/new-nonce"),
                "newAccount": format!("{base}/new-account"),
                "newOrder": format!("{base}/new-order"),
                "meta": { "termsOfService": format!("{base}/terms") },
            }),
        )
    }

    /// RFC 8555 §6.5.
    pub fn nonce(&mut self) -> String {
        let nonce = self.secret();
        self.nonces.insert(nonce.clone());
        nonce
    }

    /// A signed request (RFC 8555 §6.2).
    pub fn post(
        &mut self,
        certs: &Certs,
        path: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Answer, Problem> {
        let jws = Jws::parse(content_type, body)?;
        if path == "/new-account" {
            let Signer::Key(key) = &jws.signer else {
                return Err(malformed("a new account is signed with its own key"));
            };
            let key = key.clone();
            self.admit(&jws, &key, path)?;
            return self.new_account(key, &jws.payload);
        }
        let Signer::Account(url) = &jws.signer else {
            return Err(malformed("this is signed by an account"));
        };
        let account = (0..self.accounts.len()).find(|n| *url == self.url("account", *n));
        let account = account.ok_or(Problem::new(
            400,
            "accountDoesNotExist",
            "there is no such account here",
        ))?;
        let key = self.accounts[account].key.clone();
        self.admit(&jws, &key, path)?;
        let parts: Vec<_> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["new-order"] => self.new_order(account, &jws.payload),
            ["account", n] => {
                if self.number(n)? != account {
                    return Err(foreign());
                }
                as_get(&jws.payload)?;
                Ok(Answer::json(200, self.account(account)))
            }
            ["order", n] => {
                let order = self.own_order(n, account)?;
                as_get(&jws.payload)?;
                Ok(Answer::json(200, self.order(order)))
            }
            ["order", n, "finalize"] => {
                let order = self.own_order(n, account)?;
                self.finalize(certs, order, &key, &jws.payload)
            }
            ["authorization", n] => {
                let authorization = self.own_authorization(n, account)?;
                as_get(&jws.payload)?;
                Ok(Answer::json(200, self.authorization(authorization)))
            }
            ["challenge", n, kind] => {
                let authorization = self.own_authorization(n, account)?;
                self.challenge(authorization, kind, &key, &jws.payload)
            }
            ["certificate", n] => {
                let order = self.own_order(n, account)?;
                as_get(&jws.payload)?;
                let chain = self.orders[order].certificate.clone().ok_or_else(unknown)?;
                Ok(Answer { body: Body::Chain(chain), ..Answer::empty(200) })
            }
            _ => Err(unknown()),
        }
    }

    /// What came out of a look.
    pub fn looked(&mut self, authorization: usize, result: Result<(), Problem>) {
        let this = &mut self.authorizations[authorization];
        this.looking = false;
        let order = this.order;
        match result {
            Ok(()) => this.status = Status::Valid,
            Err(problem) => {
                this.status = Status::Invalid;
                this.error = Some(problem.clone());
                self.orders[order].status = Status::Invalid;
                self.orders[order].error = Some(problem);
            }
        }
        let order = &mut self.orders[order];
        let all_valid =
            order.authorizations.iter().all(|a| self.authorizations[*a].status == Status::Valid);
        if order.status == Status::Pending && all_valid {
            order.status = Status::Ready;
        }
    }

    /// Signature, then nonce, then address: a request that nobody signed uses no nonce up.
    fn admit(&mut self, jws: &Jws, key: &PublicKey, path: &str) -> Result<(), Problem> {
        jws.verify(key)?;
        if !self.nonces.remove(&jws.nonce) {
            return Err(Problem::new(400, "badNonce", "the nonce is unknown or was used"));
        }
        if jws.url != format!("{}{path}", self.base) {
            return Err(Problem::new(403, "unauthorized", "it was signed for another address"));
        }
        Ok(())
    }

    /// RFC 8555 §7.3.
    fn new_account(&mut self, key: PublicKey, payload: &[u8]) -> Result<Answer, Problem> {
        let wanted: NewAccount = parse(payload)?;
        let known = self.accounts.iter().position(|a| a.key == key);
        let (status, account) = match known {
            Some(account) => (200, account),
            None if wanted.only_return_existing => {
                return Err(Problem::new(400, "accountDoesNotExist", "this key has no account"));
            }
            None => {
                if !wanted.terms_of_service_agreed {
                    return Err(malformed("the terms have to be agreed to"));
                }
                for contact in &wanted.contact {
                    let Some(address) = contact.strip_prefix("mailto:") else {
                        let detail = "contacts are e-mail addresses";
                        return Err(Problem::new(400, "unsupportedContact", detail));
                    };
                    if !address
                        .split_once('@')
                        .is_some_and(|(a, b)| !a.is_empty() && b.contains('.'))
                    {
                        // Real ones quote it too.
                        let detail = format!("{address} is no e-mail address");
                        return Err(Problem::new(400, "invalidContact", detail));
                    }
                }
                self.accounts.push(Account { key, contact: wanted.contact });
                (201, self.accounts.len() - 1)
            }
        };
        let location = Some(self.url("account", account));
        Ok(Answer { location, ..Answer::json(status, self.account(account)) })
    }

    /// RFC 8555 §7.4.
    fn new_order(&mut self, account: usize, payload: &[u8]) -> Result<Answer, Problem> {
        if let Some((after, refusal)) = &self.refusal
            && self.orders.len() >= *after
        {
            return Err(refusal.clone());
        }
        let wanted: NewOrder = parse(payload)?;
        let mut names = BTreeSet::new();
        for identifier in wanted.identifiers {
            if identifier.r#type != "dns" {
                return Err(Problem::new(400, "unsupportedIdentifier", "identifiers are names"));
            }
            let plain =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
            if !identifier.value.contains('.') || !identifier.value.chars().all(plain) {
                return Err(Problem::new(400, "rejectedIdentifier", "no name of a host"));
            }
            names.insert(identifier.value);
        }
        if names.is_empty() {
            return Err(malformed("an order names something"));
        }
        let order = self.orders.len();
        let mut authorizations = Vec::new();
        for name in &names {
            authorizations.push(self.authorizations.len());
            let token = self.secret();
            self.authorizations.push(Authorization {
                account,
                order,
                name: name.clone(),
                token,
                status: Status::Pending,
                looking: false,
                error: None,
            });
        }
        self.orders.push(Order {
            account,
            names,
            authorizations,
            status: Status::Pending,
            error: None,
            certificate: None,
        });
        let location = Some(self.url("order", order));
        Ok(Answer { location, ..Answer::json(201, self.order(order)) })
    }

    /// RFC 8555 §7.5.1.
    fn challenge(
        &mut self,
        authorization: usize,
        kind: &str,
        key: &PublicKey,
        payload: &[u8],
    ) -> Result<Answer, Problem> {
        if kind != CHALLENGE {
            return Err(malformed("this authority looks at tls-alpn-01 only"));
        }
        let begins = !payload.is_empty();
        if begins && parse::<Value>(payload)? != json!({}) {
            return Err(malformed("the answer to a challenge is an empty object"));
        }
        let this = &mut self.authorizations[authorization];
        let mut look = None;
        if begins && this.status == Status::Pending && !this.looking {
            this.looking = true;
            let (name, proof) = (this.name.clone(), key.proof_for(&this.token));
            look = Some(Look { authorization, name, proof });
        }
        Ok(Answer { look, ..Answer::json(200, self.challenge_of(authorization, CHALLENGE)) })
    }

    /// RFC 8555 §7.4.
    fn finalize(
        &mut self,
        certs: &Certs,
        order: usize,
        account: &PublicKey,
        payload: &[u8],
    ) -> Result<Answer, Problem> {
        let this = &self.orders[order];
        if this.status != Status::Ready {
            return Err(Problem::new(403, "orderNotReady", "not everything is proven"));
        }
        let wanted: Finalize = parse(payload)?;
        let key = check_request(&decode(&wanted.csr)?, &this.names, account)?;
        let chain = certs.issue(&key, &this.names, self.aged);
        let this = &mut self.orders[order];
        this.certificate = Some(chain);
        this.status = Status::Valid;
        let location = Some(self.url("order", order));
        Ok(Answer { location, ..Answer::json(200, self.order(order)) })
    }

    fn account(&self, account: usize) -> Value {
        let orders = format!("{}/orders", self.url("account", account));
        json!({ "status": "valid", "contact": self.accounts[account].contact, "orders": orders })
    }

    fn order(&self, order: usize) -> Value {
        let this = &self.orders[order];
        let identifiers: Vec<_> =
            this.names.iter().map(|name| json!({ "type": "dns", "value": name })).collect();
        let authorizations: Vec<_> =
            this.authorizations.iter().map(|a| self.url("authorization", *a)).collect();
        let mut value = json!({
            "status": this.status.as_str(),
            "expires": self.expires,
            "identifiers": identifiers,
            "authorizations": authorizations,
            "finalize": format!("{}/finalize", self.url("order", order)),
        });
        if this.certificate.is_some() {
            value["certificate"] = self.url("certificate", order).into();
        }
        if let Some(error) = &this.error {
            value["error"] = error.document();
        }
        value
    }

    fn authorization(&self, authorization: usize) -> Value {
        let this = &self.authorizations[authorization];
        // Real ones offer these three, in any order; a client has to find its own.
        let challenges: Vec<_> = ["http-01", "dns-01", CHALLENGE]
            .into_iter()
            .map(|kind| self.challenge_of(authorization, kind))
            .collect();
        json!({
            "status": this.status.as_str(),
            "expires": self.expires,
            "identifier": { "type": "dns", "value": this.name },
            "challenges": challenges,
        })
    }

    fn challenge_of(&self, authorization: usize, kind: &str) -> Value {
        let this = &self.authorizations[authorization];
        let ours = kind == CHALLENGE;
        let status = match this.status {
            Status::Pending if ours && this.looking => "processing",
            _ if !ours => "pending",
            status => status.as_str(),
        };
        let url = format!("{}/{kind}", self.url("challenge", authorization));
        let mut value = json!({ "type": kind, "url": url, "status": status, "token": this.token });
        if let (true, Some(error)) = (ours, &this.error) {
            value["error"] = error.document();
        }
        value
    }

    fn own_order(&self, n: &str, account: usize) -> Result<usize, Problem> {
        let order = self.number(n)?;
        match self.orders.get(order) {
            None => Err(unknown()),
            Some(this) if this.account != account => Err(foreign()),
            Some(_) => Ok(order),
        }
    }

    fn own_authorization(&self, n: &str, account: usize) -> Result<usize, Problem> {
        let authorization = self.number(n)?;
        match self.authorizations.get(authorization) {
            None => Err(unknown()),
            Some(this) if this.account != account => Err(foreign()),
            Some(_) => Ok(authorization),
        }
    }

    fn number(&self, n: &str) -> Result<usize, Problem> {
        n.parse().map_err(|_| unknown())
    }

    fn url(&self, what: &str, n: usize) -> String {
        format!("{}/{what}/{n}", self.base)
    }

    /// 256 bits, base64url.
    fn secret(&mut self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.random.random::<[u8; 32]>())
    }
}

fn parse<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(payload).map_err(|_| malformed("the payload is not what belongs here"))
}

/// RFC 8555 §6.3: what is only read is asked for with an empty payload.
fn as_get(payload: &[u8]) -> Result<(), Problem> {
    if payload.is_empty() { Ok(()) } else { Err(malformed("this is only read")) }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(400, "malformed", detail)
}

fn unknown() -> Problem {
    Problem::new(404, "malformed", "there is nothing here")
}

fn foreign() -> Problem {
    Problem::new(403, "unauthorized", "this belongs to another account")
}
