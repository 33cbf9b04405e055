// Generated from crates/protocol. Do not edit: run `make protocol`.

export type Timestamp = number;
export type Role = "host" | "colleague" | "patient" | "family" | "interpreter" | "staff";
export type Source = "mic" | "camera" | "screen";
export type Pictures = "full" | "small" | "none";
export type VisitState = "scheduled" | "open" | "in_progress" | "ended" | "no_show" | "failed";
export type SeatState = "invited" | "checking" | "consenting" | "waiting" | "admitted" | "in_call" | "away" | "left" | "removed";
export type Purpose = "visit" | "recording" | "captions";
export type ConsentDecision = "given" | "refused" | "withdrawn";
export type Action = "be_in_room" | "publish_mic" | "publish_camera" | "share_screen" | "chat" | "see_waiting_room" | "message_waiting" | "admit" | "put_back" | "remove" | "mute_other" | "invite" | "see_quality" | "end_visit";
export type ErrorCode = "bad_message" | "message_too_large" | "too_fast" | "protocol_version" | "bad_origin" | "token_expired" | "not_signed_in" | "bad_credentials" | "second_factor_needed" | "enrolment_needed" | "locked_out" | "weak_password" | "passkey_refused" | "sso_refused" | "sso_unknown" | "sso_unreachable" | "factor_needed" | "last_factor" | "no_such_visit" | "second_check_failed" | "second_check_needed" | "not_allowed" | "emergency_needed" | "own_account" | "on_hold" | "wrong_state" | "consent_missing" | "not_a_no_show" | "taken_over" | "link_replaced" | "visit_over" | "visit_full" | "server_closing" | "bad_sdp" | "sdp_too_large" | "stale_answer" | "bad_field" | "not_found" | "store_busy" | "store_full" | "mail_failed" | "internal";
export type ErrorBody = { 
/**
 * What went wrong.
 */
code: ErrorCode, 
/**
 * One plain English sentence with the next step.
 */
message: string, 
/**
 * Which field of a form, when the fault is there.
 */
field?: string, 
/**
 * When to try again, in milliseconds from now.
 */
retry_after_ms?: number, 
/**
 * How many tries are left, for a second check.
 */
tries_left?: number, };
export type CheckItem = "camera" | "microphone" | "speaker" | "network";
export type CheckCode = "insecure_context" | "in_app_browser" | "permission_dismissed" | "permission_blocked_site" | "permission_blocked_os" | "blocked_by_embed" | "no_camera" | "no_microphone" | "in_use" | "hardware" | "overconstrained" | "prompt_timeout" | "silent_microphone" | "black_video" | "speaker_failed" | "no_webrtc" | "network_poor" | "udp_blocked" | "media_blocked";
export type CheckOutcome = { 
/**
 * What was looked at.
 */
item: CheckItem, 
/**
 * Whether it works.
 */
ok: boolean, 
/**
 * Why not, when it does not.
 */
code: CheckCode | null, };
export type CheckReport = { 
/**
 * At most one outcome per item.
 */
outcomes: Array<CheckOutcome>, 
/**
 * Round trip to the server in milliseconds, if measured.
 */
rtt_ms: number | null, };
export type DirectSignal = { "kind": "offer", 
/**
 * The SDP.
 */
sdp: string, } | { "kind": "answer", 
/**
 * The SDP.
 */
sdp: string, } | { "kind": "candidate", 
/**
 * The candidate as the browser made it (RFC 8839 §5.1).
 */
candidate: string, 
/**
 * The `a=mid` of the m-line it belongs to.
 */
mid: string, };
export type TileView = { 
/**
 * Whose.
 */
seat: string, 
/**
 * Camera or screen.
 */
source: Source, 
/**
 * Width on the glass in device pixels; 0 when not visible.
 */
width_px: number, 
/**
 * Height on the glass in device pixels; 0 when not visible.
 */
height_px: number, 
/**
 * Pinned or otherwise most important to this viewer.
 */
pinned: boolean, };
export type CandidateKind = "host" | "srflx" | "prflx" | "relay";
export type PathProtocol = "udp" | "tcp" | "tls";
export type SourceState = "live" | "muted" | "absent";
export type LimitedBy = "none" | "bandwidth" | "cpu" | "other";
export type SoundCodec = "opus_fec" | "opus" | "g711" | "unknown";
export type PictureCodec = "vp8" | "h264" | "unknown";
export type RawLink = { 
/**
 * Round trip of the chosen candidate pair, ms.
 */
rtt_ms?: number, 
/**
 * What the browser believes it can send, bit/s (`availableOutgoingBitrate`).
 */
available_outgoing_bps?: number, 
/**
 * Kind of the local candidate of the chosen pair.
 */
candidate?: CandidateKind, 
/**
 * Its protocol.
 */
protocol?: PathProtocol, 
/**
 * Protocol to the relay, for a relayed candidate.
 */
relay_protocol?: PathProtocol, 
/**
 * The other end is a browser, not the forwarding unit.
 */
peer_to_peer: boolean, };
export type RawSendAudio = { 
/**
 * How the microphone stands.
 */
source: SourceState, 
/**
 * Packets sent.
 */
packets_sent?: number, 
/**
 * Of these lost, by the other side's receiver reports (`remote-inbound-rtp`).
 */
remote_packets_lost?: number, 
/**
 * Jitter at the other side by its receiver reports, ms.
 */
remote_jitter_ms?: number, };
export type RawSendVideo = { 
/**
 * How the camera stands.
 */
source: SourceState, 
/**
 * Frames that the camera gave (`media-source`).
 */
frames_captured?: number, 
/**
 * Frames encoded in the layer that had the most.
 */
frames_encoded?: number, 
/**
 * Time spent encoding, ms, the sum of all layers.
 */
encode_ms?: number, 
/**
 * What holds the picture back.
 */
limited_by?: LimitedBy, 
/**
 * The page leaves it out so that the sound stays good, since the path out is too narrow for both.
 */
rests?: boolean, 
/**
 * Width of the largest layer sent, pixels.
 */
width_px?: number, 
/**
 * Height of the largest layer sent, pixels.
 */
height_px?: number, };
export type RawReceiveAudio = { 
/**
 * What carries it.
 */
codec: SoundCodec, 
/**
 * Packets that arrived.
 */
packets_received?: number, 
/**
 * Packets lost.
 */
packets_lost?: number, 
/**
 * Runs of lost packets, if the transport counted them.
 */
loss_bursts?: number, 
/**
 * Jitter, ms.
 */
jitter_ms?: number, 
/**
 * Samples played.
 */
total_samples?: number, 
/**
 * Of these invented to cover a gap.
 */
concealed_samples?: number, 
/**
 * Of the invented ones silence: nothing that anybody hears (nobody spoke, or muted).
 */
silent_concealed_samples?: number, 
/**
 * Mean wait in the jitter buffer, ms.
 */
jitter_buffer_ms?: number, };
export type RawReceiveVideo = { 
/**
 * What carries it.
 */
codec?: PictureCodec, 
/**
 * Packets that arrived.
 */
packets_received?: number, 
/**
 * Packets lost and not mended.
 */
packets_lost?: number, 
/**
 * Frames decoded (`framesDecoded`); those dropped are not among them.
 */
frames_decoded?: number, 
/**
 * Frames dropped before they were decoded.
 */
frames_dropped?: number, 
/**
 * Time spent decoding, ms.
 */
decode_ms?: number, 
/**
 * Freezes that ended.
 */
freeze_count?: number, 
/**
 * Their time together, ms.
 */
freeze_ms?: number, 
/**
 * Width of the picture that arrives, pixels.
 */
width_px?: number, 
/**
 * Height of it.
 */
height_px?: number, 
/**
 * Width of the tile on the glass, device pixels; 0 when not visible.
 */
wanted_width_px?: number, 
/**
 * Height of it.
 */
wanted_height_px?: number, };
export type HeardFrom = { 
/**
 * Whom.
 */
seat: string, 
/**
 * Their microphone.
 */
mic?: RawReceiveAudio, 
/**
 * Their camera. A shared screen is not judged: it may well stand still.
 */
camera?: RawReceiveVideo, };
export type QualityReport = { 
/**
 * Length of the interval in milliseconds, 1,000–30,000.
 */
interval_ms: number, 
/**
 * The transport.
 */
link: RawLink, 
/**
 * The own microphone.
 */
mic?: RawSendAudio, 
/**
 * The own camera.
 */
camera?: RawSendVideo, 
/**
 * Everybody else, as they were heard and seen.
 */
from: Array<HeardFrom>, };
export type EndAs = "done" | "no_show" | "failed";
export type ClientMessage = { "type": "hello", 
/**
 * [`crate::PROTOCOL_VERSION`] of the page.
 */
protocol: number, 
/**
 * The join token.
 */
token: string, 
/**
 * The transport that the page still has, to be kept if the server still has it too.
 */
transport?: number, 
/**
 * Last chat line that the page has; later ones follow.
 */
chat_after?: number, } | { "type": "ping", 
/**
 * Any number.
 */
n: number, } | { "type": "check", 
/**
 * What came out.
 */
report: CheckReport, } | { "type": "recheck", } | { "type": "consent", 
/**
 * To what.
 */
purpose: Purpose, 
/**
 * The answer.
 */
decision: ConsentDecision, 
/**
 * Version of the text on the screen.
 */
text_version: string, 
/**
 * Language of the text on the screen.
 */
locale: string, } | { "type": "wait", } | { "type": "enter", } | { "type": "admit", 
/**
 * Which visit, on a board socket.
 */
visit?: string, 
/**
 * Whom.
 */
seat: string, } | { "type": "put_back", 
/**
 * Whom.
 */
seat: string, } | { "type": "remove", 
/**
 * Whom.
 */
seat: string, } | { "type": "mute_other", 
/**
 * Whose.
 */
seat: string, } | { "type": "note", 
/**
 * Which visit, on a board socket.
 */
visit?: string, 
/**
 * To whom.
 */
seat: string, 
/**
 * The page's id of the message, 1–40 characters.
 */
id: string, 
/**
 * The text.
 */
text: string, } | { "type": "end", 
/**
 * How.
 */
outcome: EndAs, } | { "type": "answer", 
/**
 * Generation of the offer that this answers.
 */
generation: number, 
/**
 * The SDP.
 */
sdp: string, } | { "type": "restart_ice", } | { "type": "new_transport", } | { "type": "sending", 
/**
 * Microphone on.
 */
mic: boolean, 
/**
 * Camera on.
 */
camera: boolean, } | { "type": "share", 
/**
 * Start or stop.
 */
on: boolean, } | { "type": "pictures", 
/**
 * All, small or none.
 */
pictures: Pictures, } | { "type": "view", 
/**
 * One entry per remote picture.
 */
tiles: Array<TileView>, } | { "type": "quality", 
/**
 * The figures.
 */
report: QualityReport, } | { "type": "direct_signal", 
/**
 * Which attempt.
 */
attempt: number, 
/**
 * What.
 */
signal: DirectSignal, } | { "type": "direct_up", 
/**
 * Which attempt.
 */
attempt: number, } | { "type": "direct_down", 
/**
 * Which attempt.
 */
attempt: number, } | { "type": "chat", 
/**
 * The page's id of the message, 1–40 characters.
 */
id: string, 
/**
 * The text.
 */
text: string, } | { "type": "chat_read", 
/**
 * The last line seen.
 */
seq: number, } | { "type": "leave", } | { "type": "rate", 
/**
 * 1 bad … 5 good.
 */
stars: number, };
export type YouBecause = "admitted" | "put_back" | "hold_expired" | "consent_withdrawn";
export type ConsentNow = { 
/**
 * To what.
 */
purpose: Purpose, 
/**
 * The answer.
 */
decision: ConsentDecision, 
/**
 * Version of the text.
 */
text_version: string, };
export type ConsentAsk = { 
/**
 * To what.
 */
purpose: Purpose, 
/**
 * Version of the text in force. The page has the text in each language under this name.
 */
text_version: string, 
/**
 * Without it one cannot wait.
 */
required: boolean, };
export type WaitingNote = { 
/**
 * Place in the visit's messages.
 */
seq: number, 
/**
 * The text.
 */
text: string, 
/**
 * When.
 */
at: Timestamp, };
export type Person = { 
/**
 * The seat.
 */
seat: string, 
/**
 * The name as the clinic wrote it.
 */
name: string, 
/**
 * What they are here.
 */
role: Role, 
/**
 * Admitted, in call or away.
 */
state: SeatState, 
/**
 * Microphone on, as the server enforces it.
 */
mic: boolean, 
/**
 * Camera on, as the server enforces it.
 */
camera: boolean, 
/**
 * Sharing a screen.
 */
screen: boolean, 
/**
 * Which pictures they take part with, by their own choice.
 */
pictures: Pictures, 
/**
 * The path to them is so narrow that the server sends them sound and leaves out pictures.
 */
narrow: boolean, 
/**
 * The path from them is so narrow that their page sends sound and leaves out the camera.
 */
camera_rests: boolean, };
export type Direction = "send" | "receive";
export type TrackLine = { 
/**
 * The `a=mid` of the m-line.
 */
mid: string, 
/**
 * Whose media. One's own on a `send` line.
 */
seat: string, 
/**
 * Which.
 */
source: Source, 
/**
 * Which way.
 */
direction: Direction, };
export type IceServer = { 
/**
 * Its addresses (RFC 7065).
 */
urls: Array<string>, 
/**
 * User name.
 */
username?: string, 
/**
 * Password.
 */
credential?: string, };
export type ChatLine = { 
/**
 * Place in the visit's chat.
 */
seq: number, 
/**
 * Who wrote it.
 */
seat: string, 
/**
 * The writer's name then.
 */
name: string, 
/**
 * The page's own id, so that the writer finds their message again.
 */
id: string, 
/**
 * The text. Shown as text, links inert.
 */
text: string, 
/**
 * When.
 */
at: Timestamp, };
export type QualityLevel = "good" | "fair" | "poor" | "lost";
export type LinkQuality = { 
/**
 * Whose.
 */
seat: string, 
/**
 * In one word.
 */
level: QualityLevel, 
/**
 * Loss on the way to the server, 0–100.
 */
uplink_loss_pct: number, 
/**
 * Loss on the way from the server, 0–100.
 */
downlink_loss_pct: number, 
/**
 * Round trip in milliseconds.
 */
rtt_ms: number, 
/**
 * Estimate of what the person can receive, in bit/s; 0 when unknown.
 */
downlink_bps: number, };
export type QualityCode = "measuring" | "good" | "unsteady" | "mic_absent" | "mic_muted" | "camera_absent" | "camera_slow" | "sender_cpu" | "uplink_silent" | "uplink_loss" | "uplink_jitter" | "uplink_rate" | "uplink_delay" | "server_lag" | "downlink_silent" | "downlink_loss" | "downlink_jitter" | "downlink_rate" | "downlink_delay" | "receiver_cpu" | "receiver_playout";
export type QualitySubject = "nobody" | "sender" | "server" | "receiver";
export type QualityFigure = { "unit": "percent", "value": number } | { "unit": "ms", "value": number } | { "unit": "kbps", "value": number } | { "unit": "fps", "value": number };
export type DirectionQuality = { 
/**
 * Who is heard and seen.
 */
from: string, 
/**
 * By whom.
 */
to: string, 
/**
 * What is to be said.
 */
code: QualityCode, 
/**
 * About whom.
 */
subject: QualitySubject, 
/**
 * With which figure, if it was measured.
 */
figure?: QualityFigure, 
/**
 * The conversation suffers; otherwise it is noticed now and then.
 */
severe: boolean, };
export type BoardSeat = { 
/**
 * Which seat.
 */
seat: string, 
/**
 * Who.
 */
name: string, 
/**
 * What they are here.
 */
role: Role, 
/**
 * Where they stand.
 */
state: SeatState, 
/**
 * Whether their page is connected right now.
 */
online: boolean, 
/**
 * In the waiting room since.
 */
waiting_since?: Timestamp, 
/**
 * Result of the device check.
 */
check?: CheckReport, 
/**
 * The link was opened on a second device: worth a look.
 */
second_device: boolean, 
/**
 * Notes that were sent to them while waiting.
 */
notes: number, };
export type BoardVisit = { 
/**
 * Which.
 */
visit: string, 
/**
 * Whose.
 */
host_name: string, 
/**
 * Whether it is the reader's own visit.
 */
mine: boolean, 
/**
 * A colleague invited the reader into it, and the reader has not entered it yet.
 */
invited: boolean, 
/**
 * Where it stands.
 */
state: VisitState, 
/**
 * Booked for.
 */
scheduled_at: Timestamp, 
/**
 * Planned length in minutes.
 */
duration_min: number, 
/**
 * Since when in progress.
 */
started_at?: Timestamp, 
/**
 * Over since.
 */
ended_at?: Timestamp, 
/**
 * Everybody invited.
 */
seats: Array<BoardSeat>, 
/**
 * The clinic's own short note about the visit.
 */
note: string, 
/**
 * What the reader may do with this visit.
 */
may: Array<Action>, 
/**
 * Only whoever's visit it is and those invited see who it is with.
 */
restricted: boolean, 
/**
 * The reader is not let in: names and note are left out. Emergency access opens it.
 */
hidden: boolean, 
/**
 * The reader is let in by emergency access until then.
 */
emergency_until?: Timestamp, };
export type EndReason = "done" | "you_left" | "no_show" | "failed";
export type ServerMessage = { "type": "welcome", 
/**
 * Own seat.
 */
seat: string, 
/**
 * Which visit.
 */
visit: string, 
/**
 * Own role.
 */
role: Role, 
/**
 * Own name, as the clinic wrote it.
 */
name: string, 
/**
 * Where one stands.
 */
state: SeatState, 
/**
 * Where the visit stands.
 */
visit_state: VisitState, 
/**
 * The clinician's name, which the link told already.
 */
host_name: string, 
/**
 * When the visit was booked for.
 */
scheduled_at: Timestamp, 
/**
 * Consents that hold now.
 */
consents: Array<ConsentNow>, 
/**
 * Purposes that this visit asks consent for, and the text version in force.
 */
asks: Array<ConsentAsk>, 
/**
 * Server time, for clocks that are off.
 */
now: Timestamp, 
/**
 * The transport that lives on after a resume; none when media starts anew.
 */
transport?: number, 
/**
 * What one may do, given role (buttons follow it; the server checks again).
 */
may: Array<Action>, } | { "type": "you", 
/**
 * Where one stands.
 */
state: SeatState, 
/**
 * Why, when the clinic or the server did it.
 */
because?: YouBecause, } | { "type": "waiting", 
/**
 * People of this clinician who are before you.
 */
ahead: number, 
/**
 * Whether the clinician is in another visit just now.
 */
host_busy: boolean, 
/**
 * Whether the clinician is signed in and looking at the waiting room.
 */
host_here: boolean, 
/**
 * Since when you wait.
 */
since: Timestamp, } | { "type": "note", 
/**
 * The note.
 */
note: WaitingNote, } | { "type": "room", 
/**
 * Counts up; a lower number than seen is stale.
 */
revision: number, 
/**
 * Everybody inside, oneself included.
 */
people: Array<Person>, 
/**
 * Others who wait for this visit (only to those who may see the waiting room).
 */
waiting: Array<BoardSeat>, 
/**
 * Where the visit stands.
 */
visit_state: VisitState, 
/**
 * Since when it has been in progress.
 */
started_at?: Timestamp, } | { "type": "offer", 
/**
 * The transport it is for. A new number means a new RTCPeerConnection.
 */
transport: number, 
/**
 * Counts up per transport; the answer repeats it.
 */
generation: number, 
/**
 * The SDP.
 */
sdp: string, 
/**
 * What each m-line carries.
 */
tracks: Array<TrackLine>, 
/**
 * Relays that the page may use beside the direct path. They take the place of those that an
 * earlier offer named.
 */
ice_servers?: Array<IceServer>, } | { "type": "media_up", 
/**
 * The transport.
 */
transport: number, } | { "type": "speaking", 
/**
 * The person, or nobody.
 */
seat?: string, } | { "type": "video_paused", 
/**
 * Whose.
 */
seat: string, 
/**
 * Which picture.
 */
source: Source, 
/**
 * Paused or going on.
 */
paused: boolean, } | { "type": "muted_by_clinic", } | { "type": "direct_open", 
/**
 * Counts up; everything about this try repeats it.
 */
attempt: number, 
/**
 * The other person.
 */
seat: string, 
/**
 * Whether one makes the offer; otherwise one waits for it.
 */
offers: boolean, 
/**
 * Only over the relay, so that nobody sees an address.
 */
relay_only: boolean, } | { "type": "direct_signal", 
/**
 * Which attempt.
 */
attempt: number, 
/**
 * What.
 */
signal: DirectSignal, } | { "type": "direct_on", 
/**
 * Which attempt.
 */
attempt: number, } | { "type": "direct_close", 
/**
 * Which attempt.
 */
attempt: number, 
/**
 * Nothing may flow directly any more. Otherwise only when pictures come through the server.
 */
at_once: boolean, } | { "type": "chat", 
/**
 * The lines.
 */
lines: Array<ChatLine>, } | { "type": "quality", 
/**
 * One entry per person inside.
 */
links: Array<LinkQuality>, 
/**
 * Who hears whom and what stands in the way, the gravest first. A direction that nobody has
 * measured yet is not there.
 */
directions: Array<DirectionQuality>, } | { "type": "board", 
/**
 * All visits of the day and everything still open.
 */
visits: Array<BoardVisit>, 
/**
 * Server time.
 */
now: Timestamp, } | { "type": "board_visit", 
/**
 * The visit as it is now.
 */
visit: BoardVisit, } | { "type": "board_gone", 
/**
 * Which.
 */
visit: string, } | { "type": "pong", 
/**
 * The same number.
 */
n: number, } | { "type": "taken_over", } | { "type": "removed", } | { "type": "ended", 
/**
 * How.
 */
reason: EndReason, } | { "type": "closing", } | { "type": "error", 
/**
 * What and what next.
 */
error: ErrorBody, 
/**
 * The page's own id of the message that was refused, if it had one.
 */
reply_to?: string, };
export type Clinic = { 
/**
 * The clinic's name.
 */
clinic: string, 
/**
 * Its help line, or empty.
 */
help_phone: string, };
export type LinkRequest = { 
/**
 * The secret from the URL fragment.
 */
secret: string, 
/**
 * The answer to the second check (`YYYY-MM-DD`), when asked.
 */
birth_date?: string, };
export type LinkLook = { 
/**
 * The clinic's name.
 */
clinic: string, 
/**
 * With whom the visit is.
 */
host_name: string, 
/**
 * When it is booked for.
 */
scheduled_at: Timestamp, 
/**
 * Whether the second check comes next.
 */
second_check: boolean, 
/**
 * Whether another device holds this seat now; opening takes over.
 */
elsewhere: boolean, 
/**
 * The role that the link invites to.
 */
role: Role, };
export type LinkOpened = { 
/**
 * The seat that this device now holds.
 */
seat: string, 
/**
 * Its visit.
 */
visit: string, };
export type MySeats = { 
/**
 * The seats, newest first.
 */
seats: Array<LinkOpened>, };
export type TokenRequest = { 
/**
 * Which visit.
 */
visit: string, 
/**
 * Which seat, for guests.
 */
seat?: string, };
export type Token = { 
/**
 * Works once, for 60 s.
 */
token: string, };
export type SignIn = { 
/**
 * E-mail.
 */
email: string, 
/**
 * Password.
 */
password: string, };
export type SignInCode = { 
/**
 * Six digits, or a recovery code.
 */
code: string, };
export type SignInLink = { 
/**
 * The secret from the URL fragment.
 */
secret: string, 
/**
 * The new password, when the link is an invitation or a reset.
 */
password?: string, };
export type SignInNext = "code" | "enrol" | "password" | "done";
export type SecondFactor = "app" | "passkey";
export type SignInStep = { 
/**
 * What comes next.
 */
next: SignInNext, 
/**
 * With `code`: what this person can show.
 */
factors: Array<SecondFactor>, };
export type MfaStart = { 
/**
 * QR code of the `otpauth:` address as an SVG document.
 */
qr_svg: string, 
/**
 * The secret in base 32, for typing.
 */
secret: string, };
export type MfaFinish = { 
/**
 * Six digits.
 */
code: string, };
export type MfaDone = { 
/**
 * Ten single-use recovery codes.
 */
recovery_codes: Array<string>, };
export type Sso = { 
/**
 * What the button says.
 */
label: string, 
/**
 * Where one signs out of the provider itself.
 */
sign_out?: string, };
export type SignInWays = { 
/**
 * Passkeys work at this address.
 */
passkeys: boolean, 
/**
 * The clinic's identity provider, if there is one.
 */
sso?: Sso, };
export type SsoWay = { 
/**
 * Where the page goes.
 */
url: string, };
export type SsoBack = { 
/**
 * `state`.
 */
state: string, 
/**
 * `code`; absent when the provider said no.
 */
code?: string, 
/**
 * `iss`, if the provider names itself (RFC 9207).
 */
iss?: string, };
export type PasskeyStart = { 
/**
 * The passkey stands for everything; otherwise it follows the password.
 */
alone: boolean, };
export type PasskeyRequest = { 
/**
 * Good once, for five minutes.
 */
challenge: string, 
/**
 * The domain that keys are bound to.
 */
rp_id: string, 
/**
 * Ids of the keys that may answer; any when empty.
 */
allow: Array<string>, 
/**
 * The authenticator must verify its owner.
 */
must_verify: boolean, };
export type PasskeyUse = { 
/**
 * `rawId`.
 */
credential: string, 
/**
 * `clientDataJSON`.
 */
client_data: string, 
/**
 * `authenticatorData`.
 */
authenticator_data: string, 
/**
 * `signature`.
 */
signature: string, 
/**
 * `userHandle`.
 */
user_handle?: string, };
export type PasskeyCreation = { 
/**
 * Good once, for five minutes.
 */
challenge: string, 
/**
 * The domain that keys are bound to.
 */
rp_id: string, 
/**
 * The clinic's name.
 */
rp_name: string, 
/**
 * What the authenticator knows the person by.
 */
user_handle: string, 
/**
 * E-mail address, for the authenticator to show.
 */
email: string, 
/**
 * Name, for the authenticator to show.
 */
name: string, 
/**
 * COSE algorithms, the best first.
 */
algorithms: number[], 
/**
 * Ids of the keys that the person has already.
 */
exclude: Array<string>, };
export type PasskeyNew = { 
/**
 * What the person calls it.
 */
name: string, 
/**
 * `clientDataJSON`.
 */
client_data: string, 
/**
 * `attestationObject`.
 */
attestation: string, };
export type Passkey = { 
/**
 * Its id, for removing it.
 */
passkey: string, 
/**
 * What its owner calls it.
 */
name: string, 
/**
 * When it was added.
 */
created_at: Timestamp, 
/**
 * When it was last used.
 */
last_used_at?: Timestamp, };
export type Passkeys = { 
/**
 * The own passkeys, oldest first.
 */
passkeys: Array<Passkey>, 
/**
 * Whether an authenticator app is set up.
 */
app: boolean, 
/**
 * Whether passkeys work at this address.
 */
possible: boolean, 
/**
 * The most that one may have.
 */
most: number, };
export type PasskeyRemove = { 
/**
 * Which.
 */
passkey: string, };
export type ReviewsToDo = { 
/**
 * All of them.
 */
open: number, 
/**
 * Those that wait longer than they may.
 */
overdue: number, };
export type Me = { 
/**
 * Own name.
 */
name: string, 
/**
 * Own e-mail.
 */
email: string, 
/**
 * The clinic's name.
 */
clinic: string, 
/**
 * `admin`, `officer`, `clinician` or `staff`.
 */
role: string, 
/**
 * Whether invitations can be e-mailed.
 */
mail: boolean, 
/**
 * Whether a synthetic patient can be invited (demo).
 */
demo_guest: boolean, 
/**
 * Recovery codes left.
 */
recovery_codes_left: number, 
/**
 * Live sign-ins of this person, this one included.
 */
sessions: number, 
/**
 * What waits for a review; absent for who reviews nothing.
 */
reviews?: ReviewsToDo, };
export type Clinician = { 
/**
 * Who.
 */
id: string, 
/**
 * The name as the clinic wrote it.
 */
name: string, };
export type Clinicians = { 
/**
 * Sorted by name. The caller is among them if a visit can be theirs.
 */
clinicians: Array<Clinician>, };
export type CreateVisit = { 
/**
 * The clinician whose visit it is, one of `GET /api/clinicians`. Absent: the caller, who has to
 * be one; reception names somebody.
 */
host?: string, 
/**
 * The patient's name.
 */
patient_name: string, 
/**
 * Where to send the invitation; empty to copy the link instead.
 */
patient_email: string, 
/**
 * Date of birth (`YYYY-MM-DD`) for the second check; empty for none.
 */
patient_birth_date: string, 
/**
 * When; now if absent.
 */
scheduled_at?: Timestamp, 
/**
 * Planned length in minutes, [`crate::limits::MIN_VISIT_MIN`] to
 * [`crate::limits::MAX_VISIT_MIN`].
 */
duration_min: number, 
/**
 * A short note for the clinic.
 */
note: string, 
/**
 * Ask consent to recording as well.
 */
ask_recording: boolean, 
/**
 * Ask consent to captions as well.
 */
ask_captions: boolean, 
/**
 * Only whoever's visit it is and those invited into it see who it is with.
 */
restricted: boolean, 
/**
 * Language of the invitation (`en`, `es`).
 */
locale: string, 
/**
 * The browser's offset from UTC in minutes, so that the mail shows the local time.
 */
utc_offset_min: number, };
export type VisitCreated = { 
/**
 * The visit as the board shows it.
 */
visit: BoardVisit, 
/**
 * The patient's invitation.
 */
invitation: Invitation, };
export type Invite = { 
/**
 * A fresh link for this seat; the old link dies. Otherwise a new seat is made.
 */
seat?: string, 
/**
 * Role of the new person: `family` or `interpreter` (or `patient` with `seat`).
 */
role: Role, 
/**
 * Their name.
 */
name: string, 
/**
 * Where to send it; empty to copy.
 */
email: string, 
/**
 * Language of the invitation.
 */
locale: string, 
/**
 * The browser's offset from UTC in minutes.
 */
utc_offset_min: number, };
export type InviteColleague = { 
/**
 * Whom, one of `GET /api/clinicians`, and not the one whose visit it is.
 */
user: string, };
export type Invitation = { 
/**
 * The seat invited.
 */
seat: string, 
/**
 * The whole address, secret in the fragment. Shown once.
 */
url: string, 
/**
 * QR code of it as an SVG document.
 */
qr_svg: string, 
/**
 * A ready text to paste into a message.
 */
text: string, 
/**
 * The invitation as an iCalendar file.
 */
ics: string, 
/**
 * Whether it was e-mailed.
 */
mailed: boolean, };
export type SetOutcome = { 
/**
 * How.
 */
outcome: EndAs, };
export type RateRequest = { 
/**
 * Which visit.
 */
visit: string, 
/**
 * Which seat.
 */
seat: string, 
/**
 * 1 bad … 5 good.
 */
stars: number, };
export type Culprit = "none" | "sender_device" | "sender_uplink" | "server" | "receiver_downlink" | "receiver_device";
export type CulpritTime = { 
/**
 * Who or what.
 */
culprit: Culprit, 
/**
 * How long, seconds.
 */
seconds: number, };
export type PathKind = "p2p" | "sfu" | "sfu_tcp" | "turn_udp" | "turn_tcp" | "turn_tls" | "unknown";
export type PathTime = { 
/**
 * Which.
 */
path: PathKind, 
/**
 * How long, seconds.
 */
seconds: number, };
export type QualityPoint = [number, number, number, number, number, number, number, number, number];
export type LinkPoint = [number, number, number, number, number];
export type Mos = number;
export type QualitySummary = { 
/**
 * Time for which there are measurements, seconds.
 */
measured_s: number, 
/**
 * Time in which the sound scored below [`crate::POOR_MOS`], seconds.
 */
poor_s: number, 
/**
 * Half of the time the sound was at least this good.
 */
audio_median: Mos | null, 
/**
 * For 95 % of the time it was at least this good.
 */
audio_p95: Mos | null, 
/**
 * The worst measurement.
 */
audio_worst: Mos | null, 
/**
 * Half of the time the picture was at least this good.
 */
video_median: Mos | null, 
/**
 * For 95 % of the time it was at least this good.
 */
video_p95: Mos | null, 
/**
 * The worst measurement.
 */
video_worst: Mos | null, 
/**
 * Who or what was to blame for the longest time; none if nobody ever was.
 */
main_culprit: Culprit, 
/**
 * How long who or what was to blame.
 */
culprits: Array<CulpritTime>, 
/**
 * What carried the sound last.
 */
codec: SoundCodec, 
/**
 * What carried the picture last; not known in version 1.
 */
picture_codec: PictureCodec, };
export type QualityTrack = { 
/**
 * Whose sound and picture.
 */
from: number, 
/**
 * Who heard and saw it.
 */
to: number, 
/**
 * The whole in a few numbers.
 */
summary: QualitySummary, 
/**
 * Length of the stretch of each point, seconds.
 */
stretch_s: number, 
/**
 * The line, in order of time.
 */
points: Array<QualityPoint>, };
export type SeatPaths = { 
/**
 * Whose.
 */
seat: number, 
/**
 * Each kind that was used.
 */
paths: Array<PathTime>, 
/**
 * Length of the stretch of each point, seconds.
 */
stretch_s: number, 
/**
 * The line, in order of time.
 */
points: Array<LinkPoint>, };
export type QualityRecord = { 
/**
 * [`VERSION`].
 */
v: number, 
/**
 * One per direction in which somebody was heard or seen.
 */
tracks: Array<QualityTrack>, 
/**
 * One per person.
 */
seats: Array<SeatPaths>, 
/**
 * Figures of browsers that could not be and were left out.
 */
ignored: number, };
export type QualityPerson = { 
/**
 * Their seat.
 */
seat: string, 
/**
 * Their name, as the clinic wrote it.
 */
name: string, 
/**
 * What they were here.
 */
role: Role, };
export type QualityStretch = { 
/**
 * When the first measurement came in; second 0 of every line.
 */
began_at: Timestamp, 
/**
 * The seat behind each number of the record.
 */
seats: Array<string>, 
/**
 * The figures.
 */
record: QualityRecord, };
export type VisitQuality = { 
/**
 * Everybody who was ever invited, by seat.
 */
people: Array<QualityPerson>, 
/**
 * The stretches, oldest first.
 */
stretches: Array<QualityStretch>, };
export type ProbeRequest = { 
/**
 * The key in the link of `bedside doctor --browser`. Without it a seat's device or a session of
 * staff is needed.
 */
key?: string, 
/**
 * Which of the media ports; without it the one of the device's own visit, or any.
 */
port?: number, };
export type ProbeOffer = { 
/**
 * Names the trial in `net/probe/answer`.
 */
probe: string, 
/**
 * The offer (RFC 8866): one data channel, candidates for UDP and for TCP (RFC 6544).
 */
sdp: string, 
/**
 * Every port of audio and video, UDP and TCP.
 */
ports: Array<number>, 
/**
 * Whether anybody reached the server over UDP since it started, from another machine.
 */
udp_seen: boolean, 
/**
 * Whether anybody reached the media ports over TCP since it started, from another machine.
 */
tcp_seen: boolean, 
/**
 * The trial ends by itself after this long, in milliseconds.
 */
lives_ms: number, 
/**
 * Relays that may be tried, with a right that ends with the trial.
 */
ice_servers?: Array<IceServer>, };
export type ProbeAnswer = { 
/**
 * Which trial.
 */
probe: string, 
/**
 * The answer to its offer (RFC 8866).
 */
sdp: string, };
export type StaffRole = "admin" | "officer" | "clinician" | "staff";
export type StaffPerson = { 
/**
 * Which.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * The address to sign in with.
 */
email: string, 
/**
 * What it may do.
 */
role: StaffRole, 
/**
 * It may be used.
 */
active: boolean, 
/**
 * Its owner has never come: there is nothing yet to sign in with.
 */
invited: boolean, 
/**
 * Its owner has a second factor here.
 */
has_second_factor: boolean, 
/**
 * Its owner has signed in by the clinic's own identity provider.
 */
by_provider: boolean, 
/**
 * Made at.
 */
created_at: Timestamp, 
/**
 * Live sessions.
 */
sessions: number, 
/**
 * It is the reader's own.
 */
me: boolean, };
export type People = { 
/**
 * The accounts.
 */
people: Array<StaffPerson>, 
/**
 * Whether the reader may change them.
 */
may_change: boolean, };
export type AddPerson = { 
/**
 * Name.
 */
name: string, 
/**
 * The address to sign in with.
 */
email: string, 
/**
 * What it may do.
 */
role: StaffRole, };
export type ChangePerson = { "action": "disable", } | { "action": "enable", } | { "action": "new_password", } | { "action": "reset_second_factor", } | { "action": "role", 
/**
 * Which.
 */
role: StaffRole, };
export type PersonLink = { 
/**
 * The whole address, secret in the fragment.
 */
url: string, 
/**
 * Whether it was e-mailed to them.
 */
mailed: boolean, 
/**
 * Until when it works.
 */
expires_at: Timestamp, };
export type PersonChanged = { 
/**
 * The account as it is now.
 */
person: StaffPerson, 
/**
 * A one-time link for its owner, shown once.
 */
link?: PersonLink, };
export type EmergencyRequest = { 
/**
 * Why, in the person's own words; [`crate::limits::MIN_REASON_CHARS`] to
 * [`crate::limits::MAX_NOTE_CHARS`] characters.
 */
reason: string, };
export type EmergencyOpened = { 
/**
 * Until when.
 */
ends_at: Timestamp, 
/**
 * The visit as the board now shows it.
 */
visit: BoardVisit, };
export type EmergencyReview = { 
/**
 * By whom.
 */
by: string, 
/**
 * When.
 */
at: Timestamp, 
/**
 * Whether there was reason enough.
 */
justified: boolean, 
/**
 * What else the reviewer wrote.
 */
note: string, };
export type Emergency = { 
/**
 * Which, for `review`.
 */
id: string, 
/**
 * Who opened it.
 */
person: string, 
/**
 * It was the reader, who therefore cannot review it.
 */
mine: boolean, 
/**
 * Which visit.
 */
visit: string, 
/**
 * Whose visit it is.
 */
host_name: string, 
/**
 * When the visit was booked for.
 */
scheduled_at: Timestamp, 
/**
 * Why, in the person's own words.
 */
reason: string, 
/**
 * From when.
 */
began_at: Timestamp, 
/**
 * To when.
 */
ends_at: Timestamp, 
/**
 * What the review found, if there was one.
 */
review?: EmergencyReview, 
/**
 * Not reviewed within [`crate::limits::REVIEW_WITHIN_H`] hours.
 */
overdue: boolean, };
export type Emergencies = { 
/**
 * The openings.
 */
emergencies: Array<Emergency>, 
/**
 * How many are not reviewed.
 */
unreviewed: number, };
export type ReviewRequest = { 
/**
 * Whether there was reason enough.
 */
justified: boolean, 
/**
 * What else there is to say; may be empty if it was justified.
 */
note: string, };
export type KeptKind = "chat" | "note" | "quality" | "visit";
export type KeptRule = { 
/**
 * Which kind.
 */
kind: KeptKind, 
/**
 * Days after the end of the visit; absent: for ever.
 */
days?: number, };
export type Hold = { 
/**
 * Whose data.
 */
patient: string, 
/**
 * Their name.
 */
name: string, 
/**
 * Why.
 */
reason: string, 
/**
 * Since when.
 */
placed_at: Timestamp, 
/**
 * By whom.
 */
placed_by: string, };
export type Retention = { 
/**
 * One rule per kind.
 */
rules: Array<KeptRule>, 
/**
 * Legal holds that are in force, newest first.
 */
holds: Array<Hold>, 
/**
 * When data was last looked through.
 */
swept_at?: Timestamp, };
export type SetRetention = { 
/**
 * The rules that change.
 */
rules: Array<KeptRule>, };
export type FindPatient = { 
/**
 * Part of the name.
 */
name: string, 
/**
 * The whole address.
 */
email: string, 
/**
 * `YYYY-MM-DD`.
 */
birth_date: string, };
export type Patient = { 
/**
 * Which.
 */
id: string, 
/**
 * Name, as written at the latest visit.
 */
name: string, 
/**
 * E-mail address, or empty.
 */
email: string, 
/**
 * Date of birth (`YYYY-MM-DD`), or empty.
 */
birth_date: string, 
/**
 * How many visits are kept.
 */
visits: number, 
/**
 * When the latest was booked for.
 */
last_visit_at: Timestamp, 
/**
 * Their data must not be deleted.
 */
held: boolean, };
export type Patients = { 
/**
 * Who was found.
 */
patients: Array<Patient>, 
/**
 * There are more; ask more precisely.
 */
more: boolean, };
export type HoldRequest = { 
/**
 * Why.
 */
reason: string, };
export type EraseRequest = { 
/**
 * The patient's name typed once more, so that nobody is erased by a slip.
 */
name: string, 
/**
 * Why, for example "request of the patient of 3 May".
 */
reason: string, };
export type AuditSearch = { 
/**
 * Only what happened in this visit.
 */
visit: string | null, 
/**
 * Only what happened in visits of this patient.
 */
patient?: string, 
/**
 * Only what this account did, or what was done to it.
 */
person: string | null, 
/**
 * Only entries before this place: the answer's `next`. The newest if absent.
 */
before: number | null, };
export type AuditFormat = "jsonl" | "fhir";
export type AuditExportRequest = { 
/**
 * In which form.
 */
format: AuditFormat, 
/**
 * Only what happened in this visit.
 */
visit?: string, 
/**
 * Only what happened in visits of this patient.
 */
patient?: string, 
/**
 * Only what this account did, or what was done to it.
 */
person?: string, 
/**
 * Only what happened at this time or later.
 */
from?: Timestamp, 
/**
 * Only what happened before this time.
 */
until?: Timestamp, };
export type AuditActor = { "type": "staff", "id": string } | { "type": "seat", "id": string } | { "type": "system" } | { "type": "anonymous" };
export type AuditWords = { "state": "open", 
/**
 * The network address that it came from.
 */
from?: string, 
/**
 * With what: browser and system, as the browser said.
 */
with?: string, 
/**
 * The name of who did it, at that time.
 */
name?: string, 
/**
 * Why, in their own words.
 */
reason?: string, } | { "state": "erased" } | { "state": "altered" };
export type AuditLine = { 
/**
 * Its place in the log, counted from 0; what `bedside audit prove` takes.
 */
place: number, 
/**
 * When.
 */
at: Timestamp, 
/**
 * What happened, as a code such as `chat.read`.
 */
kind: string, 
/**
 * Who did it.
 */
actor: AuditActor, 
/**
 * In which visit.
 */
visit: string | null, 
/**
 * To which seat.
 */
seat: string | null, 
/**
 * To which account.
 */
person: string | null, 
/**
 * Why it was not done; absent when it was.
 */
refused: string | null, 
/**
 * Codes beside it.
 */
details: { [key in string]: string }, 
/**
 * What stands beside it in plain words; absent when nothing does.
 */
words?: AuditWords, };
export type AuditFound = { 
/**
 * Up to [`MAX_AUDIT_PAGE`].
 */
entries: Array<AuditLine>, 
/**
 * Where to go on; absent at the end.
 */
next: number | null, };
export type LogTroubleKind = "passing" | "shorter" | "witness_ahead" | "forked" | "other_key" | "damaged";
export type LogTrouble = { 
/**
 * What it is.
 */
kind: LogTroubleKind, 
/**
 * The code that stands in the server's own log.
 */
code: string, 
/**
 * Since when.
 */
since: Timestamp, };
export type WitnessStanding = "not_asked" | "signed" | "away" | "refused" | "ahead" | "forked";
export type WitnessState = { 
/**
 * Its name, from its key in the settings.
 */
name: string, 
/**
 * What came of asking it last.
 */
standing: WitnessStanding, 
/**
 * Entries under the checkpoint that it signed last; absent when it signed none since the start.
 */
entries?: number, 
/**
 * When it signed last; absent as above.
 */
signed_at?: Timestamp, };
export type LogState = { 
/**
 * Entries under the newest checkpoint.
 */
entries: number, 
/**
 * Entries that are kept and have no place yet. A few of them are usual.
 */
waiting: number, 
/**
 * When a checkpoint was signed last; absent when none was since the start.
 */
signed_at?: Timestamp, 
/**
 * Why nothing is signed just now; absent when all is well.
 */
trouble?: LogTrouble, 
/**
 * Everybody who vouches for the log, in the order of the settings.
 */
witnesses: Array<WitnessState>, };
export type KeyVersion = { 
/**
 * Its number; 0 stands for another provider, which data keys still have to leave.
 */
version: number, 
/**
 * Data keys that it wraps.
 */
data_keys: number, };
export type KeysState = { 
/**
 * Who keeps them: `file` or `pkcs11`, say.
 */
provider: string, 
/**
 * Whether the provider works.
 */
healthy: boolean, 
/**
 * Why not, as a code; absent when it works.
 */
trouble?: string, 
/**
 * The version that wraps new data keys.
 */
current_version: number, 
/**
 * The oldest version that still wraps a data key; 0 is another provider. Absent without data keys.
 */
oldest_in_use?: number, 
/**
 * Data keys that the newest version does not wrap yet: what is left of a rotation.
 */
to_rewrap: number, 
/**
 * Every version that there is or that wraps something, the oldest first.
 */
versions: Array<KeyVersion>, };
export type BackupDone = { 
/**
 * When it was made.
 */
made_at: Timestamp, 
/**
 * Rows in it.
 */
rows: number, 
/**
 * Bytes of its files.
 */
bytes: number, };
export type DrillDone = { 
/**
 * When it was run.
 */
made_at: Timestamp, 
/**
 * When the backup was made that it brought back.
 */
backup_made_at: Timestamp, 
/**
 * From the first byte that was read to the last value that was opened, milliseconds.
 */
took_ms: number, 
/**
 * Rows that came back.
 */
rows: number, };
export type BackupState = { 
/**
 * The newest backup; absent when none is known.
 */
newest?: BackupDone, 
/**
 * There is none, or it is older than [`MAX_BACKUP_AGE_H`].
 */
late: boolean, 
/**
 * The newest drill that went well; absent when none is known.
 */
drill?: DrillDone, 
/**
 * There is none, or it is older than [`MAX_DRILL_AGE_DAYS`].
 */
drill_late: boolean, };
export type ReportDone = { 
/**
 * When.
 */
made_at: Timestamp, 
/**
 * Controls that probes proved.
 */
proved: number, 
/**
 * Controls that somebody gave their word on.
 */
attested: number, 
/**
 * Controls that somebody said do not apply.
 */
not_applicable: number, 
/**
 * Controls with neither.
 */
open: number, };
export type Evidence = "backup" | "drill" | "report";
export type StorageState = { 
/**
 * `sqlite` or `postgres`.
 */
database: string, 
/**
 * How large the database is, bytes; absent when it does not say.
 */
database_bytes?: number, 
/**
 * Space that is left where the server keeps its files, bytes; absent when the disk does not say.
 */
free_bytes?: number, };
export type SystemState = { 
/**
 * When this was looked at.
 */
now: Timestamp, 
/**
 * Version of the program.
 */
version: string, 
/**
 * Since when it runs.
 */
started_at: Timestamp, 
/**
 * The audit log.
 */
log: LogState, 
/**
 * The key-encryption keys.
 */
keys: KeysState, 
/**
 * Backups that this server knows of, and their drills.
 */
backup: BackupState, 
/**
 * The newest compliance report; absent before the first.
 */
report?: ReportDone, 
/**
 * Records that are there but were not signed by this server: they count for nothing.
 */
not_believed: Array<Evidence>, 
/**
 * The database and the disk.
 */
storage: StorageState, };

