/** Every page and state of the patients' side, on typed stand-ins. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import type {
  CheckCode,
  CheckItem,
  CheckState,
  ConsentAsk,
  DeviceCheck,
  LocalDevices,
  Participant,
  VisitClient,
  WaitingInfo,
} from '@bedside/client';
import type { LinkLook } from '@bedside/client/guest';
import { CHECK_CODES } from '@bedside/client/protocol';
import type { GalleryArea } from '../../gallery/area';
import { CHAT_PANEL, createCallUi, type CallUi, type LayoutMode } from '../call';
import { devicesDouble, Held, participant, visitDouble, type VisitDoubleParts } from '../../gallery/doubles';
import { personPicture } from '../../gallery/pictures';
import { waysFound } from '../../gallery/ways';
import { callText, checkText, consentText, deviceText, helloText, waitText, waysText } from '../i18n/parts';
import { toast, toasts } from '../ui';
import { BirthDate } from './BirthDate';
import { Check } from './check/Check';
import type { Answers } from './check/flow';
import type { Clinic } from './clinic';
import type { FaultKind } from './faults';
import { FaultPage } from './FaultPage';
import { Hello } from './Hello';
import './patient.css';
import type { Ring } from './ring';
import { Unsupported } from './Unsupported';
import { Consent } from './visit/Consent';
import { Goodbye } from './visit/Goodbye';
import { PatientCall } from './visit/PatientCall';
import { Closing, Connecting, Expired, Removed, TakenOver } from './visit/Standstill';
import { Waiting } from './visit/Waiting';

const nothing = () => undefined;
const clinic: Clinic = { name: 'Harbour Street Clinic', helpPhone: '+1 555 010 2030' };
const quietClinic: Clinic = { name: 'Harbour Street Clinic', helpPhone: null };
const LINK = 'https://visit.harbour-street.example/v#Z2FsbGVyeS1nYWxsZXJ5LWdhbGxlcnktZ2FsbGVyeQ';

/** Today at a time of day, in microseconds since the Unix epoch. */
function today(hour: number, minute: number): number {
  return new Date().setHours(hour, minute, 0, 0) * 1000;
}

// --- The way in ---

const look: LinkLook = {
  clinic: 'Harbour Street Clinic',
  host_name: 'Dr. Imani Okoye',
  scheduled_at: today(10, 30),
  second_check: false,
  elsewhere: false,
  role: 'patient',
};
const hello = (over: Partial<LinkLook> = {}) => (
  <Hello clinic={clinic} look={{ ...look, ...over }} busy={false} onStart={nothing} />
);
const birth = (wrong: boolean, triesLeft: number | null, role: LinkLook['role'] = 'patient') => (
  <BirthDate clinic={clinic} role={role} wrong={wrong} triesLeft={triesLeft} busy={false} onAnswer={nothing} />
);
const fault = (kind: FaultKind) => (
  <FaultPage clinic={clinic} fault={{ kind, retryAfterMs: 240_000 }} busy={false} onRetry={nothing} />
);

// --- The check ---

const track = (of: string) => personPicture(of)?.getVideoTracks()[0] ?? null;
const patientDevices = (over: Partial<LocalDevices> = {}): LocalDevices => ({
  ...devicesDouble({ camera: { track: track('patient') } }),
  ...over,
});

const OK: CheckState = { state: 'ok', code: null };
const RUNNING: CheckState = { state: 'running', code: null };
const IDLE: CheckState = { state: 'idle', code: null };
const failed = (code: CheckCode): CheckState => ({ state: 'failed', code });

interface CheckParts {
  readonly items?: Partial<Record<CheckItem, CheckState>>;
  readonly level?: number;
  readonly promptOpen?: boolean;
  readonly devices?: LocalDevices;
}

