/** Spanish: waiting room, goodbye, and the pages of a visit that stands still. */
import type { Translation } from '../catalogue';
import type en from '../en/wait';
import { pluralsOf } from '../format';

const count = pluralsOf('es');

const es: Translation<typeof en> = {
  title: 'Está en la sala de espera',
  tabWaiting: 'Sala de espera',
  tabReady: '¡Su visita empieza ahora!',
  tabOver: 'Visita terminada',
  next: 'Es su turno siguiente.',
  ahead: (n) => count(n, { one: 'Hay # persona antes que usted.', other: 'Hay # personas antes que usted.' }),
  hostHere: (host) => `${host} está aquí y sabe que usted espera.`,
  hostBusy: (host) => `${host} está en otra visita y vendrá después con usted.`,
  hostAway: (host) => `${host} todavía no está. La clínica ve que usted espera.`,
  since: (time) => `Espera desde las ${time}.`,
  ring: 'Sonará un timbre cuando sea su turno. Deje esta página abierta y el sonido encendido. Mientras tanto puede dejar el teléfono a un lado.',
  tryRing: 'Oír el timbre',
  notify: 'Mostrar también un aviso',
  notified: 'También recibirá un aviso.',
  notifyBlocked: 'Su navegador no muestra avisos de esta página. Sonará el timbre.',
  ready: 'Su visita empieza ahora',
  readyText: (host) => `${host} le deja entrar.`,
  notes: 'Mensajes de su clínica',
  you: 'Imagen de su cámara',
  cameraOff: 'Su cámara está apagada.',
  tryDevices: 'Probar otra vez cámara y micrófono',
  leave: 'Salir de la sala de espera',
  leaveTitle: '¿Salir de la sala de espera?',
  leaveText: 'Puede volver con el mismo enlace hasta que termine la visita.',
  stay: 'Quedarme',
  putBack: 'La clínica le pide que espere otra vez un momento. Ahora no se envían su cámara ni su micrófono.',
  withdrawn: 'Retiró su consentimiento y la llamada terminó para usted. Acepte de nuevo para volver.',

  connecting: 'Conectamos con su visita…',
  lettingIn: 'Le están dejando entrar…',
  reconnecting: 'La conexión se cortó. La estamos recuperando; usted conserva su lugar.',
  offline: 'Este dispositivo no tiene internet. En cuanto vuelva, seguimos solos. Usted conserva su lugar.',

  expired: {
    title: 'Ha estado fuera un rato',
    text: 'La conexión faltó más de cinco minutos. La clínica ya no pudo guardar su lugar en la llamada.',
    next: 'Puede volver a entrar. No tiene que rellenar nada de nuevo.',
    nextCheck: 'Puede volver a entrar. Primero comprobamos la cámara y el sonido.',
    back: 'Volver a la sala de espera',
    check: 'Comprobar cámara y sonido',
  },
  takenTitle: 'Su visita está abierta en otro dispositivo',
  taken: 'Solo puede estar abierta en un lugar. Puede seguir allí o traerla aquí.',
  takeBack: 'Seguir aquí',
  removedTitle: 'Ha salido de la visita',
  removed: 'La clínica terminó su participación en la visita. Este enlace ya no funciona. Si le sorprende, llame a su clínica.',
  closingTitle: 'La clínica cerró la visita por un momento',
  closing: 'Su enlace sigue funcionando. Deje esta página abierta: continúa por sí sola.',

  bye: {
    done: 'Su visita ha terminado',
    doneText: 'Gracias. Si acordó algo con su clínica, se pondrán en contacto con usted. Puede cerrar esta página.',
    left: 'Ha salido de la visita',
    leftText: 'Puede que la visita siga. Puede volver a entrar o cerrar esta página.',
    back: 'Volver a entrar',
    failed: 'La visita terminó por un problema técnico',
    failedText: 'Lo sentimos. No cuenta como una visita perdida. Su clínica se pondrá en contacto con usted; también puede llamar.',
    noShow: 'La clínica cerró esta visita',
    noShowText: 'Si todavía necesita hablar con alguien, llame a su clínica para otra hora.',
    rate: '¿Cómo fue la videollamada?',
    stars: { '1': 'Muy mal', '2': 'Mal', '3': 'Regular', '4': 'Bien', '5': 'Muy bien' },
    send: 'Enviar',
    thanks: 'Gracias por su respuesta.',
    rateFailed: 'Su respuesta no llegó. Pruebe otra vez.',
  },
};

export default es;
