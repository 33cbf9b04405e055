//! Who may use which HTTP call. One table, everything not listed is denied. What somebody may do
//! *in a visit* is decided by crate `visit`, and whose visit it is by the handler.

/// Every HTTP call below `/api/`, and the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// What a guest's link would open.
    LinkLook,
    /// Opens a guest's link.
    LinkOpen,
    /// The seats of this device.
    SeatMine,
    /// A join token for the socket of a seat.
    SeatToken,
    /// Stars after the visit.
    SeatRate,
    /// E-mail and password.
    SignIn,
    /// The code of the authenticator app, or a recovery code.
    SignInCode,
    /// A one-time link of staff.
    SignInLink,
    /// Ends this session.
    SignOut,
    /// Ends all sessions of this person.
    SignOutEverywhere,
    /// A new secret for the authenticator app.
    MfaStart,
    /// Proves that the app works.
    MfaFinish,
    /// The ways to sign in that there are here.
    SignInWays,
    /// A passkey, alone or after the password.
    SignInPasskey,
    /// By the clinic's identity provider: there and back.
    SignInOutside,
    /// Registers a passkey: another one, or the first second factor after the password.
    PasskeyAdd,
    /// The second factor again, before something that asks for it.
    FactorShow,
    /// One's own passkeys: list and remove.
    Passkeys,
    /// Who am I.
    Me,
    /// A join token for the socket of the board.
    BoardToken,
    /// The clinicians for whom visits can be booked, by name.
    Clinicians,
    /// Books a visit.
    VisitCreate,
    /// Books a visit that will be somebody else's.
    VisitCreateForOther,
    /// One more person, or a fresh link.
    VisitInvite,
    /// Invites a clinician of the same clinic.
    VisitInviteColleague,
    /// Closes a visit from the board.
    VisitOutcome,
    /// How the call of a visit was.
    VisitQuality,
    /// Lets the synthetic patient join (demo only).
    VisitGuest,
    /// Opens a restricted visit in an emergency.
    EmergencyOpen,
    /// The openings in emergencies: list and review.
    EmergencyReview,
    /// The audit log: search.
    AuditSearch,
    /// The audit log: everything of it that was asked for, as a file.
    AuditExport,
    /// How the server itself is.
    System,
    /// Accounts of the clinic: list.
    PeopleList,
    /// Accounts of the clinic: add, disable, reset.
    PeopleChange,
    /// How long data is kept, and legal holds: look and change.
    Retention,
    /// A patient over all visits: find, export, hold, erase.
    Patients,
    /// The clinic's name and settings.
    Settings,
    /// An answer without content, for measuring the round trip.
    NetEcho,
    /// A block of bytes, for measuring the throughput.
    NetBlob,
    /// A transport of one's own for trying the ways of media. Asks for a seat's device, a session, or
    /// the key of a check link.
    NetProbe,
    /// The socket. Its first message carries the join token.
    Socket,
}

impl Route {
    /// Every route, for tables and tests.
    pub const ALL: [Self; 42] = [
        Self::LinkLook,
        Self::LinkOpen,
        Self::SeatMine,
        Self::SeatToken,
        Self::SeatRate,
        Self::SignIn,
        Self::SignInCode,
        Self::SignInLink,
        Self::SignOut,
        Self::SignOutEverywhere,
        Self::MfaStart,
        Self::MfaFinish,
        Self::SignInWays,
        Self::SignInPasskey,
        Self::SignInOutside,
        Self::PasskeyAdd,
        Self::FactorShow,
        Self::Passkeys,
        Self::Me,
        Self::BoardToken,
        Self::Clinicians,
        Self::VisitCreate,
        Self::VisitCreateForOther,
        Self::VisitInvite,
        Self::VisitInviteColleague,
        Self::VisitOutcome,
        Self::VisitQuality,
        Self::VisitGuest,
        Self::EmergencyOpen,
        Self::EmergencyReview,
        Self::AuditSearch,
        Self::AuditExport,
        Self::System,
        Self::PeopleList,
        Self::PeopleChange,
        Self::Retention,
        Self::Patients,
        Self::Settings,
        Self::NetEcho,
        Self::NetBlob,
        Self::NetProbe,
        Self::Socket,
    ];
}