function checkDouble({ items = {}, level = 0, promptOpen = false, devices = patientDevices() }: CheckParts): DeviceCheck {
  return {
    devices,
    camera: new Held(items.camera ?? OK),
    microphone: new Held(items.microphone ?? OK),
    speaker: new Held(items.speaker ?? IDLE),
    network: new Held(items.network ?? OK),
    level: new Held(level),
    rttMs: new Held<number | null>(40),
    downlinkBps: new Held<number | null>(8_000_000),
    ways: new Held(waysFound(items.network?.code ?? null)),
    blocker: null,
    promptOpen: new Held(promptOpen),
    start: () => Promise.resolve(),
    retry: () => Promise.resolve(),
    voiceOnly: nothing,
    chime: () => Promise.resolve(),
    heard: nothing,
    measureNetwork: () => Promise.resolve(),
    preview: (element) => {
      element.srcObject = personPicture('patient');
      return nothing;
    },
    report: () => ({ outcomes: [], rtt_ms: null }),
    dispose: nothing,
  };
}

function check(parts: CheckParts, passed: readonly CheckItem[] = [], over: Partial<Answers> = {}) {
  const answers: Answers = { started: true, passed, unseen: false, ...over };
  return <Check clinic={clinic} check={checkDouble(parts)} answers={answers} onAnswers={nothing} onDone={nothing} />;
}

const ITEM: Partial<Record<CheckCode, CheckItem>> = {
  no_microphone: 'microphone',
  silent_microphone: 'microphone',
  speaker_failed: 'speaker',
};

/** One page per code that the check can show beside the devices. */
function problem(code: CheckCode): JSX.Element {
  const item = ITEM[code] ?? 'camera';
  const passed: Record<string, CheckItem[]> = { camera: [], microphone: ['camera'], speaker: ['camera', 'microphone'] };
  const items: Partial<Record<CheckItem, CheckState>> = { [item]: failed(code) };
  if (code.startsWith('permission') || code === 'prompt_timeout') items.microphone = failed(code);
  return check({ items }, passed[item]);
}

/** Codes that stand in the summary and have no page of their own. */
const NETWORK_CODES = new Set<CheckCode>(['network_poor', 'udp_blocked', 'media_blocked']);

const problems = Object.fromEntries(
  CHECK_CODES.filter((code) => !NETWORK_CODES.has(code)).map((code) => [`problem-${code}`, () => problem(code)]),
);

// --- The visit ---

const ASKS: readonly ConsentAsk[] = [
  { purpose: 'visit', text_version: 'visit-2026-11', required: true },
  { purpose: 'recording', text_version: 'recording-2026-11', required: false },
  { purpose: 'captions', text_version: 'captions-2026-11', required: false },
];
const withPicture = (person: Participant): Participant => ({
  ...person,
  tracks: {
    mic: null,
    camera: person.camera ? track(person.seat) : null,
    screen: person.screen ? track('screen') : null,
  },
});
const patient = participant({ seat: 'patient', name: 'Rosa Alvarez', me: true });
const doctor = participant({ seat: 'doctor', name: 'Dr. Imani Okoye', role: 'host', speaking: true });
const interpreter = participant({ seat: 'ines', name: 'Inés Duarte', role: 'interpreter' });
const family = participant({ seat: 'kwame', name: 'Kwame Alvarez', role: 'family', mic: false, camera: false });
const colleague = participant({ seat: 'lena', name: 'Dr. Lena Vogt', role: 'colleague', state: 'away' });
const nurse = participant({ seat: 'joe', name: 'Joe Whitaker', role: 'staff' });

interface VisitParts extends VisitDoubleParts {
  readonly asks?: readonly ConsentAsk[];
  readonly consents?: VisitClient['consents']['value'];
  readonly waiting?: WaitingInfo;
  readonly notes?: VisitClient['notes']['value'];
  readonly endReason?: VisitClient['endReason']['value'];
  readonly micOn?: boolean;
  readonly sharing?: boolean;
  readonly canShare?: boolean;
}

