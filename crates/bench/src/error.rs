//! What can go wrong, with stable codes. No text here holds an address, a secret or a name.

use std::io;

use protocol::ErrorCode;

use crate::client::ClientError;
use crate::clip::ClipError;

/// Why a measurement or a synthetic person ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// An option is out of its range; the text names it and the range.
    #[error("option out of range: {0}")]
    Options(&'static str),
    /// The clip in the program is unusable.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// A media client failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system refused a socket or thread.
    #[error("the system refused: {0}")]
    Io(#[from] io::Error),
    /// The cipher failed.
    #[error("the cipher failed")]
    Crypto,
    /// The forwarding unit did not start.
    #[error("the forwarding unit did not start: {0}")]
    Sfu(#[from] sfu::StartError),
    /// The forwarding unit did not take a command.
    #[error("the forwarding unit does not take commands")]
    Overloaded,
    /// The system does not tell the CPU time of threads.
    #[error("the CPU time of the media thread cannot be read on this system")]
    CpuTime,
    /// Something did not happen in time; the text says what.
    #[error("timed out: {0}")]
    Timeout(&'static str),
    /// The address is not `http://` or `https://` with a host, or misses its secret.
    #[error("the address cannot be used: {0}")]
    Url(&'static str),
    /// An `https` address without the certificate to trust, or one that is not a certificate.
    #[error("the root certificate to trust is missing or unreadable")]
    TlsRoot,
    /// The TLS handshake failed.
    #[error("no secure connection: {0}")]
    Tls(io::Error),
    /// The server could not be reached or broke the connection.
    #[error("no connection to the server: {0}")]
    Connection(&'static str),
    /// The server refused with a code.
    #[error("the server refused: {}", .0.sentence())]
    Refused(ErrorCode),
    /// The server said something that this client does not understand.
    #[error("the answer of the server was not understood: {0}")]
    Answer(&'static str),
    /// The forwarding unit closed the transport of a synthetic person; the text is its code.
    #[error("a synthetic person lost the call: {0}")]
    Dropped(String),
    /// The figures say nothing about the server; the text says why.
    #[error("the measurement is void: {0}")]
    Void(String),
    /// A long run used more or less and less memory.
    #[error("the memory did not stay within 5 % of what it was after the warm-up")]
    Memory,
    /// The seat or visit came to an end before the purpose was reached.
    #[error("the visit ended early")]
    Ended,
}

impl BenchError {
    /// Stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Options(_) => "bench_options",
            Self::Clip(e) => e.code(),
            Self::Client(e) => e.code(),
            Self::Io(_) => "bench_io",
            Self::Crypto => "bench_crypto",
            Self::Sfu(e) => e.code(),
            Self::Overloaded => "bench_overloaded",
            Self::CpuTime => "bench_cpu_time",
            Self::Timeout(_) => "bench_timeout",
            Self::Url(_) => "bench_url",
            Self::TlsRoot => "bench_tls_root",
            Self::Tls(_) => "bench_tls",
            Self::Connection(_) => "bench_connection",
            Self::Refused(_) => "bench_refused",
            Self::Answer(_) => "bench_answer",
            Self::Dropped(_) => "bench_dropped",
            Self::Void(_) => "bench_void",
            Self::Memory => "bench_memory",
            Self::Ended => "bench_ended",
        }
    }
}
