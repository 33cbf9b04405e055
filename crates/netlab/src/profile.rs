//! Networks by name: `symmetric,cellular,loss10,udp-blocked`.
//!
//! Owns the words and what they mean. Words are read from left to right; a later one changes what an
//! earlier one set.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use crate::access::{Access, Attachment};
use crate::{Firewall, Link, Loss, Nat, SettingError};

/// A NAT, a link and a firewall, read from words. [`Profile::help`] explains them.
#[derive(Clone, PartialEq, Debug)]
pub struct Profile {
    /// The NAT, if there is one.
    pub nat: Option<Nat>,
    /// The link.
    pub link: Link,
    /// The firewall, if there is one.
    pub firewall: Option<Firewall>,
}

impl Profile {
    /// Public, perfect, open.
    pub fn open() -> Self {
        Self { nat: None, link: Link::perfect(), firewall: None }
    }

    /// Every word with its meaning, one a line.
    pub fn help() -> String {
        let mut text = String::new();
        for (word, meaning, _) in WORDS {
            let _ = writeln!(text, "  {word:<17}{meaning}");
        }
        for (stem, unit, meaning, _) in NUMBERED {
            let _ = writeln!(text, "  {:<17}{meaning}", format!("{stem}<{unit}>"));
        }
        text
    }

    pub(crate) fn apply(&self, access: Access) -> Access {
        Access {
            attachment: self.nat.clone().map_or(Attachment::Public, Attachment::New),
            link: self.link.clone(),
            firewall: self.firewall.clone(),
            ..access
        }
    }

    fn change(&mut self, word: &str) -> Result<(), SettingError> {
        if let Some((_, _, change)) = WORDS.iter().find(|known| known.0 == word) {
            change(self);
            return Ok(());
        }
        for (stem, _, _, change) in NUMBERED {
            if let Some(Ok(number)) = word.strip_prefix(stem).map(str::parse::<u32>) {
                change(self, number);
                return Ok(());
            }
        }
        Err(SettingError::Profile)
    }

    fn change_nat(&mut self, change: impl FnOnce(Nat) -> Nat) {
        self.nat = Some(change(self.nat.take().unwrap_or_else(Nat::home)));
    }

    fn change_link(&mut self, change: impl FnOnce(Link) -> Link) {
        self.link = change(std::mem::replace(&mut self.link, Link::perfect()));
    }
}

impl FromStr for Profile {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let mut profile = Self::open();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            profile.change(word)?;
        }
        profile.link.check()?;
        profile.nat.as_ref().map_or(Ok(()), Nat::check)?;
        Ok(profile)
    }
}

