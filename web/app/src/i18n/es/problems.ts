/** Spanish: what can be wrong with devices and network, and the steps that mend it. */
import type { Translation } from '../catalogue';
import type en from '../en/problems';

const es: Translation<typeof en> = {
  problems: {
    insecure_context: {
      what: 'Esta página se abrió sin cifrado, por eso el navegador no le da la cámara.',
      fix: ['La dirección tiene que empezar con «https».', 'Abra otra vez el enlace del mensaje de su clínica.', 'Si sigue igual, llame a su clínica: no es culpa suya.'],
    },
    in_app_browser: {
      what: 'Esta página está abierta dentro de otra aplicación, que no le da la cámara.',
      fix: ['Copie el enlace.', 'Abra Safari (iPhone, iPad) o Chrome (otros teléfonos).', 'Pegue el enlace en la barra de direcciones.'],
    },
    permission_dismissed: {
      what: 'La pregunta del navegador se cerró y todavía no tenemos cámara ni micrófono.',
      fix: ['Pulse «Probar otra vez».', 'Cuando el navegador pregunte, pulse «Permitir».'],
    },
    permission_blocked_site: {
      what: 'Su navegador bloquea la cámara o el micrófono en esta página.',
      fix: ['Siga los pasos de abajo.', 'Después pulse «Probar otra vez».'],
    },
    permission_blocked_os: {
      what: 'Los ajustes de este dispositivo no permiten que el navegador use la cámara o el micrófono.',
      fix: ['Siga los pasos de abajo.', 'Después pulse «Probar otra vez».'],
    },
    blocked_by_embed: {
      what: 'Esta página se muestra dentro de otra, que no le pasa la cámara.',
      fix: ['Abra directamente el enlace del mensaje de su clínica.', 'Si no lo tiene, llame a su clínica: no es culpa suya.'],
    },
    no_camera: {
      what: 'No encontramos ninguna cámara.',
      fix: ['Si su cámara tiene cable, enchúfela.', 'Pulse «Probar otra vez».', 'O siga solo con voz: la clínica le oirá igualmente.'],
    },
    no_microphone: {
      what: 'No encontramos ningún micrófono.',
      fix: ['Enchufe unos auriculares con micrófono o un micrófono.', 'Pulse «Probar otra vez».', 'O llame a su clínica para hablar por teléfono.'],
    },
    in_use: {
      what: 'Otro programa está usando su cámara o su micrófono.',
      fix: ['Cierre otros programas de video, como WhatsApp, Zoom, Teams o FaceTime.', 'Cierre otras pestañas del navegador.', 'Pulse «Probar otra vez».'],
    },
    hardware: {
      what: 'El dispositivo no responde.',
      fix: ['Desenchúfelo y vuelva a enchufarlo.', 'Si está integrado, reinicie este dispositivo.', 'Después pulse «Probar otra vez».'],
    },
    overconstrained: {
      what: 'El dispositivo elegido no sirve.',
      fix: ['Elija otro de la lista.', 'Pulse «Probar otra vez».'],
    },
    prompt_timeout: {
      what: 'El navegador todavía espera su respuesta.',
      fix: ['Busque en la parte de arriba de la ventana una pregunta sobre cámara y micrófono.', 'Pulse «Permitir».', 'Si no ve ninguna pregunta, pulse «Probar otra vez».'],
    },
    silent_microphone: {
      what: 'No oímos nada de su micrófono.',
      fix: ['Hable un poco más alto y más cerca.', 'Busque un botón de silencio en sus auriculares o su teclado.', 'Si tiene otro micrófono, elíjalo.'],
    },
    black_video: {
      what: 'Su cámara da una imagen negra.',
      fix: ['Abra la tapa de la cámara o quite el dedo.', 'Encienda una luz.', 'Pulse «Probar otra vez».'],
    },
    speaker_failed: {
      what: 'No ha oído el timbre.',
      fix: ['Suba el volumen.', 'En un iPhone: mire el interruptor de silencio en el lado.', 'Encienda los auriculares Bluetooth, o apáguelos si nadie los lleva puestos.'],
    },
    no_webrtc: {
      what: 'Este navegador no sirve para videollamadas.',
      fix: ['Abra su enlace en Safari (iPhone, iPad, Mac) o en Chrome, Edge o Firefox.'],
    },
    udp_blocked: {
      what: 'Esta red frena el camino rápido para sonido e imagen.',
      fix: ['Siga: la visita funciona por un camino más lento.', 'Si el sonido se corta, desactive el Wi-Fi y use los datos móviles.'],
    },
    media_blocked: {
      what: 'Esta red no deja pasar ni sonido ni imagen.',
      fix: ['Use otra red: desactive el Wi-Fi y use los datos móviles.', 'En el trabajo o en un Wi-Fi de invitados, pregunte a quien se ocupa de la red.'],
    },
    network_poor: {
      what: 'Su conexión a internet es lenta.',
      fix: ['Acérquese a su router wifi.', 'Detenga otros videos y descargas en casa.', 'Puede seguir: si hace falta, el sonido va antes que la imagen.'],
    },
  },
  site: {
    ios_safari: ['Pulse el símbolo junto a la dirección («aA» o una hoja pequeña).', 'Elija «Configuración del sitio web».', 'Ponga Cámara y Micrófono en «Permitir».'],
    ios_other: ['Abra la aplicación Ajustes de su iPhone o iPad.', 'Busque su navegador en la lista, en «Apps».', 'Active Cámara y Micrófono.'],
    android: ['Pulse el símbolo al principio de la dirección.', 'Elija «Permisos».', 'Permita Cámara y Micrófono.'],
    chromium: ['Pulse el símbolo al principio de la dirección.', 'Active Cámara y Micrófono.', 'Si el navegador pide cargar de nuevo, puede hacerlo: no pierde su lugar.'],
    firefox: ['Pulse la cámara tachada junto a la dirección.', 'Quite «Bloqueado» con la cruz.', 'Pulse «Probar otra vez» y elija «Permitir».'],
    mac_safari: ['En el menú de arriba pulse «Safari» y después «Ajustes de este sitio web».', 'Ponga Cámara y Micrófono en «Permitir».'],
  },
  system: {
    ios: ['Abra la aplicación Ajustes.', 'Busque su navegador en la lista, en «Apps».', 'Active Cámara y Micrófono.'],
    android: ['Abra la aplicación Ajustes y después «Aplicaciones».', 'Elija su navegador y después «Permisos».', 'Permita Cámara y Micrófono.'],
    mac: ['Abra Ajustes del Sistema y después «Privacidad y seguridad».', 'Elija Cámara y active su navegador. Haga lo mismo con Micrófono.', 'Cierre el navegador y abra otra vez su enlace.'],
    windows: ['Abra Configuración y después «Privacidad y seguridad».', 'Elija Cámara y active «Permitir que las aplicaciones de escritorio accedan a la cámara». Haga lo mismo con Micrófono.'],
    other: ['Abra los ajustes de este dispositivo y busque «Privacidad».', 'Permita que su navegador use Cámara y Micrófono.'],
  },
};

export default es;
