/** The clinic's words about passkeys, in English. */
import { pluralsOf } from '../../i18n';

const count = pluralsOf('en');

export const passkeys = {
  signIn: 'Sign in with a passkey',
  secondLead: 'Your device asks for your finger, your face, its PIN or your security key.',
  use: 'Use your passkey',
  useInstead: 'Use a passkey instead',
  insteadLead: 'No authenticator app? Your device or a security key can be the second step too.',
  instead: 'Set up a passkey instead',
  firstName: 'My passkey',
  alsoOut: 'Sign out of the clinic’s account too',
  title: 'Second step',
  lead: 'What you show after your password.',
  loading: 'Loading your passkeys…',
  app: 'Authenticator app',
  appOn: 'Set up',
  appOff: 'Not set up',
  none: 'No passkey yet.',
  added: (day: string) => `Added ${day}`,
  used: (day: string) => `last used ${day}`,
  neverUsed: 'not used yet',
  name: 'Name of the new passkey',
  nameHint: 'So that you know it again: “Work laptop”, “Blue key”.',
  nameMissing: 'Give it a name.',
  add: 'Add a passkey',
  addedToast: 'The passkey is added.',
  full: (n: number) => count(n, { one: 'You have one passkey; more are not possible.', other: 'You have # passkeys; more are not possible.' }),
  notHere: 'Passkeys work at the clinic’s own address, in a browser that knows them.',
  remove: 'Remove',
  removeName: (name: string) => `Remove ${name}`,
  removeTitle: (name: string) => `Remove ${name}?`,
  removeBody: 'It will not sign you in any more. Remove it on your device too.',
  removed: 'The passkey is removed.',
  codesTitle: 'Keep your recovery codes',
};
