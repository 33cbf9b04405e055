/** Spanish: the first pages of a patient. */
import type { Translation } from '../catalogue';
import type en from '../en/hello';
import { pluralsOf } from '../format';

const count = pluralsOf('es');

const es: Translation<typeof en> = {
  title: 'Visita por video',
  light: 'Página clara',
  dark: 'Página oscura',
  close: 'Cerrar',
  loading: 'Un momento…',
  step: (step, of) => `Paso ${step} de ${of}`,
  help: '¿Necesita ayuda? Llame a su clínica.',
  helpPhone: '¿Necesita ayuda? Llame a su clínica:',
  helpShort: 'Ayuda:',
  call: (phone) => `Llamar al ${phone}`,
  tryAgain: 'Probar otra vez',

  hello: {
    title: 'Su visita por video',
    with: 'Con',
    at: 'Cuándo',
    today: (time) => `Hoy, ${time}`,
    clinic: 'Clínica',
    start: 'Empezar',
    next: 'Ahora probamos su cámara y el sonido. Tarda más o menos un minuto.',
    elsewhere: 'Esta visita está abierta en otro dispositivo. Si empieza aquí, allí se cierra.',
    guest: {
      family: 'Le invitan a participar como familiar o cuidador.',
      interpreter: 'Le invitan a participar como intérprete.',
    },
    private: 'La llamada está cifrada. Nadie entra sin que la clínica lo permita.',
  },

  birth: {
    title: '¿Cuándo nació usted?',
    titleGuest: '¿Cuándo nació el paciente?',
    why: 'La clínica lo pregunta para que solo la persona correcta pueda abrir la visita.',
    day: 'Día',
    month: 'Mes',
    year: 'Año',
    go: 'Continuar',
    incomplete: 'Escriba el día, el mes y el año.',
    wrong: 'No coincide con los datos de la clínica. Revise cada número.',
    tries: (left) => count(left, { one: 'Puede probar # vez más.', other: 'Puede probar # veces más.' }),
  },

  fault: {
    deadTitle: 'Este enlace no abre ninguna visita',
    dead: 'Puede ser demasiado antiguo, o la clínica le envió otro más nuevo. Busque el mensaje más reciente de su clínica o llame para pedir un enlace nuevo.',
    replacedTitle: 'Su clínica le envió un enlace nuevo',
    replaced: 'Este enlace ya no funciona. Abra el mensaje más reciente de su clínica y pulse el enlace que contiene.',
    noLinkTitle: 'Use el enlace de su clínica',
    noLink: 'Abra el mensaje de su clínica y pulse el enlace. Esta página sola no conoce su visita.',
    lockedTitle: 'Demasiados intentos',
    locked: (minutes) =>
      count(minutes, {
        one: 'Espere # minuto y abra otra vez su enlace. O llame a su clínica.',
        other: 'Espere # minutos y abra otra vez su enlace. O llame a su clínica.',
      }),
    overTitle: 'Esta visita ha terminado',
    over: 'Si todavía necesita hablar con alguien, llame a su clínica.',
    offlineTitle: 'Sin conexión',
    offline: 'No podemos comunicarnos con la clínica. Compruebe que este dispositivo tiene internet. La página lo intenta de nuevo por sí sola.',
    otherTitle: 'No ha funcionado',
    other: 'Algo ha fallado de nuestro lado. Pruebe otra vez. Si sigue igual, llame a su clínica.',
    fullTitle: 'Esta visita está completa',
    full: 'Alguien tiene que salir antes de que usted pueda entrar. Espere un momento y pruebe otra vez.',
    updateTitle: 'Esta página no está al día',
    update: 'Vuelva a cargar la página. Su enlace sigue funcionando.',
    reload: 'Cargar de nuevo',
  },

  unsupported: {
    browserTitle: 'Este navegador no sirve para visitas por video',
    browser: 'Abra su enlace en un navegador más nuevo: Safari en iPhone, iPad y Mac; Chrome, Edge o Firefox en los demás.',
    copy: 'Copiar el enlace',
    copied: 'Copiado. Ahora abra el otro navegador y péguelo.',
    copyFailed: 'Mantenga pulsado el enlace de abajo y elija «Copiar».',
  },
};

export default es;
