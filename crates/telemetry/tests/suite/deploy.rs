//! The dashboard and the alerts in `deploy/` ask only for metrics that exist: those of this crate's
//! tables and those that the server names in its source.

use std::collections::BTreeSet;
use std::path::Path;
use telemetry::Culprit;
use telemetry::metrics::{COUNTERS, HISTOGRAMS};

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every name that begins with the prefix, without it.
fn asked(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    text.split("bedside_")
        .skip(1)
        .map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or_default())
        .collect()
}

fn exists(name: &str, server: &str) -> bool {
    let histogram = HISTOGRAMS.iter().any(|h| {
        name.strip_prefix(h.name).is_some_and(|rest| ["_bucket", "_count", "_sum"].contains(&rest))
    });
    let base = name.strip_suffix("_total");
    let counter = COUNTERS.iter().any(|c| base == Some(c.name));
    histogram || counter || server.contains(&format!("\"{}\"", base.unwrap_or(name)))
}

#[test]
fn the_dashboard_and_the_alerts_ask_for_what_exists() {
    let server = file("crates/server/src/metrics.rs");
    for path in ["deploy/grafana/bedside.json", "deploy/prometheus/alerts.yml"] {
        let text = file(path);
        let names = asked(&text);
        assert!(names.len() > 8, "{path} asks for {names:?} only");
        let unknown: Vec<_> = names.iter().filter(|n| !exists(n, &server)).collect();
        assert!(unknown.is_empty(), "{path} asks for {unknown:?}");
        for part in text.replace('\\', "").split("culprit=\"").skip(1) {
            let culprit = part.split('"').next().unwrap_or_default();
            assert!(Culprit::ALL.iter().any(|c| c.label() == culprit), "{path}: {culprit}");
        }
    }
}

#[test]
fn every_metric_of_call_quality_is_on_the_dashboard() {
    let text = file("deploy/grafana/bedside.json");
    for name in HISTOGRAMS.iter().map(|h| h.name).chain(COUNTERS.iter().map(|c| c.name)) {
        assert!(text.contains(&format!("bedside_{name}_")), "{name} is on no panel");
    }
}

#[test]
fn the_dashboard_is_json_with_panels_that_do_not_collide() {
    let board: serde_json::Value = serde_json::from_str(&file("deploy/grafana/bedside.json"))
        .unwrap_or_else(|e| panic!("{e}"));
    let panels = board["panels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ids: BTreeSet<_> = panels.iter().filter_map(|p| p["id"].as_u64()).collect();
    assert!(panels.len() > 10);
    assert_eq!(ids.len(), panels.len());
    for panel in panels.iter().filter(|p| p["type"] != "row") {
        let targets = panel["targets"].as_array().map_or(0, Vec::len);
        assert!(targets > 0, "{} shows nothing", panel["title"]);
        assert!(panel["description"].as_str().is_some_and(|d| !d.is_empty()), "{}", panel["title"]);
    }
}