export const PROTOCOL_VERSION = 2;
export const SILENCE_MS = 600;
export const MAX_CLIENT_MESSAGE_BYTES = 65536;
export const MAX_SDP_BYTES = 49152;
export const MAX_CHAT_CHARS = 2000;
export const MAX_NAME_CHARS = 120;
export const MAX_NOTE_CHARS = 500;
export const MIN_REASON_CHARS = 10;
export const EMERGENCY_MIN = 60;
export const REVIEW_WITHIN_H = 72;
export const MAX_BACKUP_AGE_H = 48;
export const MAX_DRILL_AGE_DAYS = 30;
export const MAX_EMAIL_BYTES = 254;
export const MIN_VISIT_MIN = 5;
export const MAX_VISIT_MIN = 240;
export const MAX_TILES = 24;
export const MIN_INTERVAL_MS = 1000;
export const MAX_INTERVAL_MS = 30000;
export const LOSS_NOTICED_PCT = 3;
export const LOSS_SEVERE_PCT = 10;
export const RTT_NOTICED_MS = 300;
export const RTT_SEVERE_MS = 600;
export const JITTER_NOTICED_MS = 30;
export const JITTER_SEVERE_MS = 80;
export const ERROR_CODES: readonly ErrorCode[] = ["bad_message", "message_too_large", "too_fast", "protocol_version", "bad_origin", "token_expired", "not_signed_in", "bad_credentials", "second_factor_needed", "enrolment_needed", "locked_out", "weak_password", "passkey_refused", "sso_refused", "sso_unknown", "sso_unreachable", "factor_needed", "last_factor", "no_such_visit", "second_check_failed", "second_check_needed", "not_allowed", "emergency_needed", "own_account", "on_hold", "wrong_state", "consent_missing", "not_a_no_show", "taken_over", "link_replaced", "visit_over", "visit_full", "server_closing", "bad_sdp", "sdp_too_large", "stale_answer", "bad_field", "not_found", "store_busy", "store_full", "mail_failed", "internal"];
export const CHECK_CODES: readonly CheckCode[] = ["insecure_context", "in_app_browser", "permission_dismissed", "permission_blocked_site", "permission_blocked_os", "blocked_by_embed", "no_camera", "no_microphone", "in_use", "hardware", "overconstrained", "prompt_timeout", "silent_microphone", "black_video", "speaker_failed", "no_webrtc", "network_poor", "udp_blocked", "media_blocked"];
