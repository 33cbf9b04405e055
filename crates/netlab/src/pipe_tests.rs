use proptest::prelude::*;

use super::*;
use crate::Loss;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A packet of `bytes` that carries its number.
fn packet(number: u32, bytes: usize) -> Vec<u8> {
    let mut packet = vec![0; bytes.max(4)];
    packet[..4].copy_from_slice(&number.to_be_bytes());
    packet
}

fn number_of(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// Everything that arrives up to `until`, with its time.
fn arrivals(pipe: &mut Pipe, until: Instant) -> Vec<(Instant, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(at) = pipe.next_at().filter(|at| *at <= until) {
        if let Some(bytes) = pipe.step() {
            all.push((at, bytes));
        }
    }
    all
}

fn far(base: Instant) -> Instant {
    base + Duration::from_secs(100_000)
}

#[test]
fn a_packet_takes_the_wire_and_the_delay() {
    let base = Instant::now();
    let direction = Direction { delay: ms(40), rate_bps: Some(1_000_000), ..Direction::perfect() };
    let mut pipe = Pipe::new(direction, 1);
    pipe.push(base, packet(0, 1250)).unwrap();
    pipe.push(base, packet(1, 1250)).unwrap();
    let times: Vec<_> = arrivals(&mut pipe, far(base)).iter().map(|a| a.0 - base).collect();
    assert_eq!(times, [ms(50), ms(60)]);
}

#[test]
fn a_full_queue_drops_what_comes_last() {
    let base = Instant::now();
    let direction =
        Direction { rate_bps: Some(1_000_000), queue_bytes: 2500, ..Direction::perfect() };
    let mut pipe = Pipe::new(direction, 1);
    assert_eq!(pipe.push(base, packet(0, 1250)), Ok(()));
    assert_eq!(pipe.push(base, packet(1, 1250)), Ok(()));
    assert_eq!(pipe.push(base, packet(2, 1250)), Err(Cause::Queue));
    // The first has left the wire.
    assert!(arrivals(&mut pipe, base + ms(10)).len() == 1);
    assert_eq!(pipe.push(base + ms(10), packet(3, 1250)), Ok(()));
    let numbers: Vec<_> = arrivals(&mut pipe, far(base)).iter().map(|a| number_of(&a.1)).collect();
    assert_eq!(numbers, [1, 3]);
    assert_eq!(pipe.counters.dropped(Cause::Queue), 1);
}

#[test]
fn an_idle_link_takes_a_packet_larger_than_its_queue() {
    let base = Instant::now();
    let direction = Direction { rate_bps: Some(8000), queue_bytes: 10, ..Direction::perfect() };
    let mut pipe = Pipe::new(direction, 1);
    assert_eq!(pipe.push(base, packet(0, 1000)), Ok(()));
    assert_eq!(pipe.push(base, packet(1, 4)), Err(Cause::Queue));
}

#[test]
fn a_new_rate_holds_for_the_rest_of_the_packet_on_the_wire() {
    let base = Instant::now();
    let slow = Direction { rate_bps: Some(1_000_000), ..Direction::perfect() };
    let mut pipe = Pipe::new(slow.clone(), 1);
    pipe.push(base, packet(0, 1250)).unwrap();
    pipe.push(base, packet(1, 1250)).unwrap();
    // Half of the first is through. The other half takes a tenth of its 5 ms.
    pipe.change(base + ms(5), Direction { rate_bps: Some(10_000_000), ..slow });
    let times: Vec<_> =
        arrivals(&mut pipe, far(base)).iter().map(|a| (a.0 - base).as_micros()).collect();
    assert_eq!(times, [5_500, 6_500]);
}

#[test]
fn without_a_rate_what_waited_goes_at_once() {
    let base = Instant::now();
    let slow = Direction { rate_bps: Some(1), ..Direction::perfect() };
    let mut pipe = Pipe::new(slow, 1);
    for number in 0..3 {
        pipe.push(base, packet(number, 100)).unwrap();
    }
    pipe.change(base + ms(1), Direction::perfect());
    let all = arrivals(&mut pipe, base + ms(1));
    assert_eq!(all.iter().map(|a| number_of(&a.1)).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(pipe.queued_bytes(), 0);
}

#[test]
fn what_is_on_a_link_that_goes_down_is_gone() {
    let base = Instant::now();
    let direction = Direction { delay: ms(40), rate_bps: Some(1_000_000), ..Direction::perfect() };
    let mut pipe = Pipe::new(direction, 1);
    pipe.push(base, packet(0, 1250)).unwrap();
    assert!(arrivals(&mut pipe, base + ms(20)).is_empty());
    pipe.push(base + ms(20), packet(1, 1250)).unwrap();
    pipe.set_up(false);
    assert_eq!(pipe.push(base + ms(21), packet(2, 100)), Err(Cause::Down));
    assert_eq!(pipe.counters.dropped(Cause::Down), 3);
    pipe.set_up(true);
    pipe.push(base + ms(22), packet(3, 1250)).unwrap();
    let numbers: Vec<_> = arrivals(&mut pipe, far(base)).iter().map(|a| number_of(&a.1)).collect();
    assert_eq!(numbers, [3]);
}

#[test]
fn jitter_reorders_only_if_it_may() {
    let base = Instant::now();
    for reorder in [false, true] {
        let direction = Direction { jitter: ms(50), reorder, ..Direction::perfect() };
        let mut pipe = Pipe::new(direction, 3);
        for number in 0..200 {
            pipe.push(base + ms(u64::from(number)), packet(number, 100)).unwrap();
        }
        let all = arrivals(&mut pipe, far(base));
        let in_order = all.windows(2).all(|two| number_of(&two[0].1) < number_of(&two[1].1));
        assert_eq!(in_order, !reorder);
    }
}

#[test]
fn a_link_that_stalls_lets_everything_out_at_once_and_in_order() {
    let base = Instant::now();
    let direction = Direction { stall: ms(300), delay: ms(10), ..Direction::perfect() };
    let mut pipe = Pipe::new(direction, 4);
    for number in 0..1_000_u32 {
        pipe.push(base + ms(10 * u64::from(number)), packet(number, 100)).unwrap();
    }
    let all = arrivals(&mut pipe, far(base));
    assert!(all.windows(2).all(|two| number_of(&two[0].1) < number_of(&two[1].1)));
    let gaps: Vec<_> = all.windows(2).map(|two| two[1].0 - two[0].0).collect();
    let stalls: Vec<_> = gaps.iter().filter(|gap| **gap > ms(20)).collect();
    // Ten seconds, and a stall each 350 ms and 150 to 300 ms more.
    assert!((12..=24).contains(&stalls.len()), "{}", stalls.len());
    assert!(stalls.iter().all(|gap| **gap >= ms(140) && **gap <= ms(310)), "{stalls:?}");
    assert!(gaps.iter().filter(|gap| gap.is_zero()).count() > 100, "rows come at once");
}

fn directions() -> impl Strategy<Value = Direction> {
    (
        0..200_u64,
        0..100_u64,
        any::<bool>(),
        prop_oneof![
            Just(Loss::None),
            (0.0..1.0).prop_map(Loss::Uniform),
            (0.0..0.5, 1.0..9.0).prop_map(|(share, len)| Loss::bursts(share, len)),
        ],
        proptest::option::of(1000..50_000_000_u64),
        0..60_000_usize,
    )
        .prop_map(|(delay, jitter, reorder, loss, rate_bps, queue_bytes)| Direction {
            delay: ms(delay),
            jitter: ms(jitter),
            reorder,
            loss,
            rate_bps,
            queue_bytes,
            ..Direction::perfect()
        })
}

/// What may happen to a pipe.
#[derive(Debug, Clone)]
enum Act {
    Push(usize),
    Change(Direction),
    Up(bool),
}

fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let act = prop_oneof![
        20 => (4..1500_usize).prop_map(Act::Push),
        1 => directions().prop_map(Act::Change),
        1 => any::<bool>().prop_map(Act::Up),
    ];
    proptest::collection::vec((0..30_000_u64, act), 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_packet_arrives_once_or_is_counted(first in directions(), acts in acts(), seed: u64) {
        let mut now = Instant::now();
        let mut pipe = Pipe::new(first, seed);
        let (mut pushed, mut got) = (0_u64, 0_u64);
        let mut last = now;
        for (wait_us, act) in acts {
            now += Duration::from_micros(wait_us);
            for (at, _) in arrivals(&mut pipe, now) {
                prop_assert!(at >= last && at <= now, "time went back");
                last = at;
                got += 1;
            }
            match act {
                Act::Push(bytes) => {
                    let idle = pipe.queued_bytes() == 0;
                    let taken = pipe.push(now, packet(0, bytes)).is_ok();
                    pushed += 1;
                    let fits = pipe.queued_bytes() <= pipe.direction().queue_bytes;
                    prop_assert!(idle || !taken || fits || pipe.direction().rate_bps.is_none());
                }
                Act::Change(direction) => pipe.change(now, direction),
                Act::Up(up) => pipe.set_up(up),
            }
            let counters = &pipe.counters;
            prop_assert_eq!(counters.in_packets, pushed);
            prop_assert_eq!(counters.out_packets, got);
            prop_assert_eq!(pushed, got + counters.dropped_packets() + pipe.held_packets() as u64);
        }
        got += arrivals(&mut pipe, far(now) + Duration::from_secs(100 * 86_400)).len() as u64;
        prop_assert_eq!(pushed, got + pipe.counters.dropped_packets());
        prop_assert_eq!(pipe.held_packets(), 0);
    }

    #[test]
    fn no_packet_is_faster_than_delay_and_rate_allow(direction in directions(), sizes in proptest::collection::vec(4..1500_usize, 1..60), seed: u64) {
        let base = Instant::now();
        let mut pipe = Pipe::new(direction.clone(), seed);
        for (number, bytes) in sizes.iter().enumerate() {
            let _ = pipe.push(base, packet(number as u32, *bytes));
        }
        let mut sent_bits = 0_u64;
        let all = arrivals(&mut pipe, far(base));
        // All were there at once, so what came by any moment went over the wire before.
        let last = all.iter().map(|a| a.0).max();
        for (at, bytes) in &all {
            prop_assert!(*at - base >= direction.delay);
            prop_assert!(*at - base <= direction.delay + direction.jitter + total_time(&sizes, &direction));
            sent_bits += bytes.len() as u64 * 8;
        }
        if let (Some(rate_bps), Some(last)) = (direction.rate_bps, last) {
            let least_ns = u128::from(sent_bits) * NANOS / u128::from(rate_bps);
            prop_assert!((last - base - direction.delay).as_nanos() >= least_ns);
        }
    }
}

fn total_time(sizes: &[usize], direction: &Direction) -> Duration {
    let bits = sizes.iter().sum::<usize>() as u64 * 8;
    let wire = direction.rate_bps.map_or(Duration::ZERO, |rate| time_on_wire(bits, rate));
    // Each packet is rounded up to the nanosecond.
    wire + Duration::from_nanos(sizes.len() as u64)
}