function visit(parts: VisitParts = {}): VisitClient {
  const double = visitDouble({
    may: ['be_in_room', 'publish_mic', 'publish_camera', 'share_screen', 'chat'],
    devices: patientDevices(),
    attach: (element, of, source) => {
      element.srcObject = personPicture(source === 'screen' ? 'screen' : of);
      return nothing;
    },
    ...parts,
    people: (parts.people ?? []).map(withPicture),
  });
  return {
    ...double,
    asks: new Held(parts.asks ?? ASKS.slice(0, 1)),
    consents: new Held(parts.consents ?? []),
    waiting: new Held<WaitingInfo | null>(parts.waiting ?? null),
    notes: new Held(parts.notes ?? []),
    endReason: new Held(parts.endReason ?? null),
    me: {
      ...double.me,
      identity: new Held({
        seat: 'patient',
        visit: 'visit',
        role: 'patient' as const,
        name: 'Rosa Alvarez',
        hostName: 'Dr. Imani Okoye',
        scheduledAt: today(10, 30),
      }),
      mic: { ...double.me.mic, on: new Held(parts.micOn ?? true) },
      screen: { ...double.me.screen, on: new Held(parts.sharing ?? false), supported: parts.canShare ?? true },
    },
  };
}

const consent = (asks: readonly ConsentAsk[], withdrawn = false) => (
  <Consent clinic={clinic} visit={visit({ asks })} withdrawn={withdrawn} onGo={nothing} onBack={nothing} />
);

const ring: Ring = { silent: signal(false), prime: nothing, play: nothing, dispose: nothing };
const silentRing: Ring = { ...ring, silent: signal(true) };
const place = (over: Partial<WaitingInfo> = {}): WaitingInfo => ({
  ahead: 0,
  hostBusy: false,
  hostHere: true,
  since: today(10, 21),
  ...over,
});
const waiting = (parts: VisitParts, putBack = false, by: Ring = ring) => (
  <Waiting clinic={clinic} visit={visit(parts)} ring={by} putBack={putBack} />
);

interface CallParts extends VisitParts {
  readonly mode?: LayoutMode;
  readonly open?: (ui: CallUi) => void;
}

function call({ mode = 'speaker', open, ...parts }: CallParts) {
  const ui = createCallUi(mode);
  open?.(ui);
  return <PatientCall clinic={clinic} visit={visit(parts)} ui={ui} />;
}

const bye = (endReason: VisitParts['endReason'] & string) => (
  <Goodbye clinic={clinic} visit={visit({ endReason })} onBack={nothing} />
);

const chat: NonNullable<VisitDoubleParts['chat']> = [
  { seq: 1, seat: 'doctor', name: 'Dr. Imani Okoye', id: 'a', text: 'The leaflet is at https://harbour-street.example/leaflets/asthma-inhaler-how-to-use', at: today(10, 34), mine: false, state: 'sent', error: null },
  { seq: 2, seat: 'patient', name: 'Rosa Alvarez', id: 'b', text: 'Thank you. Twice a day?', at: today(10, 35), mine: true, state: 'sent', error: null },
  { seq: null, seat: 'patient', name: 'Rosa Alvarez', id: 'c', text: 'Before or after meals?', at: today(10, 36), mine: true, state: 'sending', error: null },
  { seq: null, seat: 'patient', name: 'Rosa Alvarez', id: 'd', text: 'And for how long?', at: today(10, 36), mine: true, state: 'failed', error: 'offline' },
];

