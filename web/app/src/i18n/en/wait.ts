/** Waiting room, goodbye, and the pages of a visit that stands still. */
import { pluralsOf } from '../format';

const count = pluralsOf('en');

const en = {
  title: 'You are in the waiting room',
  tabWaiting: 'Waiting room',
  tabReady: 'Your visit starts now!',
  tabOver: 'Visit over',
  next: 'You are next.',
  ahead: (n: number) => count(n, { one: '# person is before you.', other: '# people are before you.' }),
  hostHere: (host: string) => `${host} is here and knows that you are waiting.`,
  hostBusy: (host: string) => `${host} is in another visit and will come to you afterwards.`,
  hostAway: (host: string) => `${host} is not here yet. The clinic sees that you are waiting.`,
  since: (time: string) => `You have been waiting since ${time}.`,
  ring: 'We will ring when it is your turn. Keep this page open and the sound on. You can put the phone down meanwhile.',
  tryRing: 'Hear the ring',
  notify: 'Also show a notification',
  notified: 'You will also get a notification.',
  notifyBlocked: 'Your browser does not show notifications for this page. We will ring.',
  ready: 'Your visit starts now',
  readyText: (host: string) => `${host} lets you in.`,
  notes: 'Messages from your clinic',
  you: 'Your camera picture',
  cameraOff: 'Your camera is off.',
  tryDevices: 'Try camera and microphone again',
  leave: 'Leave the waiting room',
  leaveTitle: 'Leave the waiting room?',
  leaveText: 'You can come back with the same link until the visit is over.',
  stay: 'Stay',
  putBack: 'The clinic asked you to wait again for a moment. Your camera and microphone are not sent now.',
  withdrawn: 'You withdrew your consent, so the call has ended for you. Agree again to come back.',

  connecting: 'Connecting with your visit…',
  lettingIn: 'You are being let in…',
  reconnecting: 'The connection broke. We are getting it back; you keep your place.',
  offline: 'This device is not on the internet. As soon as it is, we go on by ourselves. You keep your place.',

  expired: {
    title: 'You were away for a while',
    text: 'The connection was gone for more than five minutes. The clinic could not keep your place in the call any longer.',
    next: 'You can come in again. Nothing has to be filled in anew.',
    nextCheck: 'You can come in again. First we look at camera and sound.',
    back: 'Back to the waiting room',
    check: 'Check camera and sound',
  },
  takenTitle: 'Your visit is open on another device',
  taken: 'It can be open in one place only. You can go on over there, or bring it back here.',
  takeBack: 'Go on here',
  removedTitle: 'You have left the visit',
  removed: 'The clinic ended your part of the visit. This link does not work any more. If this surprises you, call your clinic.',
  closingTitle: 'The clinic closed the visit for a moment',
  closing: 'Your link still works. Leave this page open: it goes on by itself.',

  bye: {
    done: 'Your visit is over',
    doneText: 'Thank you. If your clinic agreed on something with you, they will contact you. You can close this page.',
    left: 'You left the visit',
    leftText: 'The visit may still be going on. You can go back in, or close this page.',
    back: 'Go back in',
    failed: 'The visit ended because of a technical problem',
    failedText: 'We are sorry. This does not count as a missed visit. Your clinic will contact you; you can also call them.',
    noShow: 'The clinic closed this visit',
    noShowText: 'If you still need to talk to somebody, call your clinic for a new time.',
    rate: 'How was the video call?',
    stars: { '1': 'Very bad', '2': 'Bad', '3': 'So-so', '4': 'Good', '5': 'Very good' },
    send: 'Send',
    thanks: 'Thank you for your answer.',
    rateFailed: 'Your answer did not arrive. Try again.',
  },
};

export default en;
