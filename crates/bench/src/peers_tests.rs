use super::*;

fn one(per_core: u64, p99: f64) -> RoomReport {
    RoomReport {
        rooms: 3,
        people: 2,
        packets_per_s_per_core: per_core,
        added_p50_us: 100.0,
        added_p99_us: p99,
        server_loss: 0.0,
        floor_packets_per_s: 0,
        floor_wake_p99_us: 0.0,
        senders: 2,
        layers: 3,
        packets_per_s: 1_000,
        payload_bytes: 900,
        added_p999_us: 3_000.0,
        core_share: 0.2,
        waited_share: 0.0,
        resident_bytes: 1_000_000,
        load_core_share: 0.3,
        load_lag_p99_us: 100.0,
        load_dropped: 0,
        void: false,
        void_reason: None,
    }
}

#[test]
fn medians_of_the_rounds_are_compared() {
    let ours = [one(90_000, 900.0), one(100_000, 700.0), one(40_000, 800.0)];
    let theirs = [one(30_000, 600.0), one(40_000, 500.0), one(50_000, 400.0)];
    let report = report(&RoomOptions::default(), &ours, &theirs);
    assert_eq!(report.bedside.packets_per_s_per_core, 90_000);
    assert_eq!((report.bedside.added_p99_us, report.janus.added_p99_us), (800.0, 500.0));
    assert_eq!((report.ratio, report.ratio_min, report.ratio_max), (2.25, 0.8, 3.0));
    assert_eq!(report.void_reason, None);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["bedside_packets_per_s_per_core"], 90_000);
    assert_eq!(json["janus_packets_per_s_per_core"], 40_000);
    assert_eq!((&json["ratio"], &json["void"]), (&2.25.into(), &false.into()));
    for key in ["bedside_added_p50_us", "janus_added_p999_us", "bedside_loss", "void_reason"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert!(report.to_string().contains("2.25 times as many packets (0.80 to 3.00)"));
}

#[test]
fn a_void_round_or_another_task_makes_the_comparison_void() {
    let good = || vec![one(90_000, 900.0)];
    let late = RoomReport { void: true, void_reason: Some("late".to_owned()), ..one(1, 1.0) };
    let void = |ours: &[RoomReport], theirs: &[RoomReport]| {
        report(&RoomOptions::default(), ours, theirs).void_reason
    };
    assert_eq!(void(&good(), &good()), None);
    assert_eq!(void(&good(), std::slice::from_ref(&late)), Some("against janus, late".to_owned()));
    assert_eq!(void(&[late], &good()), Some("against bedside, late".to_owned()));
    for other in [
        RoomReport { payload_bytes: 800, ..one(90_000, 900.0) },
        RoomReport { packets_per_s: 900, ..one(90_000, 900.0) },
    ] {
        assert!(void(&good(), &[other]).unwrap().contains("did not forward the same"));
    }
}

#[test]
fn options_out_of_range_are_refused() {
    for rounds in [0, 21] {
        let options = PeersOptions { rounds, ..PeersOptions::new(PathBuf::new()) };
        assert!(matches!(peers(&options, &mut |_| {}), Err(BenchError::Options(_))));
    }
}