/// What is known about whoever calls. A browser may be several at once (a clinician who also opened
/// a link): it may do what any of them may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Nothing is known.
    Anonymous,
    /// A browser that holds a seat.
    Device,
    /// A member of staff with the password alone; the second factor is missing.
    PartialStaff,
    /// Reception, signed in.
    Staff,
    /// A clinician, signed in.
    Clinician,
    /// An administrator, signed in.
    Admin,
    /// An officer of privacy and security, signed in.
    Officer,
}

impl Caller {
    /// Every caller, for tables and tests.
    pub const ALL: [Self; 7] = [
        Self::Anonymous,
        Self::Device,
        Self::PartialStaff,
        Self::Staff,
        Self::Clinician,
        Self::Admin,
        Self::Officer,
    ];
}

/// The table.
#[must_use]
pub const fn may_use(caller: Caller, route: Route) -> bool {
    use Caller as C;
    use Route as R;
    match route {
        // The ways in, and what the device check needs before anybody is known. The socket is open
        // to all: it does nothing before a join token has come, which is bound to a cookie.
        R::LinkLook
        | R::LinkOpen
        | R::SignIn
        | R::SignInLink
        | R::SignInWays
        | R::SignInPasskey
        | R::SignInOutside
        | R::NetEcho
        | R::NetBlob
        | R::Socket => true,
        // Whoever has the key of a check link needs no more; the handler asks for it before this.
        R::NetProbe => {
            matches!(caller, C::Device | C::Staff | C::Clinician | C::Admin | C::Officer)
        }
        R::SeatMine | R::SeatRate => matches!(caller, C::Device),
        // Guests by their device, clinic people by their session.
        R::SeatToken => matches!(caller, C::Device | C::Staff | C::Clinician | C::Admin),
        // Between password and second factor. A finished session has no use for it.
        R::SignInCode => matches!(caller, C::PartialStaff),
        // The handlers let nobody add a factor who has one and did not show it lately.
        R::SignOut | R::MfaStart | R::MfaFinish | R::PasskeyAdd => {
            matches!(caller, C::PartialStaff | C::Staff | C::Clinician | C::Admin | C::Officer)
        }
        R::SignOutEverywhere | R::FactorShow | R::Passkeys | R::Me => {
            matches!(caller, C::Staff | C::Clinician | C::Admin | C::Officer)
        }
        R::BoardToken
        | R::Clinicians
        | R::VisitCreate
        | R::VisitCreateForOther
        | R::VisitInvite
        | R::VisitInviteColleague
        | R::VisitOutcome
        | R::VisitQuality
        | R::VisitGuest => matches!(caller, C::Staff | C::Clinician | C::Admin),
        // Whoever treats. Reception finds somebody who may.
        R::EmergencyOpen => matches!(caller, C::Clinician | C::Admin),
        // Officers look and decide, and have no part in visits; nobody reviews their own.
        R::EmergencyReview
        | R::AuditSearch
        | R::AuditExport
        | R::System
        | R::PeopleList
        | R::Retention
        | R::Patients => matches!(caller, C::Admin | C::Officer),
        R::PeopleChange | R::Settings => matches!(caller, C::Admin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same table, written out by hand: one column per caller in the order of [`Caller::ALL`].
    const EXPECTED: [(Route, [u8; 7]); 42] = [
        //                          anonymous, device, partial, staff, clinician, admin, officer
        (Route::LinkLook, [1, 1, 1, 1, 1, 1, 1]),
        (Route::LinkOpen, [1, 1, 1, 1, 1, 1, 1]),
        (Route::SeatMine, [0, 1, 0, 0, 0, 0, 0]),
        (Route::SeatToken, [0, 1, 0, 1, 1, 1, 0]),
        (Route::SeatRate, [0, 1, 0, 0, 0, 0, 0]),
        (Route::SignIn, [1, 1, 1, 1, 1, 1, 1]),
        (Route::SignInCode, [0, 0, 1, 0, 0, 0, 0]),
        (Route::SignInLink, [1, 1, 1, 1, 1, 1, 1]),
        (Route::SignOut, [0, 0, 1, 1, 1, 1, 1]),
        (Route::SignOutEverywhere, [0, 0, 0, 1, 1, 1, 1]),
        (Route::MfaStart, [0, 0, 1, 1, 1, 1, 1]),
        (Route::MfaFinish, [0, 0, 1, 1, 1, 1, 1]),
        (Route::SignInWays, [1, 1, 1, 1, 1, 1, 1]),
        (Route::SignInPasskey, [1, 1, 1, 1, 1, 1, 1]),
        (Route::SignInOutside, [1, 1, 1, 1, 1, 1, 1]),
        (Route::PasskeyAdd, [0, 0, 1, 1, 1, 1, 1]),
        (Route::FactorShow, [0, 0, 0, 1, 1, 1, 1]),
        (Route::Passkeys, [0, 0, 0, 1, 1, 1, 1]),
        (Route::Me, [0, 0, 0, 1, 1, 1, 1]),
        (Route::BoardToken, [0, 0, 0, 1, 1, 1, 0]),
        (Route::Clinicians, [0, 0, 0, 1, 1, 1, 0]),
        (Route::VisitCreate, [0, 0, 0, 1, 1, 1, 0]),
        (Route::VisitCreateForOther, [0, 0, 0, 1, 1, 1, 0]),
        (Route::VisitInvite, [0, 0, 0, 1, 1, 1, 0]),
        (Route::VisitInviteColleague, [0, 0, 0, 1, 1, 1, 0]),
        (Route::VisitOutcome, [0, 0, 0, 1, 1, 1, 0]),
        (Route::VisitQuality, [0, 0, 0, 1, 1, 1, 0]),
        (Route::VisitGuest, [0, 0, 0, 1, 1, 1, 0]),
        (Route::EmergencyOpen, [0, 0, 0, 0, 1, 1, 0]),
        (Route::EmergencyReview, [0, 0, 0, 0, 0, 1, 1]),
        (Route::AuditSearch, [0, 0, 0, 0, 0, 1, 1]),
        (Route::AuditExport, [0, 0, 0, 0, 0, 1, 1]),
        (Route::System, [0, 0, 0, 0, 0, 1, 1]),
        (Route::PeopleList, [0, 0, 0, 0, 0, 1, 1]),
        (Route::PeopleChange, [0, 0, 0, 0, 0, 1, 0]),
        (Route::Retention, [0, 0, 0, 0, 0, 1, 1]),
        (Route::Patients, [0, 0, 0, 0, 0, 1, 1]),
        (Route::Settings, [0, 0, 0, 0, 0, 1, 0]),
        (Route::NetEcho, [1, 1, 1, 1, 1, 1, 1]),
        (Route::NetBlob, [1, 1, 1, 1, 1, 1, 1]),
        (Route::NetProbe, [0, 1, 0, 1, 1, 1, 1]),
        (Route::Socket, [1, 1, 1, 1, 1, 1, 1]),
    ];

    #[test]
    fn every_route_for_every_caller() {
        for route in Route::ALL {
            let rows: Vec<_> = EXPECTED.iter().filter(|(r, _)| *r == route).collect();
            assert_eq!(rows.len(), 1, "{route:?} stands once in the expected table");
            for (caller, expected) in Caller::ALL.into_iter().zip(rows[0].1) {
                assert_eq!(may_use(caller, route), expected == 1, "{caller:?} {route:?}");
            }
        }
    }

    #[test]
    fn the_second_factor_is_needed_for_everything_but_getting_it() {
        for route in Route::ALL {
            if may_use(Caller::PartialStaff, route) && !may_use(Caller::Anonymous, route) {
                assert!(matches!(
                    route,
                    Route::SignInCode
                        | Route::MfaStart
                        | Route::MfaFinish
                        | Route::PasskeyAdd
                        | Route::SignOut
                ));
            }
        }
    }
}
