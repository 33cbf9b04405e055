use super::report::{FullReport, Part};
use super::*;
use crate::FloorReport;
use crate::load::Times;

fn short() -> RoomOptions {
    RoomOptions {
        rooms: 1,
        window: Duration::from_secs(1),
        settle: Duration::from_secs(1),
        floor: Duration::from_millis(50),
        ..RoomOptions::default()
    }
}

#[test]
fn one_room_of_two_forwards_packets_and_loses_none() {
    let mut steps = Vec::new();
    let report = room(short(), &mut |step| steps.push(step.what)).unwrap();
    assert_eq!((report.rooms, report.people, report.senders), (1, 2, 2));
    // Two people's audio alone is 100 packets per second.
    assert!(report.packets_per_s > 150, "{report}");
    assert!(report.packets_per_s_per_core > 1_000, "{report}");
    assert!(report.added_p50_us > 1.0 && report.added_p99_us >= report.added_p50_us, "{report}");
    assert!(report.added_p999_us >= report.added_p99_us, "{report}");
    for what in ["sealing", "sending", "joining", "settling", "measuring"] {
        assert!(steps.contains(&what), "{what}");
    }
}

#[test]
fn one_sender_of_three_reaches_both_others_in_both_rooms() {
    let options = RoomOptions { rooms: 2, people: 3, senders: Some(1), layers: 1, ..short() };
    let report = room(options, &mut |_| {}).unwrap();
    assert_eq!((report.rooms, report.people, report.senders, report.layers), (2, 3, 1, 1));
    // Each of two senders' sound, 50 packets per second, goes to two people.
    assert!(report.packets_per_s > 150, "{report}");
}

fn times(us: impl IntoIterator<Item = u64>) -> Times {
    let mut times = Times::new();
    us.into_iter().for_each(|us| times.add(us * 1_000));
    times
}

fn measured() -> Measured {
    Measured {
        forwarded: 50_000,
        cpu: Duration::from_millis(500),
        waited: Duration::from_millis(50),
        resident_bytes: 40_000_000,
        load_cpu: Duration::from_millis(700),
        wall: Duration::from_secs(1),
        travel_ns: times(1..=1_000),
        lag_ns: times((1..=100).map(|n| n * 10)),
        received: 990,
        bytes: 990_000,
        repaired: 5,
        missing: 10,
        load_dropped: 0,
    }
}

fn floor_of(packets_per_s: u64) -> FloorReport {
    FloorReport { packets_per_s, wake_p99_us: 50.5, ..FloorReport::default() }
}

#[test]
fn figures_follow_from_what_was_measured() {
    let shape = RoomOptions { people: 12, senders: Some(1), ..short() }.shape();
    let report = RoomReport::new(7, shape, &floor_of(400_000), &measured());
    assert_eq!(report.packets_per_s_per_core, 100_000);
    assert_eq!(report.server_loss, 0.015);
    assert!(!report.machine_was_busy());
    assert_eq!(report.to_string().lines().count(), 2);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"rooms":7,"people":12,"packets_per_s_per_core":100000,"added_p50_us":500.2,"#,
            r#""added_p99_us":990.2,"server_loss":0.015,"floor_packets_per_s":400000,"#,
            r#""floor_wake_p99_us":50.5,"#,
            r#""senders":1,"layers":3,"packets_per_s":50000,"payload_bytes":1000,"#,
            r#""added_p999_us":999.4,"core_share":0.5,"waited_share":0.05,"#,
            r#""resident_bytes":40000000,"load_core_share":0.7,"load_lag_p99_us":990.2,"#,
            r#""load_dropped":0,"void":false,"void_reason":null}"#
        )
    );
}

#[test]
fn a_load_that_is_late_or_drops_makes_the_run_void() {
    let shape = short().shape();
    type Spoil = fn(&mut Measured);
    let spoil: [(&str, Spoil); 4] = [
        ("dropped 12 datagrams", |m| m.load_dropped = 12),
        ("1.5 ms late", |m| m.lag_ns = times([1_500; 100])),
        ("no packets", |m| m.lag_ns = times([])),
        ("no packets", |m| m.travel_ns = times([])),
    ];
    for (why, spoil) in spoil {
        let mut measured = measured();
        spoil(&mut measured);
        let report = RoomReport::new(1, shape, &floor_of(400_000), &measured);
        assert!(report.void && report.void_reason.as_ref().unwrap().contains(why), "{report}");
        assert!(report.to_string().contains("This run is void"));
    }
    // One in a hundred may be late.
    let mut just = measured();
    just.lag_ns = times([[900; 99].as_slice(), &[50_000]].concat());
    assert!(!RoomReport::new(1, shape, &floor_of(400_000), &just).void);
}

#[test]
fn what_the_load_dropped_itself_is_not_the_server_s_loss_and_a_busy_machine_is_said() {
    let measured = Measured {
        received: 90,
        load_dropped: 12,
        waited: Duration::from_millis(51),
        ..measured()
    };
    let report = RoomReport::new(1, short().shape(), &floor_of(400_000), &measured);
    assert_eq!(report.server_loss, 0.03);
    assert!(report.machine_was_busy());
    assert!(report.to_string().contains("5 % of the time"));
}

#[test]
fn memory_is_flat_within_a_twentieth() {
    let room = RoomReport::new(1, short().shape(), &floor_of(400_000), &measured());
    let flat = |start, end| SoakReport::new(room.clone(), start, end).memory_flat;
    assert!(flat(100, 105) && flat(100, 95));
    assert!(!flat(100, 106) && !flat(100, 94) && !flat(0, 1));
    let report = SoakReport::new(room, 100_000_000, 120_000_000);
    assert!(report.to_string().contains("did not stay within 5 %"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["rooms"], &json["rss_start"]), (&1.into(), &100_000_000.into()));
    assert_eq!((&json["rss_end"], &json["memory_flat"]), (&120_000_000.into(), &false.into()));
}

#[test]
fn the_full_load_comes_with_its_half_and_four_fifths() {
    let report = |rooms| RoomReport::new(rooms, short().shape(), &floor_of(400_000), &measured());
    let (full, half, four_fifths) = (report(100), Part(report(50)), Part(report(80)));
    let full = FullReport { full, limit: "core", half, four_fifths };
    let json = serde_json::to_value(&full).unwrap();
    for (key, value) in [("rooms", 100), ("half_rooms", 50), ("four_fifths_rooms", 80)] {
        assert_eq!(json[key], value, "{key}");
    }
    for key in ["limit", "half_added_p999_us", "four_fifths_server_loss", "four_fifths_void"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert!(full.to_string().contains("At 50 % of it (50 rooms"));
}

#[test]
fn options_out_of_range_are_refused() {
    let spoil: [fn(&mut RoomOptions); 11] = [
        |o| o.rooms = 0,
        |o| o.rooms = 1_001,
        |o| o.people = 1,
        |o| o.people = 13,
        |o| o.senders = Some(0),
        |o| o.senders = Some(3),
        |o| o.layers = 0,
        |o| o.layers = 4,
        |o| o.window = Duration::ZERO,
        |o| o.settle = Duration::from_secs(61),
        |o| o.floor = Duration::ZERO,
    ];
    for spoil in spoil {
        let mut options = RoomOptions::default();
        spoil(&mut options);
        assert!(matches!(room(options, &mut |_| {}), Err(BenchError::Options(_))));
        assert!(matches!(until_full(options, &mut |_| {}), Err(BenchError::Options(_))));
    }
    let soaked = soak(short(), Duration::from_secs(59), &mut |_| {});
    assert!(matches!(soaked, Err(BenchError::Options(_))));
}
