/** Spanish: the consent page. */
import type { Translation } from '../catalogue';
import type en from '../en/consent';

const es: Translation<typeof en> = {
  title: 'Su consentimiento',
  intro: 'Lea y decida, por favor. Puede cambiar de opinión en cualquier momento de la visita.',
  required: 'Necesario para la visita',
  optional: 'Usted elige libremente',
  yes: 'Sí, estoy de acuerdo',
  no: 'No',
  choose: 'Responda a esta pregunta, por favor.',
  go: 'Ir a la sala de espera',
  back: 'Volver a la prueba',
  more: 'Leer el texto completo',
  needVisit: 'Sin su consentimiento no puede hacerse la visita por video. Llame a su clínica para buscar otra forma.',
  unknown: 'Este texto todavía no está en esta página. Cargue la página de nuevo o llame a su clínica.',
  choices: 'Mi consentimiento',
  withdraw: 'Retirar',
  give: 'Ahora sí estoy de acuerdo',
  given: 'Usted está de acuerdo.',
  notGiven: 'Usted no está de acuerdo.',
  withdrawVisitTitle: '¿Retirar su consentimiento para la visita?',
  withdrawVisit: 'La llamada termina de inmediato para usted.',
  withdrawStay: 'Quedarme en la visita',
  texts: {
    'visit-2026-11': {
      title: 'La visita por video',
      short: 'Acepto hablar con mi clínica por video. La imagen y el sonido van cifrados por el servidor propio de la clínica.',
      long: [
        'Una visita por video puede ser menos completa que una visita en la clínica, porque el profesional no puede explorarme con las manos. El profesional me dirá si hace falta una visita en persona.',
        'Solo participan las personas que la clínica deja entrar. Puedo ver quién está en la visita y puedo salir en cualquier momento.',
        'En una emergencia llamo al número de emergencias; una visita por video no sirve para eso.',
        'La clínica guarda constancia de que di este consentimiento, cuándo y quién participó.',
      ],
    },
    'visit-2026-11-direct': {
      title: 'La visita por video',
      short: 'Acepto hablar con mi clínica por video. La imagen y el sonido van cifrados por el servidor propio de la clínica o directamente entre nuestros dos dispositivos.',
      long: [
        'Una visita por video puede ser menos completa que una visita en la clínica, porque el profesional no puede explorarme con las manos. El profesional me dirá si hace falta una visita en persona.',
        'Solo participan las personas que la clínica deja entrar. Puedo ver quién está en la visita y puedo salir en cualquier momento.',
        'Cuando solo hay dos personas en la visita, la imagen y el sonido pueden ir directamente de un dispositivo al otro. El dispositivo de la otra persona ve entonces la dirección de red del mío, y el mío ve la suya. Una dirección de red puede indicar qué proveedor de internet uso y, más o menos, dónde estoy. Cuando entra una tercera persona, todo vuelve a ir por el servidor de la clínica.',
        'En una emergencia llamo al número de emergencias; una visita por video no sirve para eso.',
        'La clínica guarda constancia de que di este consentimiento, de cuándo, de quién participó y de cuándo se conectaron los dispositivos directamente.',
      ],
    },
    'recording-2026-11': {
      title: 'Grabación',
      short: 'La clínica puede grabar la imagen y el sonido de esta visita.',
      long: [
        'La grabación se guarda cifrada con mi historia clínica y solo pueden abrirla las personas de la clínica que la necesitan.',
        'Veo en la pantalla cuándo se graba. Puedo detenerla en cualquier momento retirando este consentimiento, y la visita sigue.',
        'Si digo que no, no se graba nada y mi atención es la misma.',
      ],
    },
    'captions-2026-11': {
      title: 'Subtítulos',
      short: 'Lo que se dice puede convertirse en texto durante la visita, para poder leerlo.',
      long: [
        'Lo hace un programa en el servidor propio de la clínica. El sonido no va a ninguna otra empresa.',
        'El texto es una ayuda para leer y puede tener errores. No se guarda, salvo que yo también haya aceptado la grabación.',
        'Si digo que no, no hay subtítulos y mi atención es la misma.',
      ],
    },
  },
};

export default es;
