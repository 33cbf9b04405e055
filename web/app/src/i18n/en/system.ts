/** The words of the page about the server, in English. Gives the shape for other languages. */
import { pluralsOf } from '../format';

const count = pluralsOf('en');

const system = {
  lead: 'How the server is that keeps the clinic’s data. Where something is wrong, it says what IT should do.',
  again: 'Look again',
  lookedAt: (moment: string) => `As of ${moment}`,
  allWell: 'All is well.',
  toDo: (n: number) => count(n, { one: 'One thing needs somebody. It is marked below.', other: '# things need somebody. They are marked below.' }),
  /** On the card that leads here. */
  inShort: (n: number) => count(n, { zero: 'All is well', one: 'One thing needs somebody', other: '# things need somebody' }),
  next: 'What to do',
  copy: 'Copy the command',
  copyNamed: (what: string) => `Copy the command: ${what}`,
  notBelievedTitle: 'Records that this server did not sign',
  notBelieved: 'They count for nothing here. Find out who put them on the server.',
  evidence: { backup: 'of the newest backup', drill: 'of the newest trial of a backup', report: 'of the newest report' },

  log: {
    title: 'The log of who did what',
    states: {
      signed: 'Signed',
      not_yet: 'Not signed since the start',
      passing: 'Not signed just now',
      stopped: 'Signing has stopped',
      witness_wrong: 'A witness contradicts',
      witness_away: 'A witness is missing',
    },
    entries: (n: number) => count(n, { one: '1 entry is signed', other: '# entries are signed' }),
    signedAt: (ago: string) => `Last signed: ${ago}`,
    waiting: (n: number) => count(n, { one: '1 entry is on its way', other: '# entries are on their way' }),
    since: (moment: string) => `Since ${moment}. Entries are still kept.`,
    trouble: {
      passing: 'The database or the disk does not answer. The server tries again by itself.',
      shorter: 'The database is older than the log. It was restored from a copy.',
      witness_ahead: 'A witness has seen more entries than there are here. The data was restored from an older copy.',
      forked: 'Entries are other ones than those that were signed. Somebody changed them.',
      other_key: 'The key that signs is another one than before.',
      damaged: 'Entries or files of the log are damaged.',
    },
    step: {
      passing: 'If it lasts more than a few minutes, call IT.',
      shorter: 'Stop the server and put the missing entries back:',
      witness_ahead: 'Stop the server and put the missing entries back:',
      forked: 'Change nothing. Keep database and files as they are, and find out who changed them.',
      other_key: 'Put the old file audit.key back and start the server again.',
      damaged: 'Find out which ones:',
    },
    witnesses: 'Witnesses',
    noWitness: 'Nobody outside vouches for the log yet. With a witness in another house, nobody here could rewrite it unseen.',
    standing: {
      not_asked: 'Not asked yet',
      signed: 'Signed',
      away: 'Not reached',
      refused: 'Refuses',
      ahead: 'Has seen more entries',
      forked: 'Has seen other entries',
    },
    witnessAt: (entries: string, ago: string) => `${entries} entries, ${ago}`,
    witnessStep: {
      away: 'Ask those who run the witness whether it is up. The log goes on meanwhile.',
      refused: 'Compare its address and its key with the settings.',
      ahead: 'Stop the server and put the missing entries back:',
      forked: 'Change nothing. Keep database and files as they are, and find out who changed them.',
    },
    read: 'Read the log',
  },

  keys: {
    title: 'Keys to the data',
    states: { working: 'Working', rotating: 'A change is not finished', broken: 'Not working' },
    provider: { file: 'Kept in a file beside the database', pkcs11: 'Kept in a security device', vault: 'Kept by a key service (Vault or OpenBao)', 'aws-kms': 'Kept by a key service (AWS KMS)' } as Readonly<Record<string, string>>,
    otherProvider: (name: string) => `Kept by ${name}`,
    current: (version: number) => `New data is locked with version ${version}`,
    chart: 'How much each version locks',
    version: (version: number) => `Version ${version}`,
    older: 'Another keeper of keys',
    newest: 'newest',
    locks: (n: number) => count(n, { zero: 'nothing', one: '1 data key', other: '# data keys' }),
    left: (n: number) => count(n, { one: '1 data key is still under an older version.', other: '# data keys are still under an older version.' }),
    leftStep: 'If nobody is changing keys just now, finish it:',
    code: (code: string) => `What the keeper says: ${code}`,
    brokenStep: 'New visits cannot be made until it works. Ask the keeper of the keys:',
  },

  backup: {
    title: 'Backups',
    states: { in_order: 'In order', none: 'No backup known', late: 'Too old', drill_late: 'Not tried lately' },
    newest: (ago: string) => `The newest was made ${ago}`,
    size: (rows: string, bytes: string) => `${rows} rows, ${bytes}`,
    drill: (ago: string, took: string) => `Brought back on trial ${ago}, in ${took}`,
    noDrill: 'None was brought back on trial yet',
    step: {
      none: 'Make one, and then one each day:',
      late: 'Make one, and find out why none was made:',
      drill_late: 'Bring the newest one back on trial, on a machine with the keys:',
    },
  },

  report: {
    title: 'Security report',
    states: { covered: 'Nothing is open', open: 'Something is open', none: 'None yet' },
    madeAt: (ago: string) => `Made ${ago}`,
    chart: 'Safeguards in the report',
    parts: {
      proved: 'Proved by the program',
      attested: 'On somebody’s word',
      not_applicable: 'Does not apply',
      open: 'Open',
    },
    step: {
      open: 'Make the report anew, and read in it what is open and how to close it:',
      none: 'Make the first one. It says what is proved and what is open:',
    },
  },

  storage: {
    title: 'Server and disk',
    states: { room: 'Enough room', little: 'Almost full', unknown: 'Running' },
    version: (version: string) => `Bedside ${version}`,
    startedAt: (ago: string) => `Started ${ago}`,
    databaseSize: (name: string, bytes: string) => `Database: ${name}, ${bytes}`,
    databaseOnly: (name: string) => `Database: ${name}`,
    free: (bytes: string) => `${bytes} are free`,
    step: 'Make room soon: a full disk stops visits. This says more:',
  },

  more: 'Elsewhere',
};

export default system;
/** The shape of the messages about the server. */
export type SystemMessages = typeof system;
