//! The permission table, written out a second time and compared for every role, state and action.

use super::*;

const ROLES: [Role; 6] = Role::ALL;
/// y = may; one column per role: host colleague patient family interpreter staff.
const TABLE: [(Action, &str); 14] = [
    (Action::BeInRoom, "yyyyyy"),
    (Action::PublishMic, "yyyyyy"),
    (Action::PublishCamera, "yyyyyy"),
    (Action::ShareScreen, "yyyyy-"),
    (Action::Chat, "yyyyyy"),
    (Action::SeeWaitingRoom, "yy---y"),
    (Action::MessageWaiting, "yy---y"),
    (Action::Admit, "yy---y"),
    (Action::PutBack, "yy---y"),
    (Action::Remove, "y-----"),
    (Action::MuteOther, "yy----"),
    (Action::Invite, "yy---y"),
    (Action::SeeQuality, "yy---y"),
    (Action::EndVisit, "y-----"),
];

#[test]
fn every_role_state_and_action() {
    assert_eq!(TABLE.map(|(a, _)| a), Action::ALL);
    for (action, columns) in TABLE {
        for (role, cell) in ROLES.into_iter().zip(columns.chars()) {
            for state in SeatState::ALL {
                let inside =
                    matches!(state, SeatState::Admitted | SeatState::InCall | SeatState::Away);
                let room_action = matches!(
                    action,
                    Action::BeInRoom
                        | Action::PublishMic
                        | Action::PublishCamera
                        | Action::ShareScreen
                        | Action::Chat
                );
                let expected =
                    cell == 'y' && state != SeatState::Removed && (!room_action || inside);
                assert_eq!(
                    permits(role, state, action),
                    expected,
                    "{role:?} in {state:?}: {action:?}"
                );
            }
        }
    }
}
