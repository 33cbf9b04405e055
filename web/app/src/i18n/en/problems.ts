/**
 * What can be wrong with camera, microphone, loudspeaker and network: one sentence each, and the
 * steps that mend it. Steps that depend on the machine stand under `site` and `system`.
 */
const en = {
  problems: {
    insecure_context: {
      what: 'This page was opened without encryption, so the browser gives it no camera.',
      fix: ['The address has to begin with “https”.', 'Open the link from your clinic’s message again.', 'If it stays so, call your clinic: this is not your fault.'],
    },
    in_app_browser: {
      what: 'This page is open inside another app, which has no camera for it.',
      fix: ['Copy the link.', 'Open Safari (iPhone, iPad) or Chrome (other phones).', 'Paste the link into its address bar.'],
    },
    permission_dismissed: {
      what: 'The browser’s question was closed, so we have no camera or microphone yet.',
      fix: ['Press “Try again”.', 'When the browser asks, press “Allow”.'],
    },
    permission_blocked_site: {
      what: 'Your browser blocks the camera or microphone for this page.',
      fix: ['Follow the steps below.', 'Then press “Try again”.'],
    },
    permission_blocked_os: {
      what: 'The settings of this device do not let the browser use the camera or microphone.',
      fix: ['Follow the steps below.', 'Then press “Try again”.'],
    },
    blocked_by_embed: {
      what: 'This page is shown inside another page, which does not pass on the camera.',
      fix: ['Open the link from your clinic’s message directly.', 'If there is none, call your clinic: this is not your fault.'],
    },
    no_camera: {
      what: 'We found no camera.',
      fix: ['If your camera has a plug, put it in.', 'Press “Try again”.', 'Or go on with voice only: the clinic can still hear you.'],
    },
    no_microphone: {
      what: 'We found no microphone.',
      fix: ['Plug in a headset or a microphone.', 'Press “Try again”.', 'Or call your clinic to speak by telephone.'],
    },
    in_use: {
      what: 'Another program is using your camera or microphone.',
      fix: ['Close other video programs, such as WhatsApp, Zoom, Teams or FaceTime.', 'Close other browser tabs.', 'Press “Try again”.'],
    },
    hardware: {
      what: 'The device does not answer.',
      fix: ['Unplug it and plug it in again.', 'If it is built in, restart this device.', 'Then press “Try again”.'],
    },
    overconstrained: {
      what: 'The chosen device does not fit.',
      fix: ['Choose another one from the list.', 'Press “Try again”.'],
    },
    prompt_timeout: {
      what: 'The browser is still waiting for your answer.',
      fix: ['Look at the top of the window for a question about camera and microphone.', 'Press “Allow”.', 'If you see no question, press “Try again”.'],
    },
    silent_microphone: {
      what: 'We hear nothing from your microphone.',
      fix: ['Speak a little louder and closer.', 'Look for a mute switch on your headset or keyboard.', 'If you have another microphone, choose it.'],
    },
    black_video: {
      what: 'Your camera gives a black picture.',
      fix: ['Open the cover of the lens, or take your finger off it.', 'Turn on a light.', 'Press “Try again”.'],
    },
    speaker_failed: {
      what: 'You did not hear the chime.',
      fix: ['Turn up the volume.', 'On an iPhone: look at the ringer switch on the side.', 'Switch Bluetooth headphones on, or off if nobody wears them.'],
    },
    no_webrtc: {
      what: 'This browser cannot do video calls.',
      fix: ['Open your link in Safari (iPhone, iPad, Mac) or in Chrome, Edge or Firefox.'],
    },
    udp_blocked: {
      what: 'This network holds back the fast way for audio and video.',
      fix: ['Go on: the visit works by a slower way.', 'If sound stutters, switch Wi-Fi off and use mobile data.'],
    },
    media_blocked: {
      what: 'This network lets no audio and no video through.',
      fix: ['Use another network: switch Wi-Fi off and use mobile data.', 'At work or in a guest Wi-Fi, ask whoever looks after the network.'],
    },
    network_poor: {
      what: 'Your internet connection is slow.',
      fix: ['Go closer to your Wi-Fi router.', 'Stop other videos and downloads at home.', 'You can go on: if it gets tight, sound comes before picture.'],
    },
  },
  /** Where each browser keeps its “no”. */
  site: {
    ios_safari: ['Press the sign beside the address (“aA” or a small page).', 'Choose “Website Settings”.', 'Set Camera and Microphone to “Allow”.'],
    ios_other: ['Open the Settings app of your iPhone or iPad.', 'Find your browser in the list, under “Apps”.', 'Turn on Camera and Microphone.'],
    android: ['Press the sign at the start of the address.', 'Choose “Permissions”.', 'Allow Camera and Microphone.'],
    chromium: ['Press the sign at the start of the address.', 'Turn on Camera and Microphone.', 'If the browser asks to reload, you can: you keep your place.'],
    firefox: ['Press the crossed-out camera beside the address.', 'Remove “Blocked” with the cross.', 'Press “Try again” and choose “Allow”.'],
    mac_safari: ['In the menu at the top, press “Safari”, then “Settings for This Website”.', 'Set Camera and Microphone to “Allow”.'],
  },
  /** Where each system keeps its “no”. */
  system: {
    ios: ['Open the Settings app.', 'Find your browser in the list, under “Apps”.', 'Turn on Camera and Microphone.'],
    android: ['Open the Settings app, then “Apps”.', 'Choose your browser, then “Permissions”.', 'Allow Camera and Microphone.'],
    mac: ['Open System Settings, then “Privacy & Security”.', 'Choose Camera and turn on your browser. Do the same for Microphone.', 'Quit the browser and open your link again.'],
    windows: ['Open Settings, then “Privacy & security”.', 'Choose Camera and turn on “Let desktop apps access your camera”. Do the same for Microphone.'],
    other: ['Open the settings of this device and look for “Privacy”.', 'Let your browser use Camera and Microphone.'],
  },
};

export default en;
