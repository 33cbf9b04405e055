//! Which layer of each video a viewer gets.
//!
//! Inputs: what the viewer's page shows, what each layer costs now, and what the path can carry
//! beside the audio. Audio is never part of the choice: its share is taken off the budget before.
//!
//! 1. Each video wants the smallest layer that fills its tile.
//! 2. In order of priority each video gets its lowest live layer while the budget lasts; a video
//!    whose lowest layer does not fit is paused.
//! 3. What is left raises videos one layer at a time, class by class: pinned and spoken ones as far as they
//!    want first, then shared screens (text has to be read), then the others. Within a class in turns.
//! 4. Down at once. After a shrinking path forced a step down, up again only when 1.3 times the needed rate
//!    was free for 5 s; otherwise 1.3 times is enough. This keeps the picture from swinging.

use std::time::{Duration, Instant};

/// Head room for a step up: 13/10.
const HEADROOM: (u64, u64) = (10, 13);
/// How long the head room has to last after a squeeze.
const CALM: Duration = Duration::from_secs(5);
/// Sizes and rates taken for layers that were not seen yet: width, height, bits per second.
pub(crate) const NOMINAL: [(u16, u16, u64); 3] =
    [(320, 180, 150_000), (640, 360, 500_000), (1280, 720, 1_500_000)];
/// The same for a shared screen.
pub(crate) const NOMINAL_SCREEN: [(u16, u16, u64); 2] =
    [(960, 540, 400_000), (1920, 1080, 1_200_000)];

/// One layer of a video, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerInfo {
    /// Packets of it arrived lately.
    pub live: bool,
    /// What it costs, bits per second.
    pub bps: u64,
    /// Its picture's width and height, pixels.
    pub size_px: (u16, u16),
}

/// One video that a viewer shows.
#[derive(Clone, Debug)]
pub(crate) struct Video {
    /// Its layers, smallest first; 1 to 3.
    pub layers: Vec<LayerInfo>,
    /// Its tile, width and height in device pixels.
    pub tile_px: (u16, u16),
    /// The class; lower is served first, and raised as far as it wants before the next.
    pub priority: u8,
    /// The layer chosen last time.
    pub target: Option<usize>,
    /// It is not sent because the path could not carry it.
    pub paused: bool,
}

impl Video {
    /// The smallest live layer that fills the tile (within a tenth), else the largest live one.
    fn wanted(&self) -> Option<usize> {
        let fills = |l: &LayerInfo| {
            let enough = |have: u16, want: u16| u32::from(have) * 11 >= u32::from(want) * 10;
            // The picture is fitted into the tile: one side is enough.
            enough(l.size_px.0, self.tile_px.0) || enough(l.size_px.1, self.tile_px.1)
        };
        let live = || self.layers.iter().enumerate().filter(|(_, l)| l.live);
        live().find(|(_, l)| fills(l)).or_else(|| live().next_back()).map(|(i, _)| i)
    }

    /// The next live layer above `from`, not above what is wanted.
    fn next_up(&self, from: usize) -> Option<usize> {
        let wanted = self.wanted()?;
        (from + 1..=wanted).find(|i| self.layers[*i].live)
    }
}

/// Steps 1 to 3: the layer of each video within `budget_bps`.
pub(crate) fn allocate(budget_bps: u64, videos: &[Video]) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..videos.len()).collect();
    order.sort_by_key(|i| videos[*i].priority);
    let mut left = budget_bps;
    let mut chosen = vec![None; videos.len()];
    for &i in &order {
        let lowest = videos[i].layers.iter().position(|l| l.live);
        if let Some(lowest) = lowest.filter(|l| videos[i].layers[*l].bps <= left) {
            left -= videos[i].layers[lowest].bps;
            chosen[i] = Some(lowest);
        }
    }
    let mut raise = |i: usize| {
        let Some(from) = chosen[i] else { return false };
        let Some(to) = videos[i].next_up(from) else { return false };
        let more = videos[i].layers[to].bps.saturating_sub(videos[i].layers[from].bps);
        if more > left {
            return false;
        }
        left -= more;
        chosen[i] = Some(to);
        true
    };
    for class in order.chunk_by(|a, b| videos[*a].priority == videos[*b].priority) {
        // In turns: nobody gets a second step while another one could have a first.
        while class.iter().filter(|i| raise(**i)).count() > 0 {}
    }
    chosen
}

