/** What is said about the quality of a call, in Spanish. */
import { pluralsOf, type Translation } from '../../i18n';
import type { ClinicMessages } from './en';

const count = pluralsOf('es');
const minutes = (n: number) => count(n, { one: '# minuto', other: '# minutos' });
const NUMBERS = new Intl.NumberFormat('es', { maximumFractionDigits: 1 });

/** During the call. */
export const quality: Translation<ClinicMessages['quality']> = {
  unknown: (name) => `Se está midiendo la conexión de ${name}.`,
  good: (name) => `La conexión de ${name} es buena.`,
  lost: (name) => `Se perdió la conexión de ${name}. El lugar se guarda.`,
  fair: (name) => `La conexión de ${name} es inestable.`,
  figure: {
    percent: (n) => `${n}\u00a0%`,
    ms: (n) => (n < 1000 ? `${n}\u00a0ms` : `${String(Math.round(n / 100) / 10).replace('.', ',')}\u00a0s`),
    kbps: (n) => `${n}\u00a0kbit/s`,
    fps: (n) => `${n} por segundo`,
  },
  said: {
    measuring: (name) => `Se está midiendo la conexión de ${name}.`,
    good: (name) => `La conexión de ${name} es buena.`,
    unsteady: (name) => `La llamada con ${name} va mal y las cifras no dicen por qué.`,
    mic_absent: (name) => `El micrófono de ${name} no da sonido.`,
    mic_muted: (name) => `El micrófono de ${name} está apagado.`,
    camera_absent: (name) => `La cámara de ${name} se ha parado.`,
    camera_slow: (name, n) => `La cámara de ${name} da pocas imágenes${n && ` (${n})`}.`,
    sender_cpu: (name) => `El dispositivo de ${name} es demasiado lento para enviar una buena imagen.`,
    uplink_silent: (name) => `No llega nada de ${name}.`,
    uplink_loss: (name, n) => `Se pierde una parte de lo que envía ${name}${n && ` (${n})`}.`,
    uplink_jitter: (name) => `Lo que envía ${name} llega de forma irregular.`,
    uplink_rate: (name, n) => `${name} puede enviar muy poco para una buena imagen${n && ` (${n})`}.`,
    uplink_delay: (name, n) => `Lo que dice ${name} tarda en llegar${n && ` (${n})`}.`,
    server_lag: () => 'El servidor de la clínica está sobrecargado.',
    downlink_silent: (name) => `A ${name} no le llega nada.`,
    downlink_loss: (name, n) => `Se pierde una parte de lo que recibe ${name}${n && ` (${n})`}.`,
    downlink_jitter: (name) => `Lo que recibe ${name} llega de forma irregular.`,
    downlink_rate: (name, n) => `${name} puede recibir muy poco para todas las imágenes${n && ` (${n})`}.`,
    downlink_delay: (name, n) => `Lo que usted dice tarda en llegar a ${name}${n && ` (${n})`}.`,
    receiver_cpu: (name) => `El dispositivo de ${name} es demasiado lento para mostrar la imagen.`,
    receiver_playout: (name) => `El dispositivo de ${name} no reproduce el sonido a tiempo.`,
  },
  step: {
    measuring: 'Espere un momento.',
    good: 'No hay que hacer nada.',
    unsteady: 'Pregunte qué oye y qué ve. Si sigue así, continúen sin imágenes.',
    mic_absent: 'Pídale que elija otro micrófono en el menú de dispositivos.',
    mic_muted: 'Pídale que lo encienda.',
    camera_absent: 'Pídale que cierre otros programas que usen la cámara.',
    camera_slow: 'Pídale que encienda una luz.',
    sender_cpu: 'Pídale que cierre otros programas.',
    uplink_silent: 'Espere un momento: su página prueba otros caminos por sí sola.',
    uplink_loss: 'Pídale que se acerque al router o que use un cable.',
    uplink_jitter: 'Pídale que pare otros vídeos y descargas en casa.',
    uplink_rate: 'Primero va el sonido. Si empeora, pídale que apague la cámara.',
    uplink_delay: 'Déjense tiempo para responder. Pídale que apague la VPN.',
    server_lag: 'Avise a su departamento de informática. Sin imágenes mejora el sonido.',
    downlink_silent: 'Espere un momento: su página prueba otros caminos por sí sola.',
    downlink_loss: 'Pídale que se acerque al router o que use un cable.',
    downlink_jitter: 'Pídale que pare otros vídeos y descargas en casa.',
    downlink_rate: 'Primero va el sonido. Si empeora, pídale que oculte las imágenes.',
    downlink_delay: 'Déjense tiempo para responder. Pídale que apague la VPN.',
    receiver_cpu: 'Pídale que cierre otros programas.',
    receiver_playout: 'Pídale que cierre otros programas o que reinicie el navegador.',
  },
};

/** After it. */
export const callQuality: Translation<ClinicMessages['callQuality']> = {
  open: 'Cómo fue la llamada',
  title: (name) => `Cómo fue la llamada: ${name}`,
  loading: 'Leyendo las mediciones…',
  empty: 'En esta visita no se midió nada. Las mediciones empiezan cuando hay dos personas en la llamada.',
  fine: 'Nada frenó a esta persona.',
  blame: {
    device: (name, n) => `Durante unos ${minutes(n)} el dispositivo de ${name} no dio abasto.`,
    connection: (name, n) => `Durante unos ${minutes(n)} la conexión de ${name} fue mala.`,
    server: (_name, n) => `Durante unos ${minutes(n)} el servidor de la clínica estuvo sobrecargado.`,
  },
  path: {
    p2p: 'Directo de navegador a navegador',
    sfu: 'Por el servidor de la clínica',
    sfu_tcp: 'Por el servidor de la clínica con TCP, porque su red bloquea UDP',
    turn_udp: 'Por un relé',
    turn_tcp: 'Por un relé con TCP, porque su red bloquea UDP',
    turn_tls: 'Por un relé con TLS, porque su red bloquea todo lo demás',
    unknown: 'Por un camino que el navegador no dijo',
  },
  score: 'Cómo se le oyó, de 1 a 4,5',
  scoreNames: ['Sonido'],
  loss: 'Perdido, en porcentaje: al enviar (línea), al recibir (rayas)',
  lossNames: ['Al enviar', 'Al recibir'],
  rtt: 'Ida y vuelta al servidor, en milisegundos',
  rttNames: ['Ida y vuelta'],
  asTable: 'Lo mismo como tabla',
  tableOf: (name) => `Mediciones de ${name}, lo peor de cada minuto`,
  columns: ['Desde', 'Sonido (1–4,5)', 'Perdido al enviar (%)', 'Perdido al recibir (%)', 'Ida y vuelta (ms)'],
  number: (n) => NUMBERS.format(n),
};
