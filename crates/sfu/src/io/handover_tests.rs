use super::super::wake::wake_pair;
use super::*;
use crate::config::SfuConfig;

/// A binding request that names a transport of `home`, from somebody who does not know its password.
pub(in super::super) fn check_for(home: Home) -> Vec<u8> {
    check(&format!("{}:theirs", home.credentials().ufrag))
}

fn check(username: &str) -> Vec<u8> {
    let padded = username.len().next_multiple_of(4);
    let mut m = Vec::from([0, 1]);
    m.extend(((4 + padded) as u16).to_be_bytes());
    m.extend(0x2112_a442_u32.to_be_bytes());
    m.extend([7; 12]);
    m.extend([0, 6]);
    m.extend((username.len() as u16).to_be_bytes());
    m.extend(username.bytes());
    m.resize(20 + 4 + padded, 0);
    m
}

/// Shards on one port, without threads.
struct Rig {
    shards: Vec<Shard>,
    neighbours: Vec<Neighbours>,
    inboxes: Vec<Inbox>,
}

impl Rig {
    fn new(count: u16) -> Self {
        let mut config = SfuConfig::new(vec![[127, 0, 0, 1].into()]);
        (config.single_port, config.shards, config.node) = (true, count, 5);
        let shard = |n| Shard::new(&config, n, 9).expect("a valid configuration");
        let shards: Vec<_> = (0..count).map(shard).collect();
        let (outlets, inboxes): (Vec<_>, Vec<_>) = (0..count).map(|_| lane()).unzip();
        let door = |outlet| Door::new(outlet, Arc::new(wake_pair().expect("a pair").0));
        let doors: Vec<_> = outlets.into_iter().map(door).collect();
        let neighbours = shards.iter().map(|s| Neighbours::new(s.home, &doors)).collect();
        Self { shards, neighbours, inboxes }
    }

    /// A datagram comes to a shard from the network: whether it was taken for another one.
    fn arrives(&mut self, at: usize, now: Instant, source: SocketAddr, datagram: &[u8]) -> bool {
        let (neighbours, shard) = (&mut self.neighbours[at], &self.shards[at]);
        let taken = neighbours.take(now, shard, Wire::Udp, (source, our_address()), datagram);
        neighbours.flush();
        taken
    }
}

fn our_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9))
}

fn client() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 1], 50_000))
}

const MEDIA: [u8; 4] = [0x80, 96, 0, 1];

#[test]
fn a_forged_check_is_handed_over_and_changes_nothing() {
    let mut rig = Rig::new(3);
    let now = Instant::now();
    let forged = check_for(rig.shards[2].home);
    assert!(rig.arrives(0, now, client(), &forged));
    let Some(Parcel::Datagrams(batch)) = rig.inboxes[2].take() else { panic!("a batch") };
    batch.unpack(now, &mut rig.shards[2], Some(&mut rig.neighbours[2]));
    assert_eq!(rig.shards[2].stats().unknown, 1, "its owner looked at it");
    assert!(rig.inboxes[0].take().is_none(), "and confirms nothing");
    assert!(!rig.arrives(0, now, client(), &MEDIA), "what comes from there goes where it went");
}

#[test]
fn what_comes_from_a_confirmed_address_goes_to_its_owner_for_a_while() {
    let mut rig = Rig::new(3);
    let now = Instant::now();
    assert!(!rig.arrives(0, now, client(), &MEDIA));
    rig.neighbours[2].confirm(0, Wire::Udp, client());
    let Some(Parcel::Owner(wire, source, owner)) = rig.inboxes[0].take() else {
        panic!("a word of the owner")
    };
    rig.neighbours[0].learn(now, wire, source, owner);
    assert!(rig.arrives(0, now + CONFIRMED_WITHIN, client(), &MEDIA));
    let Some(Parcel::Datagrams(batch)) = rig.inboxes[2].take() else { panic!("a batch") };
    assert_eq!((batch.from, &batch.bytes[..]), (Some(0), &MEDIA[..]));
    let other_port = SocketAddr::new(client().ip(), 50_001);
    assert!(!rig.arrives(0, now, other_port, &MEDIA), "an address is with its port");
    let late = now + CONFIRMED_WITHIN + Duration::from_millis(1);
    assert!(!rig.arrives(0, late, client(), &MEDIA), "forgotten");
    assert_eq!(rig.neighbours[0].handed_over(), 1);
}

#[test]
fn what_names_nobody_here_stays() {
    let mut rig = Rig::new(3);
    let now = Instant::now();
    let home = |node, shard| check_for(Home { node, shard });
    for stays in [home(5, 0), home(5, 3), home(5, 255), home(4, 1), check("x:y"), vec![1; 40]] {
        assert!(!rig.arrives(0, now, client(), &stays));
    }
    assert!(rig.inboxes.iter().all(|inbox| inbox.take().is_none()));
}

#[test]
fn addresses_and_lanes_are_bounded() {
    let mut rig = Rig::new(2);
    let now = Instant::now();
    let address = |n: usize| {
        let ip = std::net::Ipv4Addr::from(n as u32);
        SocketAddr::from((ip, 1))
    };
    for n in 0..MAX_OWNERS + 10 {
        rig.neighbours[0].learn(now, Wire::Udp, address(n), 1);
    }
    assert_eq!(rig.neighbours[0].owners.len(), MAX_OWNERS);
    let late = now + CONFIRMED_WITHIN + Duration::from_millis(1);
    rig.neighbours[0].learn(late, Wire::Udp, client(), 1);
    assert_eq!(rig.neighbours[0].owners.len(), 1, "who left makes place");
    for _ in 0..LANE + 5 {
        assert!(rig.arrives(0, late, client(), &MEDIA));
    }
    let batches = std::iter::from_fn(|| rig.inboxes[1].take()).count();
    assert_eq!(batches, LANE, "what does not fit is lost");
}
