/** The words about restricted visits and emergency access, in Spanish. */
import { EMERGENCY_MIN, MAX_NOTE_CHARS, MIN_REASON_CHARS } from '@bedside/client/protocol';
import { pluralsOf, type Translation } from '../../i18n';
import type { places as englishPlaces, restricted as english } from './en-restricted';

const count = pluralsOf('es');
const span = count(EMERGENCY_MIN, { one: '# minuto', other: '# minutos' });

export const restricted: Translation<typeof english> = {
  choose: 'Delicada: solo usted y las personas que invite ven con quién es',
  chooseFor: 'Delicada: solo el profesional y las personas que invite ven con quién es',
  chooseHint: 'Los demás ven una visita restringida sin nombre. En una emergencia pueden abrirla, y eso se revisa.',
  mark: 'Restringida',
  name: 'Visita restringida',
  open: 'Abrir por emergencia',
  openNamed: (host) => `Abrir por emergencia: visita restringida con ${host}`,
  title: (host) => `¿Abrir la visita restringida con ${host}?`,
  titleUnknown: '¿Abrir esta visita restringida?',
  lead: 'Solo cuando la atención de alguien depende de ello ahora.',
  facts: [
    `Usted ve con quién es y puede entrar, durante ${span}.`,
    'Su nombre, la hora y su motivo quedan guardados.',
    'Se avisa enseguida a un responsable de la clínica, que lo revisa.',
  ],
  reason: '¿Por qué la necesita?',
  reasonHint: `Con sus propias palabras, al menos ${MIN_REASON_CHARS} caracteres.`,
  reasonFault: {
    short: `Diga por qué, con al menos ${MIN_REASON_CHARS} caracteres.`,
    long: `Demasiado largo: como máximo ${MAX_NOTE_CHARS} caracteres.`,
  },
  submit: `Abrir durante ${span}`,
  until: (time) => `Abierta por acceso de emergencia hasta las ${time}.`,
  already: 'Esta visita ya está abierta para usted.',
};

export const places: Translation<typeof englishPlaces> = {
  title: 'La clínica',
  home: 'Privacidad y seguridad',
  people: 'Personas',
  reviews: 'Revisiones',
  skip: 'Ir a la página',
  kept: 'Qué se guarda',
  log: 'Quién hizo qué',
  system: 'Sistema',
  whoLooked: '¿Quién miró esto?',
  toDo: (n) => count(n, { one: '1 por revisar', other: '# por revisar' }),
  unreachable: 'No se pudo cargar esta página.',
};
