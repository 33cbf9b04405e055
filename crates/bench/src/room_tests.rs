use super::*;

#[test]
fn one_room_of_two_forwards_packets_and_loses_none() {
    let options = RoomOptions {
        rooms: 1,
        window: Duration::from_secs(1),
        settle: Duration::from_secs(1),
        floor: Duration::from_millis(50),
        ..RoomOptions::default()
    };
    let mut steps = Vec::new();
    let report = room(options, &mut |step| steps.push(step.what)).unwrap();
    assert_eq!((report.rooms, report.people), (1, 2));
    // Two people's audio alone is 100 packets per second.
    assert!(report.forwarded > 150, "{report}");
    assert_eq!(report.server_loss, 0.0, "{report}");
    assert!(report.packets_per_s_per_core > 1_000, "{report}");
    assert!(report.added_p50_us > 1.0 && report.added_p99_us >= report.added_p50_us, "{report}");
    for what in ["sealing", "sending", "joining", "measuring"] {
        assert!(steps.contains(&what), "{what}");
    }
}

#[test]
fn figures_follow_from_what_was_measured() {
    let measured = Measured {
        forwarded: 50_000,
        cpu: Duration::from_millis(500),
        waited: Duration::from_millis(50),
        load_cpu: Duration::from_millis(700),
        wall: Duration::from_secs(1),
        travel_ns: (1..=100).map(|n| n * 1_000).collect(),
        received: 990,
        repaired: 5,
        missing: 10,
        load_dropped: 0,
    };
    let report = report(RoomOptions::default(), 400_000, measured);
    assert_eq!((report.load_core_share, report.load_was_too_slow()), (0.7, false));
    assert_eq!((report.waited_share, report.machine_was_busy()), (0.05, false));
    assert_eq!(report.to_string().lines().count(), 2);
    assert_eq!(report.packets_per_s_per_core, 100_000);
    assert_eq!((report.added_p50_us, report.added_p99_us), (50.0, 99.0));
    assert_eq!(report.server_loss, 0.015);
    assert_eq!(report.core_share, 0.5);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        json,
        r#"{"rooms":50,"people":2,"packets_per_s_per_core":100000,"added_p50_us":50.0,"added_p99_us":99.0,"server_loss":0.015,"floor_packets_per_s":400000}"#
    );
}

#[test]
fn what_the_load_dropped_itself_is_not_the_server_s_loss_and_is_said() {
    let measured = Measured {
        forwarded: 1,
        cpu: Duration::from_millis(1),
        waited: Duration::from_millis(51),
        load_cpu: Duration::from_millis(990),
        wall: Duration::from_secs(1),
        travel_ns: Vec::new(),
        received: 90,
        repaired: 5,
        missing: 10,
        load_dropped: 12,
    };
    let report = report(RoomOptions::default(), 400_000, measured);
    assert_eq!(report.server_loss, 0.03);
    assert!(report.load_was_too_slow());
    assert!(report.to_string().contains("dropped 12 datagrams"));
    assert!(report.machine_was_busy());
    assert!(report.to_string().contains("5 % of the time"));
}

#[test]
fn options_out_of_range_are_refused() {
    let spoil: [fn(&mut RoomOptions); 7] = [
        |o| o.rooms = 0,
        |o| o.rooms = 401,
        |o| o.people = 1,
        |o| o.people = 7,
        |o| o.window = Duration::ZERO,
        |o| o.settle = Duration::from_secs(61),
        |o| o.floor = Duration::ZERO,
    ];
    for spoil in spoil {
        let mut options = RoomOptions::default();
        spoil(&mut options);
        assert!(matches!(room(options, &mut |_| {}), Err(BenchError::Options(_))));
    }
}
