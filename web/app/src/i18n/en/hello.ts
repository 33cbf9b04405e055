/** The first pages of a patient: frame of every page, greeting, link faults. */
import { pluralsOf } from '../format';

const count = pluralsOf('en');

const en = {
  title: 'Video visit',
  light: 'Light page',
  dark: 'Dark page',
  close: 'Close',
  loading: 'One moment…',
  step: (step: number, of: number) => `Step ${step} of ${of}`,
  help: 'Need help? Call your clinic.',
  helpPhone: 'Need help? Call your clinic:',
  helpShort: 'Help:',
  call: (phone: string) => `Call ${phone}`,
  tryAgain: 'Try again',

  hello: {
    title: 'Your video visit',
    with: 'With',
    at: 'When',
    today: (time: string) => `Today, ${time}`,
    clinic: 'Clinic',
    start: 'Start',
    next: 'Next we check your camera and sound. It takes about one minute.',
    elsewhere: 'This visit is open on another device. If you start here, it closes there.',
    guest: {
      family: 'You are invited to join as family or caregiver.',
      interpreter: 'You are invited to join as interpreter.',
    },
    private: 'The call is encrypted. Nobody joins without the clinic letting them in.',
  },

  birth: {
    title: 'When were you born?',
    titleGuest: 'When was the patient born?',
    why: 'The clinic asks this so that only the right person can open the visit.',
    day: 'Day',
    month: 'Month',
    year: 'Year',
    go: 'Go on',
    incomplete: 'Fill in day, month and year.',
    wrong: 'That does not match what the clinic has. Look at each number again.',
    tries: (left: number) => count(left, { one: 'You can try # more time.', other: 'You can try # more times.' }),
  },

  fault: {
    deadTitle: 'This link does not open a visit',
    dead: 'It may be too old, or the clinic sent you a newer one. Look for the newest message from your clinic, or call them for a new link.',
    replacedTitle: 'Your clinic sent you a new link',
    replaced: 'This link works no longer. Open the newest message from your clinic and press the link in it.',
    noLinkTitle: 'Please use the link from your clinic',
    noLink: 'Open the message from your clinic and press the link in it. This page alone does not know your visit.',
    lockedTitle: 'Too many tries',
    locked: (minutes: number) =>
      count(minutes, {
        one: 'Wait # minute, then open your link again. Or call your clinic.',
        other: 'Wait # minutes, then open your link again. Or call your clinic.',
      }),
    overTitle: 'This visit is over',
    over: 'If you still need to talk to somebody, call your clinic.',
    offlineTitle: 'No connection',
    offline: 'We cannot reach the clinic. Look whether this device is on the internet. The page tries again by itself.',
    otherTitle: 'That did not work',
    other: 'Something went wrong on our side. Try again. If it stays so, call your clinic.',
    fullTitle: 'This visit is full',
    full: 'Somebody has to leave before you can come in. Wait a moment, then try again.',
    updateTitle: 'This page is out of date',
    update: 'Reload the page. Your link still works.',
    reload: 'Reload',
  },

  unsupported: {
    browserTitle: 'This browser cannot do video visits',
    browser: 'Open your link in a newer browser: Safari on iPhone, iPad and Mac; Chrome, Edge or Firefox elsewhere.',
    copy: 'Copy the link',
    copied: 'Copied. Now open the other browser and paste it.',
    copyFailed: 'Press the link below for long, then choose “Copy”.',
  },
};

export default en;
