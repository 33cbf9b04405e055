//! Both tables, written out a second time as pictures and compared cell by cell: a change to one
//! must be made in both, on purpose.

use super::*;

/// Short names for the columns, in the order of `SeatTrigger::ALL`.
const SEAT_TABLE: &str = "
state       arrive check recheck consent admit enter up    lost  return hold put  withdraw leave remove
invited     checking -    -       -       -     admitted -  -     -      -    -    -        -     removed
checking    -      consenting -   -       -     -     -     -     -      -    -    -        left  removed
consenting  -      -     checking waiting -     -     -     -     -      -    -    -        left  removed
waiting     -      -     -        -       admitted -  -     -     -      -    -    consenting left removed
admitted    -      -     -        -       -     -     in_call away -     -    waiting consenting left removed
in_call     -      -     -        -       -     -     -     away  -      -    waiting consenting left removed
away        -      -     -        -       -     -     in_call -   admitted left waiting consenting left removed
left        checking -   -        -       -     admitted -  -     -      -    -    -        -     removed
removed     -      -     -        -       -     -     -     -     -      -    -    -        -     -
";

const VISIT_TABLE: &str = "
state       opened met         finished never   technology
scheduled   open   -           -        no_show failed
open        -      in_progress -        no_show failed
in_progress -      -           ended    -       failed
ended       -      -           -        -       -
no_show     -      -           -        -       -
failed      -      -           -        -       -
";

fn cells(table: &str) -> Vec<Vec<&str>> {
    table.trim().lines().skip(1).map(|l| l.split_whitespace().collect()).collect()
}

#[test]
fn every_cell_of_the_seat_table() {
    let rows = cells(SEAT_TABLE);
    assert_eq!(rows.len(), SeatState::ALL.len());
    for (row, state) in rows.iter().zip(SeatState::ALL) {
        assert_eq!(row[0], state.as_str());
        assert_eq!(row.len(), SeatTrigger::ALL.len() + 1, "{row:?}");
        for (cell, trigger) in row[1..].iter().zip(SeatTrigger::ALL) {
            let got = state.next(trigger).map_or("-", SeatState::as_str);
            assert_eq!(got, *cell, "{state:?} on {trigger:?}");
        }
    }
}

#[test]
fn every_cell_of_the_visit_table() {
    let rows = cells(VISIT_TABLE);
    assert_eq!(rows.len(), VisitState::ALL.len());
    for (row, state) in rows.iter().zip(VisitState::ALL) {
        assert_eq!(row[0], state.as_str());
        for (cell, trigger) in row[1..].iter().zip(VisitTrigger::ALL) {
            let got = state.next(trigger).map_or("-", VisitState::as_str);
            assert_eq!(got, *cell, "{state:?} on {trigger:?}");
        }
    }
}

#[test]
fn names_round_trip() {
    assert!(SeatState::ALL.iter().all(|s| SeatState::parse(s.as_str()) == Some(*s)));
    assert!(VisitState::ALL.iter().all(|s| VisitState::parse(s.as_str()) == Some(*s)));
    assert_eq!(SeatState::parse("nonsense"), None);
}
