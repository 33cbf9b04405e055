//! The search for the load that fills the server's core.
//!
//! Rooms are added until one of the limits is passed; then the gap between the last good and the
//! first bad number is halved a few times. The largest load that is good for the whole window counts.
//! Half and four fifths of its rooms are measured after it, on the same server.

use std::time::Duration;

use super::report::{FullReport, Part, RoomReport};
use super::{MAX_ROOMS, RoomOptions, local_stage};
use crate::BenchError;
use crate::floor::{FloorOptions, floor};
use crate::progress::Progress;

/// A core is full from this share on.
const FULL_SHARE: f64 = 0.97;
/// Most of the latency, 99 of 100, µs.
const MOST_P99_US: f64 = 20_000.0;
/// Most of the loss.
const MOST_LOSS: f64 = 0.001;
/// Length of the windows of the search.
const LOOK: Duration = Duration::from_secs(4);
/// Halvings of the gap.
const HALVINGS: u32 = 3;
/// A load that does not hold for the whole window is lessened by this part.
const STEPS_BACK: u32 = 24;

/// Finds the full load, beginning with `options.rooms`, and measures it, its half and its four fifths
/// for `options.window` each.
///
/// # Errors
/// As [`super::room`].
pub fn until_full(options: RoomOptions, progress: Progress<'_>) -> Result<FullReport, BenchError> {
    options.validate()?;
    let floor = floor(FloorOptions { each: options.floor }, progress)?;
    let mut stage = local_stage(&options)?;
    let mut look = |rooms: u32, window: Duration, progress: Progress<'_>| {
        stage.fill(rooms, progress)?;
        stage.pass(options.settle, "settling", progress)?;
        let measured = stage.measure(window, "measuring", progress)?;
        Ok::<_, BenchError>(RoomReport::new(rooms, options.shape(), &floor, &measured))
    };

    let (mut good, mut bad, mut limit) = (0, None, "rooms");
    let mut rooms = options.rooms;
    let mut halvings = HALVINGS;
    loop {
        let seen = look(rooms, LOOK, progress)?;
        match passed_limit(&seen) {
            None => good = rooms,
            Some(passed) => (bad, limit) = (Some(rooms), passed),
        }
        let next = match bad {
            None if rooms == MAX_ROOMS => break,
            None => next_rooms(rooms, seen.core_share),
            Some(bad) if halvings == 0 || bad - good <= 1 => break,
            Some(bad) => {
                halvings -= 1;
                good.midpoint(bad)
            }
        };
        rooms = next;
    }
    if good == 0 {
        return Err(BenchError::Void(
            "even the first load passed a limit; begin with fewer rooms".to_owned(),
        ));
    }
    let mut full = look(good, options.window, progress)?;
    // What held for a short look may not hold for longer.
    while let (Some(passed), true) = (passed_limit(&full), good > 1) {
        (good, limit) = (good - (good / STEPS_BACK).max(1), passed);
        full = look(good, options.window, progress)?;
    }
    let half = Part(look((good / 2).max(1), options.window, progress)?);
    let four_fifths = Part(look((good * 4 / 5).max(1), options.window, progress)?);
    Ok(FullReport { full, limit, half, four_fifths })
}

/// The limit that a load has passed.
fn passed_limit(seen: &RoomReport) -> Option<&'static str> {
    if seen.core_share >= FULL_SHARE {
        Some("core")
    } else if seen.void {
        Some("load")
    } else if seen.added_p99_us > MOST_P99_US {
        Some("latency")
    } else if seen.server_loss > MOST_LOSS {
        Some("loss")
    } else {
        None
    }
}

/// Where a core that was `share` busy with `rooms` may be full, at most twice as many and at least an
/// eighth more.
fn next_rooms(rooms: u32, share: f64) -> u32 {
    let wanted = f64::from(rooms) / share.clamp(0.01, 1.0);
    (wanted as u32).clamp(rooms + (rooms / 8).max(1), rooms * 2).min(MAX_ROOMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_neither_creeps_nor_leaps() {
        assert_eq!(next_rooms(10, 0.001), 20);
        assert_eq!(next_rooms(10, 0.8), 12);
        assert_eq!(next_rooms(80, 0.96), 90);
        assert_eq!(next_rooms(1, 0.9), 2);
        assert_eq!(next_rooms(900, 0.3), MAX_ROOMS);
    }
}
