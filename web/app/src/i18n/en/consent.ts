/**
 * The consent page. The texts under `texts` are what people agree to: a change of meaning needs a
 * new version name, and the old version stays as it is.
 */
const en = {
  title: 'Your consent',
  intro: 'Please read and decide. You can change your mind at any time during the visit.',
  required: 'Needed for the visit',
  optional: 'Your free choice',
  yes: 'Yes, I agree',
  no: 'No',
  choose: 'Please answer this question.',
  go: 'Go to the waiting room',
  back: 'Back to the check',
  more: 'Read the whole text',
  needVisit: 'Without your consent the video visit cannot take place. Call your clinic to find another way.',
  unknown: 'This text is not on this page yet. Reload the page, or call your clinic.',
  choices: 'My consent',
  withdraw: 'Withdraw',
  give: 'Agree after all',
  given: 'You agreed.',
  notGiven: 'You did not agree.',
  withdrawVisitTitle: 'Withdraw your consent to the visit?',
  withdrawVisit: 'The call ends for you at once.',
  withdrawStay: 'Stay in the visit',
  texts: {
    'visit-2026-11': {
      title: 'The video visit',
      short: 'I agree to talk with my clinic by video. Picture and sound go encrypted through the clinic’s own server.',
      long: [
        'A video visit can be less complete than a visit in the clinic, because the clinician cannot examine me by hand. The clinician tells me if a visit in person is needed.',
        'Only people whom the clinic lets in take part. I can see who is in the visit, and I can leave at any time.',
        'In an emergency I call the emergency number; a video visit is not made for that.',
        'The clinic keeps on record that I gave this consent, when, and who took part.',
      ],
    },
    'visit-2026-11-direct': {
      title: 'The video visit',
      short: 'I agree to talk with my clinic by video. Picture and sound go encrypted through the clinic’s own server or directly between our two devices.',
      long: [
        'A video visit can be less complete than a visit in the clinic, because the clinician cannot examine me by hand. The clinician tells me if a visit in person is needed.',
        'Only people whom the clinic lets in take part. I can see who is in the visit, and I can leave at any time.',
        'When only two people are in the visit, picture and sound can go directly from device to device. The other person’s device then sees the network address of mine, and mine sees theirs. A network address can tell which internet provider I use and roughly where I am. When a third person joins, everything goes through the clinic’s server again.',
        'In an emergency I call the emergency number; a video visit is not made for that.',
        'The clinic keeps on record that I gave this consent, when, who took part, and when the devices were connected directly.',
      ],
    },
    'recording-2026-11': {
      title: 'Recording',
      short: 'The clinic may record picture and sound of this visit.',
      long: [
        'The recording is kept encrypted with my records and only people of the clinic who need it can open it.',
        'I see on the screen when it runs. I can stop it at any time by withdrawing this consent, and the visit goes on.',
        'If I say no, nothing is recorded and my care stays the same.',
      ],
    },
    'captions-2026-11': {
      title: 'Captions',
      short: 'What is said may be turned into written words during the visit, so that it can be read along.',
      long: [
        'A program on the clinic’s own server does it. The sound goes to no other company.',
        'The words are a help for reading and can be wrong. They are not kept unless I also agreed to a recording.',
        'If I say no, there are no captions and my care stays the same.',
      ],
    },
  },
};

export default en;
