//! `bedside audit witness`: a witness of other people's logs (C2SP tlog-witness). To be run by
//! another department or another organisation than the one whose log it is.

use super::parse_key;
use crate::error::Failure;
use crate::terminal::Terminal;
use crate::{addresses, compose};
use audit::witness::{MAX_REQUEST_BYTES, Refusal, Seen, Witness};
use audit::{KeyKind, VerifyKey, secret_text};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use keys::Zeroizing;
use serde::{Deserialize, Serialize};
use server::Clock;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A request arrives within this time, or not at all.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// What it takes.
#[derive(clap::Args)]
pub struct WitnessArgs {
    /// The name of this witness, such as witness.example.org/bedside.
    #[arg(long)]
    name: String,
    /// The public key of a log to look at; may be given more than once.
    #[arg(long, value_parser = parse_key, required = true)]
    log: Vec<VerifyKey>,
    /// Where to listen. Behind a proxy that speaks TLS when logs come from outside.
    #[arg(long, default_value = "127.0.0.1:7380")]
    listen: SocketAddr,
    /// Folder of its key and its memory. Losing the memory is losing what it witnessed.
    #[arg(long)]
    data: PathBuf,
}

/// What stands in the file of its memory, for one log.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    size: u64,
    root: [u8; 32],
}

/// The memory: one file, replaced as a whole before any answer leaves.
struct Memory {
    path: PathBuf,
    logs: BTreeMap<String, Kept>,
    /// Locked while this process lives, so that two witnesses never share a memory.
    _lock: File,
}

impl Memory {
    fn open(folder: &Path) -> Result<Self, Failure> {
        let lock = File::create(folder.join("lock"))?;
        lock.try_lock().map_err(|_| {
            Failure::Usage(
                "another witness runs with this folder. Choose another with --data".into(),
            )
        })?;
        let path = folder.join("seen.json");
        let logs = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
                let path = path.display();
                Failure::Usage(format!("{path} is damaged. Restore it; do not begin without it"))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { path, logs, _lock: lock })
    }

    fn seen(&self, origin: &str) -> Option<Seen> {
        self.logs.get(origin).map(|kept| Seen { size: kept.size, root: kept.root })
    }

    fn keep(&mut self, origin: &str, seen: &Seen) -> io::Result<()> {
        let kept = Kept { size: seen.size, root: seen.root };
        let before = self.logs.insert(origin.to_owned(), kept);
        let written = self.write();
        if written.is_err() {
            // What is not on the disk was not seen.
            match before {
                Some(before) => drop(self.logs.insert(origin.to_owned(), before)),
                None => drop(self.logs.remove(origin)),
            }
        }
        written
    }

    fn write(&self) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(&self.logs)?)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

struct Desk {
    witness: Witness,
    /// One request at a time: what is remembered and what is signed never come apart.
    memory: Mutex<Memory>,
}

impl Desk {
    fn add_checkpoint(&self, body: &[u8], now_s: u64) -> Result<String, (Refusal, bool)> {
        let refused = |refusal| (refusal, false);
        let (request, said) = self.witness.read(body).map_err(refused)?;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let before = memory.seen(&said.origin);
        let decided = self.witness.decide(&request, &said, before.as_ref(), now_s);
        let (seen, signature) = decided.map_err(refused)?;
        if before.as_ref() != Some(&seen) {
            memory.keep(&said.origin, &seen).map_err(|_| (Refusal::BadRequest, true))?;
        }
        Ok(signature.to_line())
    }
}

/// Runs until it is told to stop.
///
/// # Errors
/// [`Failure`], with what to do.
pub async fn run(args: WitnessArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    crate::demo::private_folder(&args.data)?;
    let path = args.data.join("witness.key");
    let make = || {
        let mut seed = Zeroizing::new([0; 32]);
        rand::fill(seed.as_mut_slice());
        let text = secret_text(&args.name, KeyKind::Witness, &seed);
        text.map(Zeroizing::new).map_err(|_| keys::KeyError::Crypto)
    };
    let key = compose::read_key(&path, &keys::read_or_make_secret(&path, make)?)?;
    let public = key.public();
    if public.name() != args.name {
        let text = format!("the key in {} belongs to {}", path.display(), public.name());
        return Err(Failure::Usage(text));
    }
    let witness = Witness::new(key, args.log)
        .map_err(|_| Failure::Usage(format!("{} is not the key of a witness", path.display())))?;
    let memory = Mutex::new(Memory::open(&args.data)?);
    let desk = Arc::new(Desk { witness, memory });
    let listener = addresses::listen(args.listen, false, "--listen").await?;
    out.line("This witness signs with:");
    out.address(&public.to_text());
    out.line(&format!("Listening on {}", listener.local_addr()?));
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let desk = Arc::clone(&desk);
                let answer = service_fn(move |request| answer(Arc::clone(&desk), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADERS_WITHIN)
                    .serve_connection(TokioIo::new(stream), answer);
                // Somebody who breaks off is nobody's trouble.
                tokio::spawn(async move { drop(connection.await) });
            }
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

async fn answer(
    desk: Arc<Desk>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, kind, text) = if request.uri().path() != "/add-checkpoint" {
        (404, "text/plain", String::new())
    } else if request.method() != Method::POST {
        (405, "text/plain", String::new())
    } else {
        let body = Limited::new(request.into_body(), MAX_REQUEST_BYTES).collect();
        match tokio::time::timeout(HEADERS_WITHIN, body).await {
            Ok(Ok(body)) => {
                let now_s = u64::try_from(Clock::system().now().0 / 1_000_000).unwrap_or(0);
                match desk.add_checkpoint(&body.to_bytes(), now_s) {
                    Ok(line) => (200, "text/plain; charset=utf-8", line),
                    Err((_, true)) => (500, "text/plain", "the memory cannot be written\n".into()),
                    Err((Refusal::Conflict(size), _)) => {
                        (409, "text/x.tlog.size", format!("{size}\n"))
                    }
                    Err((refusal, _)) => (refusal.status(), "text/plain", format!("{refusal}\n")),
                }
            }
            _ => (400, "text/plain", String::new()),
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    Ok(response)
}
