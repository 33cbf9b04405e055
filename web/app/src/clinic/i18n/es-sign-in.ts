/** The clinic's words about passkeys, in Spanish. */
import { pluralsOf } from '../../i18n';

const count = pluralsOf('es');

export const passkeys = {
  signIn: 'Entrar con una llave de acceso',
  secondLead: 'Su dispositivo le pide la huella, la cara, su PIN o la llave de seguridad.',
  use: 'Usar su llave de acceso',
  useInstead: 'Usar una llave de acceso',
  insteadLead: '¿No tiene aplicación de autenticación? Su dispositivo o una llave de seguridad también sirven como segundo paso.',
  instead: 'Configurar una llave de acceso',
  firstName: 'Mi llave de acceso',
  alsoOut: 'Salir también de la cuenta de la clínica',
  title: 'Segundo paso',
  lead: 'Lo que usted muestra después de la contraseña.',
  loading: 'Cargando sus llaves de acceso…',
  app: 'Aplicación de autenticación',
  appOn: 'Configurada',
  appOff: 'Sin configurar',
  none: 'Todavía no hay ninguna llave de acceso.',
  added: (day: string) => `Añadida el ${day}`,
  used: (day: string) => `usada por última vez el ${day}`,
  neverUsed: 'aún sin usar',
  name: 'Nombre de la nueva llave de acceso',
  nameHint: 'Para reconocerla: «Portátil del trabajo», «Llave azul».',
  nameMissing: 'Póngale un nombre.',
  add: 'Añadir una llave de acceso',
  addedToast: 'La llave de acceso está añadida.',
  full: (n: number) => count(n, { one: 'Tiene una llave de acceso; no puede haber más.', other: 'Tiene # llaves de acceso; no puede haber más.' }),
  notHere: 'Las llaves de acceso funcionan en la dirección propia de la clínica, con un navegador que las conozca.',
  remove: 'Quitar',
  removeName: (name: string) => `Quitar ${name}`,
  removeTitle: (name: string) => `¿Quitar ${name}?`,
  removeBody: 'Ya no servirá para entrar. Quítela también de su dispositivo.',
  removed: 'La llave de acceso está quitada.',
  codesTitle: 'Guarde sus códigos de recuperación',
};
