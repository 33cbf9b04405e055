/** La comprobación de una red. */
import type { Translation } from '../catalogue';
import type en from '../en/ways';

const es: Translation<typeof en> = {
  title: 'Comprobación de la red',
  running: 'Comprobando esta red…',
  runningText: 'Tarda medio minuto como mucho. No se usan ni la cámara ni el micrófono.',
  good: 'El sonido y la imagen pasan',
  goodText: 'Las visitas funcionan desde aquí.',
  slower: 'El sonido y la imagen pasan, pero no por el mejor camino',
  slowerText: 'Las visitas funcionan desde aquí. En una red con mucho tráfico, el sonido y la imagen pueden cortarse.',
  blocked: 'El sonido y la imagen están bloqueados aquí',
  blockedText: 'Una visita desde esta red quedaría sin sonido y sin imagen. Use otra red, como los datos móviles, o pida que se abra el camino.',
  shut: 'Desde aquí no se puede entrar en las visitas',
  shutText: 'Las páginas pasan, pero no la conexión que necesita una visita. Use otra red, o pida que se abra el camino.',
  again: 'Comprobar otra vez',
  names: {
    websocket: 'Señalización (WebSocket)',
    udp: 'Directo, UDP',
    tcp: 'Directo, TCP',
    turn_udp: 'Por relé, UDP',
    turn_tcp: 'Por relé, TCP',
    turn_tls: 'Por relé, TLS',
  },
  uses: {
    websocket: 'Entrar en la visita, mensajes',
    udp: 'El mejor camino para sonido e imagen',
    tcp: 'Cuando UDP está bloqueado',
    turn_udp: 'Cuando el camino directo está bloqueado',
    turn_tcp: 'Cuando UDP también está bloqueado',
    turn_tls: 'Cuando solo pasan páginas web',
  },
  states: {
    waiting: 'en espera',
    running: 'comprobando',
    works: (ms) => `funciona, ${ms} ms`,
    blocked: 'bloqueado',
    not_offered: 'no se ofrece',
  },
  by: {
    network: 'Lo bloquea un cortafuegos de esta red.',
    browser: 'Lo bloquea este navegador o una de sus extensiones. Desactive los bloqueadores para esta página, o use otro navegador.',
    unclear: 'Lo bloquea un cortafuegos: el de esta red o el que está delante del servidor. Nadie ha llegado por aquí desde que arrancó el servidor.',
  },
  rulesTitle: 'Para quien se ocupa de esta red',
  rule: (protocol, place) => `Permitir ${protocol} saliente hacia ${place}`,
  place: (host, ports) => `${host} puerto ${ports}`,
  copy: 'Copiar las líneas',
  copied: 'Copiado.',
  copyFailed: 'Mantenga pulsado el texto y elija «Copiar».',
  refusedTitle: 'Este enlace ha caducado',
  refused: 'Un enlace para comprobar la red vale doce horas. Pida uno nuevo a quien se lo envió.',
  noKeyTitle: 'Use el enlace completo, por favor',
  noKey: 'La comprobación empieza con el enlace que hizo para ello el servicio informático de la clínica.',
  offlineTitle: 'Sin conexión',
  offline: 'No se puede llegar al servidor. Mire si este dispositivo tiene internet y compruebe otra vez.',
  busyTitle: 'Demasiadas comprobaciones a la vez',
  busy: 'Espere medio minuto y compruebe otra vez.',
};

export default es;