type Word = (&'static str, &'static str, fn(&mut Profile));
type Numbered = (&'static str, &'static str, &'static str, fn(&mut Profile, u32));

const WORDS: &[Word] = &[
    ("open", "no NAT, perfect link, no firewall", |p| *p = Profile::open()),
    ("full-cone", "NAT: one port for all, everybody gets in", |p| p.nat = Some(Nat::full_cone())),
    ("restricted", "NAT: one port for all, known addresses get in", |p| {
        p.nat = Some(Nat::restricted());
    }),
    ("port-restricted", "NAT: one port for all, known addresses and ports get in", |p| {
        p.nat = Some(Nat::port_restricted());
    }),
    ("symmetric", "NAT: a port for each destination, which alone gets in", |p| {
        p.nat = Some(Nat::symmetric());
    }),
    ("home-nat", "NAT: port-restricted, keeps ports, hairpins", |p| p.nat = Some(Nat::home())),
    ("carrier-nat", "NAT: symmetric, UDP mappings live for 30 s", |p| p.nat = Some(Nat::carrier())),
    ("hairpin", "the NAT hairpins", |p| p.change_nat(|nat| nat.hairpin(true))),
    ("perfect", "link: no delay, no loss, no limit", |p| p.link = Link::perfect()),
    ("home", "link: 10 ms, 20 Mbps up, 100 Mbps down", |p| p.link = Link::home()),
    ("poor-wifi", "link: 15 ms, jitter 25 ms, 5 Mbps, 3 % lost in bursts", |p| {
        p.link = Link::poor_wifi();
    }),
    ("cellular", "link: 35 ms, 8 Mbps up, 25 Mbps down, 1420 bytes", |p| p.link = Link::cellular()),
    ("weak-cellular", "link: 90 ms, 300 kbps up, 700 kbps down, 5 % lost in bursts", |p| {
        p.link = Link::weak_cellular();
    }),
    ("satellite", "link: 300 ms, 3 Mbps up, 20 Mbps down, 1 % lost", |p| {
        p.link = Link::satellite()
    }),
    ("stateful", "firewall: nothing begins from outside", |p| {
        p.firewall = Some(Firewall::stateful());
    }),
    ("udp-blocked", "firewall: no UDP", |p| p.firewall = Some(Firewall::udp_blocked())),
    ("dtls-blocked", "firewall: UDP, but no DTLS over it", |p| {
        p.firewall = Some(Firewall::dtls_blocked());
    }),
    ("tcp443", "firewall: TCP to port 443, nothing else", |p| {
        p.firewall = Some(Firewall::tcp_443_only());
    }),
    ("answering", "the firewall answers what it refuses (reset, ICMP)", |p| {
        let firewall = p.firewall.take().unwrap_or_else(Firewall::stateful);
        p.firewall = Some(firewall.answering());
    }),
];

const NUMBERED: &[Numbered] = &[
    ("loss", "percent", "the link loses so many packets, each alone", |p, percent| {
        p.change_link(|link| link.loss(Loss::Uniform(share(percent))));
    }),
    (
        "burst",
        "percent",
        "the link loses so many (at most 83), five in a row on average",
        |p, percent| {
            p.change_link(|link| link.loss(Loss::bursts(share(percent), 5.0)));
        },
    ),
    ("delay", "ms", "the link delays each way by so much", |p, ms| {
        p.change_link(|link| link.delay(Duration::from_millis(ms.into())));
    }),
    ("jitter", "ms", "the link delays by up to so much more, in order", |p, ms| {
        p.change_link(|link| link.jitter(Duration::from_millis(ms.into()), false));
    }),
    ("reorder", "ms", "the same, and packets overtake", |p, ms| {
        p.change_link(|link| link.jitter(Duration::from_millis(ms.into()), true));
    }),
    ("stall", "ms", "about twice a second nothing arrives for half of so long or more", |p, ms| {
        p.change_link(|link| link.stall(Duration::from_millis(ms.into())));
    }),
    ("rate", "kbps", "the link carries so much each way, with a queue of 200 ms", |p, kbps| {
        let rate_bps = u64::from(kbps) * 1000;
        let queue_bytes = usize::try_from(rate_bps / 8 / 5).unwrap_or(usize::MAX);
        p.change_link(|link| link.rate(rate_bps, queue_bytes.max(3000)));
    }),
    ("mtu", "bytes", "the link carries packets of so many bytes and tells", |p, bytes| {
        let mtu_bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        p.change_link(|link| link.mtu(mtu_bytes, true));
    }),
    ("blackhole", "bytes", "the same, and does not tell", |p, bytes| {
        let mtu_bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        p.change_link(|link| link.mtu(mtu_bytes, false));
    }),
    ("udp-idle", "s", "the NAT forgets UDP after so long", |p, seconds| {
        p.change_nat(|nat| nat.udp_idle(Duration::from_secs(seconds.into())));
    }),
];

fn share(percent: u32) -> f64 {
    f64::from(percent) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_add_up_from_left_to_right() {
        let profile: Profile =
            "symmetric, cellular,loss10,udp-idle30,tcp443,answering".parse().unwrap();
        assert_eq!(profile.nat, Some(Nat::carrier()));
        assert_eq!(profile.link, Link::cellular().loss(Loss::Uniform(0.1)));
        assert_eq!(profile.firewall, Some(Firewall::tcp_443_only().answering()));
        assert_eq!("".parse(), Ok(Profile::open()));
    }

    #[test]
    fn unknown_words_and_ranges_are_refused() {
        assert_eq!("symetric".parse::<Profile>(), Err(SettingError::Profile));
        assert_eq!("loss".parse::<Profile>(), Err(SettingError::Profile));
        assert_eq!("loss101".parse::<Profile>(), Err(SettingError::Loss));
        assert_eq!("burst84".parse::<Profile>(), Err(SettingError::Loss));
        assert_eq!("rate0".parse::<Profile>(), Err(SettingError::Rate));
        assert_eq!("mtu20".parse::<Profile>(), Err(SettingError::Mtu));
        assert_eq!("delay4000000".parse::<Profile>(), Err(SettingError::Delay));
    }

    #[test]
    fn every_word_works_and_is_explained() {
        let help = Profile::help();
        for (word, meaning, _) in WORDS {
            assert!(word.parse::<Profile>().is_ok(), "{word}");
            assert!(help.contains(word) && help.contains(meaning));
        }
        for (stem, ..) in NUMBERED {
            // 80 is in the range of all of them.
            assert!(format!("{stem}80").parse::<Profile>().is_ok(), "{stem}");
            assert!(help.contains(&format!("  {stem}<")));
        }
    }
}
