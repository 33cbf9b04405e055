/** The words of the page about the server, in Spanish. */
import type { Translation } from '../catalogue';
import type { SystemMessages } from '../en/system';
import { pluralsOf } from '../format';

const count = pluralsOf('es');

const system: Translation<SystemMessages> = {
  lead: 'Cómo está el servidor que guarda los datos de la clínica. Donde algo va mal, dice qué debe hacer informática.',
  again: 'Mirar otra vez',
  lookedAt: (moment) => `Estado del ${moment}`,
  allWell: 'Todo está bien.',
  toDo: (n) => count(n, { one: 'Una cosa necesita a alguien. Está marcada abajo.', other: '# cosas necesitan a alguien. Están marcadas abajo.' }),
  inShort: (n) => count(n, { zero: 'Todo está bien', one: 'Una cosa necesita a alguien', other: '# cosas necesitan a alguien' }),
  next: 'Qué hacer',
  copy: 'Copiar la orden',
  copyNamed: (what) => `Copiar la orden: ${what}`,
  notBelievedTitle: 'Constancias que este servidor no firmó',
  notBelieved: 'Aquí no valen nada. Averigüe quién las puso en el servidor.',
  evidence: { backup: 'de la última copia de seguridad', drill: 'de la última prueba de una copia', report: 'del último informe' },

  log: {
    title: 'El registro de quién hizo qué',
    states: {
      signed: 'Firmado',
      not_yet: 'Sin firmar desde el arranque',
      passing: 'Ahora mismo sin firmar',
      stopped: 'Ya no se firma',
      witness_wrong: 'Un testigo lo contradice',
      witness_away: 'Falta un testigo',
    },
    entries: (n) => count(n, { one: '1 anotación está firmada', other: '# anotaciones están firmadas' }),
    signedAt: (ago) => `Última firma: ${ago}`,
    waiting: (n) => count(n, { one: '1 anotación está en camino', other: '# anotaciones están en camino' }),
    since: (moment) => `Desde el ${moment}. Las anotaciones se siguen guardando.`,
    trouble: {
      passing: 'La base de datos o el disco no responde. El servidor lo intenta otra vez por sí mismo.',
      shorter: 'La base de datos es más antigua que el registro. Se restauró de una copia.',
      witness_ahead: 'Un testigo ha visto más anotaciones de las que hay aquí. Los datos se restauraron de una copia más antigua.',
      forked: 'Las anotaciones no son las que se firmaron. Alguien las cambió.',
      other_key: 'La clave que firma no es la de antes.',
      damaged: 'Hay anotaciones o archivos del registro dañados.',
    },
    step: {
      passing: 'Si dura más de unos minutos, llame a informática.',
      shorter: 'Pare el servidor y devuelva las anotaciones que faltan:',
      witness_ahead: 'Pare el servidor y devuelva las anotaciones que faltan:',
      forked: 'No cambie nada. Guarde la base de datos y los archivos como están, y averigüe quién los cambió.',
      other_key: 'Ponga de nuevo el archivo audit.key anterior y arranque el servidor.',
      damaged: 'Averigüe cuáles:',
    },
    witnesses: 'Testigos',
    noWitness: 'Nadie de fuera responde todavía por el registro. Con un testigo en otra casa, nadie aquí podría reescribirlo sin que se note.',
    standing: {
      not_asked: 'Aún sin preguntar',
      signed: 'Firmó',
      away: 'No se alcanza',
      refused: 'Se niega',
      ahead: 'Ha visto más anotaciones',
      forked: 'Ha visto otras anotaciones',
    },
    witnessAt: (entries, ago) => `${entries} anotaciones, ${ago}`,
    witnessStep: {
      away: 'Pregunte a quienes llevan el testigo si está en marcha. El registro sigue mientras tanto.',
      refused: 'Compare su dirección y su clave con los ajustes.',
      ahead: 'Pare el servidor y devuelva las anotaciones que faltan:',
      forked: 'No cambie nada. Guarde la base de datos y los archivos como están, y averigüe quién los cambió.',
    },
    read: 'Leer el registro',
  },

  keys: {
    title: 'Claves de los datos',
    states: { working: 'Funcionan', rotating: 'Un cambio no ha terminado', broken: 'No funcionan' },
    provider: { file: 'Guardadas en un archivo junto a la base de datos', pkcs11: 'Guardadas en un dispositivo de seguridad', vault: 'Guardadas por un servicio de claves (Vault u OpenBao)', 'aws-kms': 'Guardadas por un servicio de claves (AWS KMS)' },
    otherProvider: (name) => `Guardadas por ${name}`,
    current: (version) => `Los datos nuevos se cierran con la versión ${version}`,
    chart: 'Cuánto cierra cada versión',
    version: (version) => `Versión ${version}`,
    older: 'Otro guardián de claves',
    newest: 'la más nueva',
    locks: (n) => count(n, { zero: 'nada', one: '1 clave de datos', other: '# claves de datos' }),
    left: (n) => count(n, { one: '1 clave de datos sigue bajo una versión anterior.', other: '# claves de datos siguen bajo una versión anterior.' }),
    leftStep: 'Si nadie está cambiando claves ahora mismo, termínelo:',
    code: (code) => `Lo que dice el guardián: ${code}`,
    brokenStep: 'No se pueden crear visitas hasta que funcionen. Pregunte al guardián de las claves:',
  },

  backup: {
    title: 'Copias de seguridad',
    states: { in_order: 'En orden', none: 'No se conoce ninguna', late: 'Demasiado antigua', drill_late: 'Sin probar últimamente' },
    newest: (ago) => `La última se hizo ${ago}`,
    size: (rows, bytes) => `${rows} filas, ${bytes}`,
    drill: (ago, took) => `Recuperada de prueba ${ago}, en ${took}`,
    noDrill: 'Todavía no se ha recuperado ninguna de prueba',
    step: {
      none: 'Haga una, y después una cada día:',
      late: 'Haga una, y averigüe por qué no se hizo ninguna:',
      drill_late: 'Recupere la última de prueba, en un equipo con las claves:',
    },
  },

  report: {
    title: 'Informe de seguridad',
    states: { covered: 'No queda nada abierto', open: 'Queda algo abierto', none: 'Aún ninguno' },
    madeAt: (ago) => `Hecho ${ago}`,
    chart: 'Protecciones del informe',
    parts: {
      proved: 'Demostrado por el programa',
      attested: 'Con la palabra de alguien',
      not_applicable: 'No corresponde',
      open: 'Abierto',
    },
    step: {
      open: 'Haga el informe de nuevo, y lea en él qué queda abierto y cómo cerrarlo:',
      none: 'Haga el primero. Dice qué está demostrado y qué queda abierto:',
    },
  },

  storage: {
    title: 'Servidor y disco',
    states: { room: 'Hay sitio', little: 'Casi lleno', unknown: 'En marcha' },
    version: (version) => `Bedside, versión ${version}`,
    startedAt: (ago) => `Arrancó ${ago}`,
    databaseSize: (name, bytes) => `Base de datos: ${name}, ${bytes}`,
    databaseOnly: (name) => `Base de datos: ${name}`,
    free: (bytes) => `${bytes} libres`,
    step: 'Haga sitio pronto: un disco lleno para las visitas. Esto dice más:',
  },

  more: 'En otro lugar',
};

export default system;