/// What a viewer gets, and what its path should be probed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The layer of each video; `None` where nothing is sent.
    pub targets: Vec<Option<usize>>,
    /// Videos that are not sent although the page shows them and they are live.
    pub paused: Vec<bool>,
    /// The path was too narrow lately.
    pub squeezed: bool,
    /// What to look for, bits per second: everything that the page could use, or after a squeeze only
    /// the next step. Looking for more would fill a narrow path with probes and cost sound.
    pub desired_bps: u64,
    /// What everything that the page could use takes, when not all of it fits.
    pub wanted_bps: Option<u64>,
    /// Rate at which the next step up becomes possible, for the estimator to sustain by padding. 0
    /// when there is none, and after a squeeze: padding on a full path would cost sound.
    pub next_step_bps: u64,
}

/// Step 4: the memory between decisions of one viewer.
#[derive(Default)]
pub(crate) struct Governor {
    squeezed: bool,
    calm_since: Option<Instant>,
    last_budget_bps: u64,
}

impl Governor {
    /// Decides for all videos of one viewer.
    pub(crate) fn decide(&mut self, now: Instant, budget_bps: u64, videos: &[Video]) -> Decision {
        let full = allocate(u64::MAX, videos);
        let tight = allocate(budget_bps, videos);
        let roomy = allocate(budget_bps.saturating_mul(HEADROOM.0) / HEADROOM.1, videos);

        // More pictures for the same path are no squeeze: nothing would swing.
        let shrank = budget_bps < self.last_budget_bps;
        self.last_budget_bps = budget_bps;
        let wants_up = |i: usize| roomy[i] > videos[i].target;
        if self.squeezed {
            if (0..videos.len()).any(wants_up) {
                let since = *self.calm_since.get_or_insert(now);
                if now.saturating_duration_since(since) >= CALM {
                    self.squeezed = false;
                    self.calm_since = None;
                }
            } else {
                self.calm_since = None;
            }
        }
        let may_raise = !self.squeezed;
        let mut targets = Vec::with_capacity(videos.len());
        for (i, v) in videos.iter().enumerate() {
            // `None` is below every layer in this order.
            let target = if tight[i] < v.target {
                if shrank && tight[i] < full[i] {
                    self.squeezed = true;
                    self.calm_since = None;
                }
                tight[i]
            } else if may_raise {
                v.target.max(roomy[i])
            } else {
                v.target
            };
            // A video that starts takes its base layer without head room and without a wait.
            let starts = target.is_none() && !v.paused;
            let target = if starts { tight[i].map(|t| t.min(lowest(v))) } else { target };
            targets.push(target.min(full[i]));
        }
        let rate = |chosen: &[Option<usize>]| -> u64 {
            chosen.iter().zip(videos).map(|(c, v)| c.map_or(0, |c| v.layers[c].bps)).sum()
        };
        let next_step = targets
            .iter()
            .zip(videos)
            .filter_map(|(t, v)| {
                let to = match t {
                    Some(t) => v.next_up(*t)?,
                    None => v.layers.iter().position(|l| l.live)?,
                };
                let from = t.map_or(0, |t| v.layers[t].bps);
                Some(v.layers[to].bps.saturating_sub(from))
            })
            .min();
        let step_bps = next_step
            .map_or(0, |more| (rate(&targets) + more).saturating_mul(HEADROOM.1) / HEADROOM.0);
        Decision {
            squeezed: self.squeezed,
            paused: targets.iter().zip(&full).map(|(t, f)| t.is_none() && f.is_some()).collect(),
            desired_bps: if self.squeezed {
                step_bps
            } else {
                rate(&full).saturating_mul(HEADROOM.1) / HEADROOM.0
            },
            wanted_bps: (targets != full).then(|| rate(&full)),
            next_step_bps: if self.squeezed { 0 } else { step_bps },
            targets,
        }
    }
}

fn lowest(v: &Video) -> usize {
    v.layers.iter().position(|l| l.live).unwrap_or(0)
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
