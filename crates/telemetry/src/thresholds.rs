//! From where on a figure is noticed, and from where on the conversation suffers: the one place for
//! the server, the pages and the alerts. The others, which nobody else needs, are in `suspects`.

/// Loss in percent. At 3 % words begin to be torn even with concealment; at 10 % sentences are.
pub const LOSS_PCT: (f64, f64) = (3.0, 10.0);
/// Jitter in ms. A jitter buffer takes 30 ms without growing much; with 80 ms it holds back more than
/// G.114 leaves for the whole way, or sound comes too late.
pub const JITTER_MS: (f64, f64) = (30.0, 80.0);
/// Round trip of one path in ms. Half of it is one way: 150 ms is what ITU-T G.114 asks of the whole
/// way; with 300 ms and a fair other path the 400 ms are reached that it calls the limit.
pub const RTT_MS: (f64, f64) = (300.0, 600.0);

/// From this severity on a suspect is named.
pub const NOTICED: f64 = 1.0;
/// From this severity on the conversation suffers.
pub const SEVERE: f64 = 3.0;