const screens: GalleryArea['screens'] = {
  'hello-loading': () => <Hello clinic={clinic} look={null} busy={false} onStart={nothing} />,
  hello: () => hello(),
  'hello-elsewhere': () => hello({ elsewhere: true }),
  'hello-interpreter': () => hello({ role: 'interpreter' }),
  'hello-no-phone': () => <Hello clinic={quietClinic} look={look} busy onStart={nothing} />,
  birth: () => birth(false, null),
  'birth-wrong': () => birth(true, 3),
  'birth-guest': () => birth(false, null, 'family'),
  'fault-dead': () => fault('dead'),
  'fault-replaced': () => fault('replaced'),
  'fault-no-link': () => fault('no_link'),
  'fault-locked': () => fault('locked'),
  'fault-over': () => fault('over'),
  'fault-full': () => fault('full'),
  'fault-update': () => fault('update'),
  'fault-offline': () => fault('offline'),
  'fault-other': () => fault('other'),
  'unsupported-browser': () => <Unsupported clinic={clinic} code="no_webrtc" link={LINK} />,
  'unsupported-app': () => <Unsupported clinic={clinic} code="in_app_browser" link={LINK} />,
  'unsupported-insecure': () => <Unsupported clinic={clinic} code="insecure_context" link={LINK} />,
  'unsupported-embed': () => <Unsupported clinic={clinic} code="blocked_by_embed" link={null} />,

  'check-intro': () => check({}, [], { started: false }),
  'check-asking': () => check({ items: { camera: { state: 'asking', code: null } }, promptOpen: true }),
  'check-camera': () => check({}),
  'check-two-cameras': () =>
    check({
      devices: patientDevices({
        list: new Held({
          camera: [
            { id: 'built-in', label: 'Built-in camera' },
            { id: 'usb', label: 'USB 2.0 HD webcam (0bda:5685)' },
          ],
          mic: [],
          speaker: [],
        }),
      }),
    }),
  'check-microphone': () => check({ items: { microphone: RUNNING }, level: 0.1 }, ['camera']),
  'check-microphone-heard': () => check({ level: 0.6 }, ['camera']),
  'check-speaker': () => check({}, ['camera', 'microphone']),
  'check-speaker-played': () => check({ items: { speaker: RUNNING } }, ['camera', 'microphone']),
  'check-summary': () => check({ items: { speaker: OK } }, ['camera', 'microphone', 'speaker']),
  'check-summary-running': () =>
    check({ items: { speaker: OK, network: RUNNING } }, ['camera', 'microphone', 'speaker']),
  'check-summary-mixed': () =>
    check({ items: { camera: failed('no_camera'), speaker: OK, network: failed('network_poor') } }, [
      'camera',
      'microphone',
      'speaker',
    ]),
  'check-summary-udp-blocked': () =>
    check({ items: { speaker: OK, network: failed('udp_blocked') } }, ['camera', 'microphone', 'speaker']),
  'check-summary-media-blocked': () =>
    check({ items: { speaker: OK, network: failed('media_blocked') } }, ['camera', 'microphone', 'speaker']),
  ...problems,

  connecting: () => <Connecting clinic={clinic} />,
  consent: () => consent(ASKS),
  'consent-direct': () => consent([{ purpose: 'visit', text_version: 'visit-2026-11-direct', required: true }]),
  'consent-one': () => consent(ASKS.slice(0, 1)),
  'consent-withdrawn': () => consent(ASKS.slice(0, 1), true),
  'consent-unknown-text': () => consent([{ purpose: 'visit', text_version: 'visit-2031-01', required: true }]),
  waiting: () => waiting({ waiting: place() }),
  'waiting-queue': () => waiting({ waiting: place({ ahead: 2, hostBusy: true }) }),
  'waiting-away-note': () =>
    waiting({
      waiting: place({ ahead: 1, hostHere: false }),
      notes: [
        { seq: 1, text: 'Dr. Okoye is about ten minutes late. Please have your medicine list ready.', at: today(10, 25) },
        { seq: 2, text: 'Your microphone is very quiet: could you move closer?', at: today(10, 28) },
      ],
    }),
  'waiting-put-back': () => waiting({ waiting: place() }, true),
  'waiting-silent': () => waiting({ waiting: place() }, false, silentRing),
  'waiting-offline': () => waiting({ waiting: place(), connection: 'offline' }),
  'waiting-no-camera': () =>
    waiting({ waiting: place(), devices: devicesDouble({ camera: { state: 'failed', code: 'no_camera' } }) }),

  'call-entering': () => call({ phase: 'admitted' }),
  'call-alone': () => call({ people: [patient] }),
  call: () => call({ people: [patient, doctor] }),
  'call-muted': () => call({ people: [patient, { ...doctor, mic: false, camera: false }], micOn: false }),
  'call-away': () => call({ people: [patient, { ...doctor, state: 'away', speaking: false }] }),
  'call-paused': () => call({ people: [patient, { ...doctor, paused: { camera: true, screen: false } }] }),
  'call-other-sound-only': () => call({ people: [patient, { ...doctor, camera: false, pictures: 'none' }] }),
  'call-three': () => call({ people: [patient, doctor, interpreter], asks: ASKS }),
  'call-six': () => call({ people: [patient, doctor, interpreter, family, colleague, nurse] }),
  'call-six-gallery': () =>
    call({ people: [patient, doctor, interpreter, family, colleague, nurse], mode: 'gallery' }),
  'call-side': () => call({ people: [patient, doctor], mode: 'side' }),
  'call-screen': () => call({ people: [patient, { ...doctor, screen: true }] }),
  'call-sharing': () => call({ people: [patient, doctor], sharing: true }),
  'call-phone': () =>
    call({ people: [patient, doctor], canShare: false, devices: patientDevices({ canFlip: new Held(true) }), unread: 2 }),
  'call-chat': () => call({ people: [patient, doctor], chat, open: (ui) => (ui.panel.value = CHAT_PANEL) }),
  'call-chat-reconnecting': () =>
    call({ people: [patient, doctor], chat, connection: 'reconnecting', open: (ui) => (ui.panel.value = CHAT_PANEL) }),
  'call-chat-empty': () => call({ people: [patient, doctor], open: (ui) => (ui.panel.value = CHAT_PANEL) }),
  'call-settings': () => call({
      people: [patient, doctor],
      asks: ASKS,
      consents: ASKS.map(({ purpose, text_version }) => ({
        purpose,
        text_version,
        decision: purpose === 'captions' ? 'refused' : 'given',
      })),
      open: (ui) => (ui.settings.value = true),
    }),
  'call-settings-direct': () =>
    call({ people: [patient, doctor], path: 'direct', open: (ui) => (ui.settings.value = true) }),
  'call-leaving': () => call({ people: [patient, doctor], open: (ui) => (ui.leaving.value = true) }),
  'call-reconnecting': () => call({ people: [patient, doctor], connection: 'reconnecting' }),
  'call-offline': () => call({ people: [patient, doctor], connection: 'offline' }),
  'call-interrupted': () =>
    call({ people: [patient, doctor], devices: devicesDouble({ mic: { state: 'interrupted' } }) }),
  'call-sound-blocked': () => call({ people: [patient, doctor], sound: 'blocked' }),
  'call-weak': () =>
    call({ people: [patient, doctor], quality: { level: 'audio_only', reasons: ['video_paused'], figures: null } }),
  'call-sound-only': () => call({ people: [patient, doctor, interpreter], pictures: 'none' }),
  'call-toast': () => {
    if (toasts.value.length === 0) toast(deviceText.t.problems.in_use.what, 'warn');
    return call({ people: [patient, doctor] });
  },

  expired: () => <Expired clinic={clinic} checked onComeBack={nothing} />,
  'expired-check': () => <Expired clinic={clinic} checked={false} onComeBack={nothing} />,
  'taken-over': () => <TakenOver clinic={clinic} onTakeBack={nothing} />,
  removed: () => <Removed clinic={clinic} />,
  closing: () => <Closing clinic={clinic} />,
  'bye-done': () => bye('done'),
  'bye-left': () => bye('you_left'),
  'bye-failed': () => bye('failed'),
  'bye-no-show': () => bye('no_show'),
};

/** Found by the gallery by itself. */
export const gallery: GalleryArea = {
  look: 'patient',
  load: async () => {
    await Promise.all([helloText, checkText, deviceText, consentText, waitText, callText, waysText].map((text) => text.load()));
  },
  screens,
};
