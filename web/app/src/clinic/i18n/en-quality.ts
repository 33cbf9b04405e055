/** What is said about the quality of a call, in English. */
import { pluralsOf } from '../../i18n';

const count = pluralsOf('en');
const minutes = (n: number) => count(n, { one: '# minute', other: '# minutes' });
const NUMBERS = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** During the call. */
export const quality = {
  unknown: (name: string) => `${name}’s connection is being measured.`,
  good: (name: string) => `${name}’s connection is good.`,
  lost: (name: string) => `${name}’s connection is lost. The place is kept.`,
  fair: (name: string) => `${name}’s connection is unsteady.`,
  figure: {
    percent: (n: number) => `${n}\u00a0%`,
    ms: (n: number) => (n < 1000 ? `${n}\u00a0ms` : `${Math.round(n / 100) / 10}\u00a0s`),
    kbps: (n: number) => `${n}\u00a0kbit/s`,
    fps: (n: number) => `${n} a second`,
  },
  said: {
    measuring: (name: string, _n: string) => `${name}’s connection is being measured.`,
    good: (name: string, _n: string) => `${name}’s connection is good.`,
    unsteady: (name: string, _n: string) => `The call with ${name} is poor, and the figures do not say why.`,
    mic_absent: (name: string, _n: string) => `${name}’s microphone gives no sound.`,
    mic_muted: (name: string, _n: string) => `${name}’s microphone is off.`,
    camera_absent: (name: string, _n: string) => `${name}’s camera has stopped.`,
    camera_slow: (name: string, n: string) => `${name}’s camera gives few pictures${n && ` (${n})`}.`,
    sender_cpu: (name: string, _n: string) => `${name}’s device is too slow to send a good picture.`,
    uplink_silent: (name: string, _n: string) => `Nothing arrives from ${name}.`,
    uplink_loss: (name: string, n: string) => `Part of what ${name} sends is lost${n && ` (${n})`}.`,
    uplink_jitter: (name: string, _n: string) => `What ${name} sends arrives unsteadily.`,
    uplink_rate: (name: string, n: string) => `${name} can send too little for a good picture${n && ` (${n})`}.`,
    uplink_delay: (name: string, n: string) => `What ${name} says takes long to arrive${n && ` (${n})`}.`,
    server_lag: (_name: string, _n: string) => 'The clinic’s server is too busy.',
    downlink_silent: (name: string, _n: string) => `Nothing reaches ${name}.`,
    downlink_loss: (name: string, n: string) => `Part of what ${name} receives is lost${n && ` (${n})`}.`,
    downlink_jitter: (name: string, _n: string) => `What ${name} receives arrives unsteadily.`,
    downlink_rate: (name: string, n: string) => `${name} can receive too little for every picture${n && ` (${n})`}.`,
    downlink_delay: (name: string, n: string) => `What you say takes long to reach ${name}${n && ` (${n})`}.`,
    receiver_cpu: (name: string, _n: string) => `${name}’s device is too slow to show the picture.`,
    receiver_playout: (name: string, _n: string) => `${name}’s device does not play the sound in time.`,
  },
  step: {
    measuring: 'Wait a moment.',
    good: 'Nothing has to be done.',
    unsteady: 'Ask what they hear and see. If it stays, go on without pictures.',
    mic_absent: 'Ask them to choose another microphone in the devices menu.',
    mic_muted: 'Ask them to switch it on.',
    camera_absent: 'Ask them to close other programs that use the camera.',
    camera_slow: 'Ask them to put a light on.',
    sender_cpu: 'Ask them to close other programs.',
    uplink_silent: 'Wait a moment: their page tries other ways by itself.',
    uplink_loss: 'Ask them to move closer to the Wi-Fi router or to use a cable.',
    uplink_jitter: 'Ask them to pause other videos and downloads at home.',
    uplink_rate: 'Sound comes first. If it suffers, ask them to switch the camera off.',
    uplink_delay: 'Leave each other time to answer. Ask them to switch a VPN off.',
    server_lag: 'Tell your IT. Without pictures the sound gets better.',
    downlink_silent: 'Wait a moment: their page tries other ways by itself.',
    downlink_loss: 'Ask them to move closer to the Wi-Fi router or to use a cable.',
    downlink_jitter: 'Ask them to pause other videos and downloads at home.',
    downlink_rate: 'Sound comes first. If it suffers, ask them to hide the pictures.',
    downlink_delay: 'Leave each other time to answer. Ask them to switch a VPN off.',
    receiver_cpu: 'Ask them to close other programs.',
    receiver_playout: 'Ask them to close other programs or to restart the browser.',
  },
};

/** After it. */
export const callQuality = {
  open: 'How the call was',
  title: (name: string) => `How the call was: ${name}`,
  loading: 'Reading the measurements…',
  empty: 'Nothing was measured in this visit. Measurements begin when two people are in the call.',
  fine: 'Nothing held this person back.',
  blame: {
    device: (name: string, n: number) => `For about ${minutes(n)} ${name}’s device could not keep up.`,
    connection: (name: string, n: number) => `For about ${minutes(n)} ${name}’s connection was poor.`,
    server: (_name: string, n: number) => `For about ${minutes(n)} the clinic’s server was too busy.`,
  },
  path: {
    p2p: 'Straight from browser to browser',
    sfu: 'By the clinic’s server',
    sfu_tcp: 'By the clinic’s server over TCP, as their network blocks UDP',
    turn_udp: 'By a relay',
    turn_tcp: 'By a relay over TCP, as their network blocks UDP',
    turn_tls: 'By a relay over TLS, as their network blocks everything else',
    unknown: 'By a way that the browser did not name',
  },
  score: 'How well they were heard, 1 to 4.5',
  scoreNames: ['Heard'] as readonly string[],
  loss: 'Lost, in percent: on the way out (line), on the way in (dashes)',
  lossNames: ['Out', 'In'] as readonly string[],
  rtt: 'There and back to the server, in milliseconds',
  rttNames: ['There and back'] as readonly string[],
  asTable: 'The same as a table',
  tableOf: (name: string) => `Measurements of ${name}, the worst of each minute`,
  columns: ['From', 'Heard (1–4.5)', 'Lost out (%)', 'Lost in (%)', 'There and back (ms)'] as readonly string[],
  number: (n: number) => NUMBERS.format(n),
};
