/** The words about restricted visits and emergency access, in English. */
import { EMERGENCY_MIN, MAX_NOTE_CHARS, MIN_REASON_CHARS } from '@bedside/client/protocol';
import { pluralsOf } from '../../i18n';

const count = pluralsOf('en');
const span = count(EMERGENCY_MIN, { one: '# minute', other: '# minutes' });

export const restricted = {
  /** On the form of a new visit. */
  choose: 'Sensitive: only you and the people you invite see who it is with',
  chooseFor: 'Sensitive: only the clinician and the people they invite see who it is with',
  chooseHint: 'Everybody else sees a restricted visit without a name. In an emergency they can open it, which is reviewed.',
  /** A badge. */
  mark: 'Restricted',
  /** Instead of the patient’s name. */
  name: 'Restricted visit',
  open: 'Open in an emergency',
  openNamed: (host: string) => `Open in an emergency: restricted visit with ${host}`,
  title: (host: string) => `Open the restricted visit with ${host}?`,
  titleUnknown: 'Open this restricted visit?',
  lead: 'Only when somebody’s care depends on it now.',
  facts: [
    `You see who it is with and can go in, for ${span}.`,
    'Your name, the time and your reason are kept.',
    'An officer of the clinic is told at once and reviews it.',
  ] as readonly string[],
  reason: 'Why do you need it?',
  reasonHint: `In your own words, at least ${MIN_REASON_CHARS} characters.`,
  reasonFault: {
    short: `Say why, in at least ${MIN_REASON_CHARS} characters.`,
    long: `Too long: at most ${MAX_NOTE_CHARS} characters.`,
  },
  submit: `Open for ${span}`,
  until: (time: string) => `Open by emergency access until ${time}.`,
  already: 'This visit is open to you already.',
};

/** The places besides the board, and the way there. */
export const places = {
  title: 'The clinic',
  home: 'Privacy and security',
  people: 'People',
  reviews: 'Reviews',
  skip: 'Skip to the page',
  kept: 'What is kept',
  log: 'Who did what',
  system: 'System',
  /** The way from somebody’s visit to the log. */
  whoLooked: 'Who looked at this?',
  /** Behind a link in the account menu. */
  toDo: (n: number) => count(n, { one: '1 to review', other: '# to review' }),
  unreachable: 'This page could not be loaded.',
};
